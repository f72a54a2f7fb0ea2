"""What readers derive from an agent's view."""

from __future__ import annotations

import pytest

from acd.core.views import AgentView


@pytest.mark.parametrize(
    ("state", "disposition", "code", "owes"),
    [
        ("acw", "required", "", True),
        ("acw", "required", "7", False),
        ("acw", "optional", "", False),
        ("on_contact", "required", "", False),
    ],
)
def test_work_lasts_until_a_required_code_is_given(
    state: str, disposition: str, code: str, owes: bool
) -> None:
    assert AgentView(state=state, disposition=disposition, code=code).owes_code is owes


@pytest.mark.parametrize(
    ("state", "reason", "key"),
    [
        ("not_ready", "lunch", "not_ready:lunch"),
        ("not_ready", "", "not_ready"),
        ("offline", "log_out", "offline"),
    ],
)
def test_time_not_ready_is_counted_by_reason(state: str, reason: str, key: str) -> None:
    assert AgentView(state=state, reason=reason).state_key == key
