"""Our distributor and app_queue side by side: the same Asterisk, the same callers, the same agents.

Run from the repository's root: `python -m bench.gap --engine ours`, `python -m bench.cpu --engine app_queue`.
Callers are SIPp, agents are the scripted phones of the end-to-end harness, which this package borrows;
`bench.theory` borrows the cases of `tests/support`.
"""

import sys
from pathlib import Path

for _folder in ("end_to_end", "support"):
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / _folder))
