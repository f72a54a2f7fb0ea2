"""The hotline under test, as seen from outside: processes by /proc, metrics and picture over its sockets."""

import json
import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from hotline.asterisk_install import AsteriskInstall
from hotline.soak.site import Site, SiteError
from hotline.supervisor.processes import own_process_id, write_pid_file

INSTALL = AsteriskInstall("22.10.1", ("asterisk",), Path("/m"), Path("/s"), (), ())
LONG_PICTURE = {"open": {"agents": {str(number): {"state": "ready"} for number in range(20_000)}}}


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    """A site whose acd is a small server; in a folder with a short path, for its socket."""
    with tempfile.TemporaryDirectory(prefix="hl") as folder:
        site = Site(Path(folder), 20000, INSTALL, {})
        site.deployment.make_folders()
        acd = web.Application()
        acd.router.add_get("/stream", _stream)
        acd.router.add_get("/metrics", _metrics)
        runner = web.AppRunner(acd)
        await runner.setup()
        await web.UnixSite(runner, str(site.deployment.socket("acd"))).start()
        yield site
        await runner.cleanup()


async def _stream(_request: web.Request) -> web.Response:
    return web.Response(text=json.dumps({"picture": LONG_PICTURE}) + '\n{"beat": 1}\n')


async def _metrics(_request: web.Request) -> web.Response:
    return web.Response(
        text='# TYPE sessions gauge\nsessions{handler="queue"} 2\nsessions{handler="desk"} 1\n'
    )


async def test_a_process_is_measured_and_one_that_is_away_is_not(site: Site) -> None:
    write_pid_file(site.deployment.pid_file("acd"), own_process_id())
    sizes = await site.sizes("acd")
    assert sizes is not None
    assert sizes.resident_bytes > 1_000_000
    assert 3 <= sizes.descriptors <= len(os.listdir("/proc/self/fd")) + 5
    assert await site.sizes("ivr") is None


async def test_metrics_are_summed_over_their_labels(site: Site) -> None:
    assert await site.metrics("acd") == {"sessions": 3.0}


async def test_a_picture_of_any_length_is_read(site: Site) -> None:
    assert await site.picture() == LONG_PICTURE


async def test_a_service_that_is_away_is_an_error_that_names_it(site: Site) -> None:
    with pytest.raises(SiteError, match="metrics of ivr"):
        await site.metrics("ivr")
    with pytest.raises(SiteError, match="ivr does not run"):
        await site.kill("ivr")


async def test_restarts_are_those_that_the_supervisor_noted(site: Site) -> None:
    note = {"acd": {"state": "running", "restarts": 2}, "ivr": {"state": "running", "restarts": 0}}
    (site.deployment.run / "supervisor.json").write_text(json.dumps(note), "utf-8")
    assert site.restarts() == {"acd": 2, "ivr": 0}
