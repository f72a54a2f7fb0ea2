"""The demo's world: its configuration and its call files."""

import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from prometheus_client import CollectorRegistry
from stories import DAY_MS, agent_state

from acd.core.fact_codec import to_body
from acd.core.picture import Picture
from hotline.asterisk_install import AsteriskInstall
from hotline.core.settings_check import check_settings
from hotline.demo import world as demo_world
from hotline.demo.world import (
    BACK_AFTER_MS,
    Demo,
    DemoError,
    World,
    call_file,
    missed_a_call,
    write_world,
)
from hotline.deployment import Deployment
from hotline.secrets import Secrets
from hotline.settings_store import read_file
from hotline.supervisor.setup import default_settings_file

INSTALL = AsteriskInstall("22.1.0", ("asterisk",), Path("/modules"), Path("/share"), (), ())


@pytest.fixture
def world(tmp_path: Path) -> World:
    settings = check_settings(read_file(default_settings_file(demo=True)), file="demo.toml", version=1)
    deployment = Deployment(tmp_path)
    secrets = Secrets.load(deployment)
    secrets.make_missing(settings)
    service = SimpleNamespace(deployment=deployment, settings=settings, secrets=secrets)
    world = World(tmp_path / "demo", deployment.ports.postgres + 1)
    write_world(world, cast(Any, service), INSTALL)
    return world


def test_every_phone_of_the_settings_has_a_line_of_its_own(world: World) -> None:
    pjsip = (world.folder / "etc" / "pjsip.conf").read_text("utf-8")
    assert pjsip.count("type=registration") == 12 + 1
    assert "password=\n" not in pjsip


def test_whoever_the_trunk_calls_is_somebody_who_is_called_back(world: World) -> None:
    pjsip = (world.folder / "etc" / "pjsip.conf").read_text("utf-8")
    trunk = pjsip.partition("[trunk]\n")[2].partition("[phone-")[0]
    assert "context=called\n" in trunk and "line=yes\nendpoint=trunk\n" in trunk
    assert "[called]\n" in (world.folder / "etc" / "extensions.conf").read_text("utf-8")


def test_some_callers_ask_to_be_called_back_while_they_wait(tmp_path: Path) -> None:
    settings = check_settings(read_file(default_settings_file(demo=True)), file="demo.toml", version=1)
    assert settings.callbacks.trunk == "demo"
    assert {(queue.leave_key, queue.leave_to) for queue in settings.queues} == {("1", "callback")}
    service = SimpleNamespace(
        deployment=Deployment(tmp_path), settings=settings, registry=CollectorRegistry()
    )
    demo = Demo(cast(Any, service), INSTALL, seed=1)
    for folder in ("spool/new", "spool/outgoing"):
        (tmp_path / "demo" / folder).mkdir(parents=True)
    for _ in range(60):
        demo._call()
    files = [file.read_text("utf-8") for file in (tmp_path / "demo/spool/outgoing").iterdir()]
    keys = Counter(re.search(r"Setvar: CALLBACK_S=(.*)", text)[1] != "" for text in files)  # type: ignore[index]
    assert 15 < keys[True] < 45 and sum(keys.values()) == 60


def test_the_world_listens_on_loopback_only(world: World) -> None:
    pjsip = (world.folder / "etc" / "pjsip.conf").read_text("utf-8")
    assert [line for line in pjsip.splitlines() if line.startswith("bind")] == [
        f"bind=127.0.0.1:{world.sip_port}"
    ]


def test_files_with_passwords_are_the_owners_alone(world: World) -> None:
    assert {file.stat().st_mode & 0o777 for file in (world.folder / "etc").iterdir()} == {0o600}


def test_a_call_file() -> None:
    text = call_file("PJSIP/4001@trunk", "caller", "13800000000", {"SCORE": "5"})
    assert text.splitlines() == [
        "Channel: PJSIP/4001@trunk",
        "CallerID: <13800000000>",
        "MaxRetries: 0",
        "WaitTime: 300",
        "Context: world",
        "Extension: caller",
        "Priority: 1",
        "Setvar: SCORE=5",
    ]


def test_who_missed_a_call_comes_back_after_a_while() -> None:
    picture = Picture(lambda _: 0)
    late, soon = DAY_MS, DAY_MS + 1
    for at_ms, agent, state in (
        (late, "1001", "not_responding"),
        (soon, "1002", "not_responding"),
        (late, "1003", "ready"),
    ):
        picture.apply("AgentStateChanged", at_ms, to_body(agent_state(at_ms, agent, state)))
    assert missed_a_call(picture, late + BACK_AFTER_MS + 1) == ["1001"]
    assert missed_a_call(picture, soon + BACK_AFTER_MS + 1) == ["1001", "1002"]
    assert missed_a_call(None, late) == []


async def test_an_asterisk_that_does_not_come_up_is_told_in_the_operators_language(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOTLINE_LANG", "zh")
    monkeypatch.setattr(demo_world, "START_LIMIT_S", 0.05)
    service = SimpleNamespace(deployment=Deployment(tmp_path), registry=CollectorRegistry())
    demo = Demo(cast(Any, service), AsteriskInstall("22.1.0", ("false",), Path("/m"), Path("/s"), (), ()))
    with pytest.raises(DemoError, match=r"演示用的 Asterisk 在 0\.05 秒内没有启动；见 .*/demo/log"):
        await demo._wait_until_up()
