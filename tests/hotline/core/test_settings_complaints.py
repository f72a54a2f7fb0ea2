"""Complaints are kept in order, one to a key, and refuse only when there are any."""

from __future__ import annotations

import pytest

from hotline.core.phrases import phrase
from hotline.core.settings_complaints import Complaint, Complaints, SettingsError, SettingsRefused


def test_nothing_found_refuses_nothing() -> None:
    Complaints("a.toml").refuse_if_any()


def test_the_first_complaint_about_a_key_stays() -> None:
    complaints = Complaints("a.toml")
    complaints.add("x", 1, phrase("allowed.text"))
    complaints.add("x", 1, phrase("allowed.required"))
    complaints.add("y", 2, phrase("allowed.number"))
    with pytest.raises(SettingsRefused) as refusal:
        complaints.refuse_if_any()
    assert refusal.value.complaints == (
        Complaint("a.toml", "x", 1, phrase("allowed.text")),
        Complaint("a.toml", "y", 2, phrase("allowed.number")),
    )


def test_a_refusal_is_a_settings_error_and_a_value_error() -> None:
    assert issubclass(SettingsRefused, SettingsError)
    assert issubclass(SettingsError, ValueError)


def test_in_a_log_a_complaint_has_everything_but_a_language() -> None:
    complaint = Complaint("a.toml", "x", 7, phrase("allowed.between", least=1, most=3))
    assert str(complaint) == "a.toml: x: 7 is not allowed; allowed: allowed.between least=1 most=3"
    assert str(SettingsRefused((complaint, complaint))) == f"{complaint}\n{complaint}"
