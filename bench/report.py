"""What a run prints and keeps: figures with the machine, the date and the command."""

from __future__ import annotations

import json
import math
import os
import platform
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from hotline.asterisk_install import find_install


def percentile(values: Sequence[float], share: float) -> float:
    """The nearest-rank percentile: the smallest value that so large a share of all does not exceed."""
    if not values:
        raise ValueError("no values")
    # Rounded first: 0.95 x 20 is 19.000000000000004 nowhere on paper.
    rank = math.ceil(round(share * len(values), 9))
    return sorted(values)[max(1, rank) - 1]


def circumstances() -> dict[str, object]:
    """The machine, the versions, when and how."""
    install = find_install()
    model = [line for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines() if "model name" in line]
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": shlex.join(["python", "-m", f"bench.{Path(sys.argv[0]).stem}", *sys.argv[1:]]),
        "processor": model[0].partition(":")[2].strip() if model else platform.processor(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "asterisk": install.version if install else "",
        "load_before": round(os.getloadavg()[0], 2),
    }


def keep(result: dict[str, object], out: Path | None) -> None:
    """Append the result as one line of JSON to a file, and print it."""
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(result, ensure_ascii=False) + "\n")
    print(json.dumps(result, indent=1, ensure_ascii=False))
