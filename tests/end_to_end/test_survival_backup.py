"""`hotline backup` under load, `hotline restore` into an empty folder, and the restored hotline at work."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from harness.crowd import Crowd, crowd_settings
from harness.stack import HotlineStack, run_hotline
from harness.traffic import ledger_has_all, traffic
from harness.waiting import until

OwnStack = Callable[[str], Awaitable[HotlineStack]]
FACTS = "SELECT * FROM fact WHERE position <= $1 ORDER BY position"
SETTINGS = "SELECT * FROM settings_version ORDER BY version"
KEPT = """SELECT body->>'segment' AS segment, body->>'path' AS path, body->>'sha256' AS sha256 FROM fact
WHERE kind = 'RecordingKept' AND position <= $1"""
ENDED = "SELECT body->>'segment' AS segment FROM fact WHERE kind = 'SegmentEnded' AND position <= $1"


@pytest.mark.long
@pytest.mark.parametrize("agents", [4, pytest.param(12, marks=pytest.mark.heavy)])
async def test_a_backup_under_load_restores_its_moment(
    own_stack: OwnStack, short_folder: Path, new_port_base: Callable[[], int], agents: int
) -> None:
    """Facts, settings and recordings are those of the moment; agents log in to the restored hotline."""
    stack = await own_stack(crowd_settings(agents))
    file, data = short_folder / f"backup{agents}.tar", short_folder / f"restored{agents}"
    async with Crowd(stack, agents=agents) as crowd:
        async with traffic(crowd, callers=agents) as counted:
            await until(lambda: counted.served >= 3 * agents, "the first calls", 60)
            status, said = await run_hotline("backup", str(file), "--data", str(stack.data), within_s=60)
            assert status == 0, said
            served = counted.served
            await until(lambda: counted.served >= served + 4, "calls after the backup", 60)
        await crowd.all_ended_once()
        await ledger_has_all(stack)
    status, said = await run_hotline("restore", str(file), "--data", str(data), within_s=60)
    assert status == 0, said
    position = int(re.search(r": (\d+) facts", said)[1])  # type: ignore[index]  # positions have no gaps
    async with HotlineStack(data, new_port_base(), crowd_settings(agents)) as restored:
        facts = await stack.sql(FACTS, position)
        assert facts == await restored.sql(FACTS, position)
        assert 0 < len(facts) == position < (await stack.sql("SELECT max(position) FROM fact"))[0]["max"]
        assert await stack.sql(SETTINGS) == await restored.sql(SETTINGS)
        assert settings_in(stack) == settings_in(restored)
        await check_recordings(stack, restored, position)
        async with Crowd(restored, agents=1) as crowd:
            [guest] = await crowd.conversations(1)
            await crowd.all_talk([guest])
            await crowd.agent_call(guest).hang_up()
            await crowd.all_ended_once()


def settings_in(stack: HotlineStack) -> bytes:
    """The snapshot that the services read."""
    return stack.deployment.settings_file.read_bytes()


async def check_recordings(stack: HotlineStack, restored: HotlineStack, position: int) -> None:
    """What was kept at the moment is the same file; what was spoken but not kept then is kept now."""
    kept: list[dict[str, Any]] = await restored.sql(KEPT, position)
    assert kept
    for row in kept:
        content = (restored.deployment.recordings / row["path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == row["sha256"]
        assert content == (stack.deployment.recordings / row["path"]).read_bytes()
    ended = {row["segment"] for row in await restored.sql(ENDED, position)}

    def kept_now() -> set[str]:
        facts = restored.journal("keeper")
        return {fact.body["segment"] for fact in facts} | {row["segment"] for row in kept}

    await until(lambda: ended <= kept_now(), lambda: f"recordings of {ended - kept_now()}", 60)
    print(
        f"{position} facts, {len(kept)} recordings kept then, {len(ended) - len(kept)} kept after the restore"
    )
