"""From `hotline up` to "ready", of a whole hotline: the first start in an empty folder, then further ones.

Of what is set up once on a machine (environment, Asterisk, PostgreSQL's programs) nothing is counted; the
first start speaks the prompts. Aim: a second start is ready in 5 s or less.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from harness.lanes import lane_settings
from harness.stack import HotlineStack

from bench.report import circumstances, keep


async def run(arguments: argparse.Namespace, folder: Path) -> dict[str, object]:
    """All starts; returns how long each took, in s."""
    result = circumstances()
    hotline = HotlineStack(folder / "hotline", arguments.port_base, lane_settings(1), tone_prompts=False)
    took_s = []
    for _ in range(1 + arguments.again):
        await hotline.start()
        took_s.append(round(hotline.ready_after_s, 2))
        await hotline.close()
    return {"what": "start", "first_s": took_s[0], "further_s": took_s[1:], **result}


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.start", description=__doc__)
    parser.add_argument("--again", type=int, default=5, help="so many starts after the first")
    parser.add_argument("--port-base", type=int, default=29000)
    parser.add_argument("--out", type=Path, help="append the result to this file, one JSON line")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hb") as folder:
        keep(asyncio.run(run(arguments, Path(folder))), arguments.out)


if __name__ == "__main__":
    main()
