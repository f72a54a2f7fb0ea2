"""A running site, with and without acd beside it."""

from collections.abc import AsyncIterator

import pytest
from fake_acd import FakeAcd
from running_site import RunningSite, running_site


@pytest.fixture
async def site() -> AsyncIterator[RunningSite]:
    async with running_site() as running:
        yield running


@pytest.fixture
async def acd(site: RunningSite) -> AsyncIterator[FakeAcd]:
    fake = FakeAcd(site.deployment.socket("acd"), site.service.settings)
    await fake.start()
    yield fake
    await fake.stop()
