"""Programs that tests start end with the test process, even if that is killed before it can end them.

Knows nothing of what is started.
"""

from __future__ import annotations

import ctypes
import signal
import subprocess
from collections.abc import Callable

STOP_LIMIT_S = 10.0
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)  # looked up here: little may be done between fork and exec


def ends_with_us(number: signal.Signals = signal.SIGKILL) -> Callable[[], None]:
    """A preexec_fn: the kernel sends this signal to the program when the thread that started it is gone.

    Source: man 2 prctl, PR_SET_PDEATHSIG. To be given where the main thread starts the program.
    """

    def hold_on() -> None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, int(number))

    return hold_on


def end(process: subprocess.Popen[bytes], within_s: float = STOP_LIMIT_S) -> None:
    """End a program: asked first, by force after `within_s`; returns when it is gone."""
    process.terminate()
    try:
        process.wait(within_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
