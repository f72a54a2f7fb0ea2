"""A hotline for tests that start a whole one."""

import signal
from collections.abc import Iterator

import pytest
from harness.ports import WHOLE_START_BASE
from started_hotline import Hotline


@pytest.fixture
def hotline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hotline]:
    hotline = Hotline(tmp_path_factory.mktemp("hl") / "data", WHOLE_START_BASE)
    environment = pytest.MonkeyPatch()
    environment.delenv("DATABASE_URL", raising=False)
    yield hotline
    environment.undo()
    if hotline.supervisor and hotline.supervisor.poll() is None:
        hotline.end(signal.SIGTERM)
    hotline.run("down")
