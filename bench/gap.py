"""From an agent's hang-up (BYE at the agent) to that agent's next ring (INVITE at the agent).

Callers are always waiting, both sides say something, every conversation is recorded.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from pathlib import Path

from bench.load import agents_at_work, callers, gaps_ms
from bench.measurement import measure, options
from bench.report import circumstances, percentile
from bench.stages import stage

WARM_UP_S = 5.0


async def run(arguments: argparse.Namespace, folder: Path) -> dict[str, object]:
    """One run; returns its result."""
    result = circumstances()
    async with (
        stage(
            arguments.engine, folder, agents=arguments.agents, recording=True, port_base=arguments.port_base
        ) as place,
        agents_at_work(place, seed=arguments.seed, talk_s=tuple(arguments.talk_s), tone_hz=1000) as phones,
        callers(
            place, folder / "callers", at_once=arguments.agents + arguments.waiting, per_s=50, tone_hz=440
        ),
    ):
        await asyncio.sleep(WARM_UP_S)
        since_us = time.time_ns() // 1000
        deadline = time.monotonic() + arguments.limit_s
        gaps: list[float] = []
        while len(gaps) < arguments.gaps and time.monotonic() < deadline:
            await asyncio.sleep(0.5)
            gaps = [gap for phone in phones for gap in gaps_ms(phone, since_us=since_us)]
    if not gaps:
        raise SystemExit("no agent was rung twice")
    return {
        "what": "gap",
        "engine": arguments.engine,
        "agents": arguments.agents,
        "waiting": arguments.waiting,
        "talk_s": arguments.talk_s,
        "seed": arguments.seed,
        "gaps": len(gaps),
        "median_ms": round(statistics.median(gaps), 2),
        "p95_ms": round(percentile(gaps, 0.95), 2),
        "p99_ms": round(percentile(gaps, 0.99), 2),
        "longest_ms": round(max(gaps), 2),
        **result,
    }


def main() -> None:
    """Command line."""
    parser = options("gap", __doc__, limit_s=300)
    parser.add_argument("--waiting", type=int, default=20, help="callers always waiting")
    parser.add_argument("--gaps", type=int, default=1000, help="so many gaps at least")
    measure(run, parser.parse_args())


if __name__ == "__main__":
    main()
