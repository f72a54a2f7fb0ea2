"""What the benchmarks compute: percentiles, gaps, processor time."""

import os
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from harness.sip import Message
from harness.sip_socket import Logged

from bench.load import gaps_ms
from bench.processor_time import family_used_s, used_s
from bench.report import percentile


def test_percentile_is_the_nearest_rank() -> None:
    values = list(range(1, 21))
    assert [percentile(values, share) for share in (0.5, 0.95, 0.96, 0.99, 1.0)] == [10, 19, 20, 20, 20]
    assert percentile([7], 0.01) == 7
    with pytest.raises(ValueError, match="no values"):
        percentile([], 0.5)


def test_a_gap_is_from_the_bye_sent_to_the_next_invite_received() -> None:
    bye, invite, ok = Message("BYE", "x"), Message("INVITE", "x"), Message(status=200)
    log = [
        Logged(1_000, False, invite),  # the first ring: no gap before it
        Logged(2_000, False, bye),  # the far side hung up: not the agent's deed
        Logged(3_000, False, invite),
        Logged(10_000, True, bye),
        Logged(10_500, False, ok),
        Logged(13_250, False, invite),
        Logged(20_000, True, bye),  # not rung again yet
    ]
    phone = SimpleNamespace(socket=SimpleNamespace(log=log))
    assert gaps_ms(phone) == [3.25]  # type: ignore[arg-type]
    assert gaps_ms(phone, since_us=10_001) == []  # type: ignore[arg-type]


def test_processor_time_counts_the_family() -> None:
    before_s = used_s(os.getpid())
    until_s = time.process_time() + 0.1
    while time.process_time() < until_s:
        pass
    assert 0.05 < used_s(os.getpid()) - before_s < 1.0
    spin = "import time\nwhile time.process_time() < 0.3: pass\nprint(1, flush=True)\ninput()"
    with subprocess.Popen([sys.executable, "-c", spin], stdin=-1, stdout=-1) as child:
        assert child.stdout is not None
        child.stdout.readline()
        assert used_s(child.pid) >= 0.25
        assert family_used_s(os.getpid()) >= used_s(os.getpid()) + 0.25 - 0.02
        child.communicate(b"\n")
