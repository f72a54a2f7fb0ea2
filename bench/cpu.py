"""Processor time per call, queue stage only: no recording, no whisper; nobody says anything unless told to.

Without a backlog calls come at a steady pace and find a free agent. With one, so many callers always wait and
hear music, which costs by itself; it is the same for both engines.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from pathlib import Path

from bench.counters import Counter
from bench.load import agents_at_work, answered, callers
from bench.measurement import measure, options
from bench.processor_time import family_used_s
from bench.report import circumstances
from bench.stages import stage

SETTLE_S = 5.0


async def run(arguments: argparse.Namespace, folder: Path) -> dict[str, object]:
    """One run; returns its result."""
    result = circumstances()
    # Without a backlog, half of the agents are busy on average: pace x mean talk = agents / 2.
    per_s = 25.0 if arguments.backlog else arguments.agents / sum(arguments.talk_s)
    caller_hz, agent_hz = (440, 1000) if arguments.sound else (None, None)
    at_once = arguments.agents + arguments.backlog if arguments.backlog else 10 * arguments.agents
    async with (
        stage(
            arguments.engine, folder, agents=arguments.agents, recording=False, port_base=arguments.port_base
        ) as place,
        agents_at_work(
            place, seed=arguments.seed, talk_s=tuple(arguments.talk_s), tone_hz=agent_hz
        ) as phones,
        callers(place, folder / "callers", at_once=at_once, per_s=per_s, tone_hz=caller_hz),
    ):
        # Long talks must be under way at both ends of what is measured.
        await asyncio.sleep(SETTLE_S + sum(arguments.talk_s) + arguments.backlog / per_s)
        counter = Counter(place.processes, folder)
        await counter.start()
        before = {name: family_used_s(pid) for name, pid in place.processes.items()}
        calls_before, began_s = answered(phones), time.monotonic()
        while answered(phones) - calls_before < arguments.calls:
            if time.monotonic() - began_s > arguments.limit_s:
                break
            await asyncio.sleep(0.2)
        calls, lasted_s = answered(phones) - calls_before, time.monotonic() - began_s
        after = {name: family_used_s(pid) for name, pid in place.processes.items()}
        counts = await counter.stop()
    if not calls:
        raise SystemExit("no call was answered")
    per_call_ms = {name: round(1000 * (after[name] - before[name]) / calls, 2) for name in before}
    return {
        "what": "cpu",
        "engine": arguments.engine,
        "agents": arguments.agents,
        "backlog": arguments.backlog,
        "talk_s": arguments.talk_s,
        "sound": arguments.sound,
        "seed": arguments.seed,
        "calls": calls,
        "calls_per_s": round(calls / lasted_s, 1),
        "per_call_ms": per_call_ms,
        "asterisk_and_acd_ms": round(per_call_ms["asterisk"] + per_call_ms.get("acd", 0.0), 2),
        **{
            f"million_{what}_per_call": {
                name: round(count / calls / 1e6, 2) for name, count in by_name.items()
            }
            for what, by_name in counts.items()
        },
        **result,
    }


def main() -> None:
    """Command line."""
    parser = options("cpu", __doc__, limit_s=120)
    parser.add_argument("--backlog", type=int, default=0, help="callers always waiting; 0 or 200")
    parser.add_argument("--sound", action="store_true", help="both sides say something, 50 packets a second")
    parser.add_argument("--calls", type=int, default=300, help="so many calls at least")
    measure(run, parser.parse_args())


if __name__ == "__main__":
    main()
