"""One hotline for all end-to-end tests; each test has a lane of its own in it (see harness/lanes.py).

Ports: see harness/ports.py. A test that kills what others need makes its own stack with `own_stack`.
"""

import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from itertools import count, cycle
from pathlib import Path

import pytest
import pytest_asyncio
from harness.lanes import LANES, Lane, lane_settings
from harness.ports import OWN_STACKS, PORT_BASE
from harness.stack import HotlineStack

_lanes = count()
_own_stacks = count()
_bases = cycle(OWN_STACKS)  # a hotline of its own ends with its test


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """A folder with a short path: Unix sockets are made below it."""
    folder = Path(tempfile.mkdtemp(prefix="hl"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def new_port_base() -> Callable[[], int]:
    """Gives port bases that no other hotline of this test uses."""
    return lambda: next(_bases)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stack(short_folder: Path) -> AsyncIterator[HotlineStack]:
    """The shared hotline; at the end it must leave no channel and no process."""
    async with HotlineStack(short_folder / "shared", PORT_BASE, lane_settings()) as running:
        yield running
        assert await running.channels() == 0


def _next_lane() -> Lane:
    index = next(_lanes)
    assert index < LANES, f"more tests than lanes: raise LANES = {LANES} in harness/lanes.py"
    return Lane(index)


@pytest.fixture
def lane() -> Lane:
    """A lane that no other test uses."""
    return _next_lane()


@pytest.fixture
def other_lane() -> Lane:
    """One more, whose queue calls are sent to."""
    return _next_lane()


@pytest_asyncio.fixture
async def own_stack(short_folder: Path) -> AsyncIterator[Callable[[str], Awaitable[HotlineStack]]]:
    """Starts a hotline for this test alone, from settings (TOML); it ends with the test."""
    async with AsyncExitStack() as ends:

        async def start(settings: str) -> HotlineStack:
            folder = short_folder / f"own{next(_own_stacks)}"
            return await ends.enter_async_context(HotlineStack(folder, next(_bases), settings))

        yield start
