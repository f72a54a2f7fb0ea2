"""For every test: what operators read is English, whatever the locale of who runs the tests."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from hotline.words import CHOICE

# Before any test is imported, which takes it then; other tests may hold the processor meanwhile.
settings.register_profile("shared-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared-machine")

os.environ[CHOICE] = "en"  # in the environment, so that programs which tests start say English too


@pytest.hookimpl(trylast=True)
def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Name a failure as it happens: a run that is ended early has no summary to name it in."""
    if report.failed and os.environ.get("PYTEST_XDIST_WORKER") is None:
        crash = getattr(report.longrepr, "reprcrash", None)
        # Plain print: under capture by the terminal's own reporter it still reaches the log at once.
        print(f"\nFAILED {report.nodeid} ({report.when}) {crash or ''}", flush=True)
