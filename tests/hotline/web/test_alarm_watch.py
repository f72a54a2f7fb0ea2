"""Alarms from real sockets: what acd's metrics say is known with its beginning, and over when they say so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest
from fake_acd import FakeAcd
from running_site import RunningSite

from hotline.core.alarms import Alarm
from hotline.web.alarm_watch import AlarmWatch
from hotline.web.services import Services


async def test_an_alarm_keeps_its_beginning_and_ends(site: RunningSite, acd: FakeAcd) -> None:
    now_ms = 1_000
    services = Services(site.deployment)
    watch = AlarmWatch(services, lambda: now_ms)
    down = Alarm("trunk_down", "carrier")
    acd.metrics = 'hotline_trunk_up{trunk="carrier"} 0.0\n'
    await watch.look()
    assert watch.alarms[down] == 1_000
    now_ms = 9_000
    await watch.look()
    assert watch.alarms[down] == 1_000
    acd.metrics = 'hotline_trunk_up{trunk="carrier"} 1.0\n'
    await watch.look()
    assert down not in watch.alarms
    assert Alarm("service", "ivr") in watch.alarms  # nobody listens there
    await services.close()


async def test_a_look_that_fails_does_not_end_the_watch(
    site: RunningSite, acd: FakeAcd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.web.alarm_watch.LOOK_EVERY_S", 0.01)
    services = Services(site.deployment)
    watch = AlarmWatch(services, lambda: 1)
    honest, failures = services.metrics, 0

    async def metrics(samples: Iterable[str]) -> dict[str, str | None]:
        nonlocal failures
        failures += 1
        if failures < 3:
            raise ValueError("no figures")
        return await honest(samples)

    monkeypatch.setattr(services, "metrics", metrics)
    watch.start()
    async with asyncio.timeout(10):
        while not watch.alarms:  # noqa: ASYNC110 - for tests only
            await asyncio.sleep(0.01)
    await watch.close()
    await services.close()
    assert failures >= 3
