"""The names of channel variables, and the dialplan that uses them."""

from __future__ import annotations

from pathlib import Path

from telephony import variables


def test_all_names_are_ours_and_differ() -> None:
    names = [value for name, value in vars(variables).items() if name.isupper() and isinstance(value, str)]
    assert len(names) == len(set(names)) == 30
    assert all(name.startswith("HL_") for name in names)


def test_an_inherited_variable_is_set_under_one_underscore() -> None:
    assert variables.inherited(variables.OFFER) == "_HL_OFFER"


def test_asterisk_sends_the_variables_that_acd_reads_with_every_event() -> None:
    manager = Path(__file__).parents[2] / "asterisk-conf" / "manager.conf"
    (line,) = [line for line in manager.read_text("utf-8").splitlines() if line.startswith("channelvars")]
    assert set(line.partition("=")[2].strip().split(",")) == set(variables.IN_EVENTS)


def test_agents_numbers_come_back_from_one_variable() -> None:
    for numbers in ((), ("1001",), ("1001", "1002")):
        assert variables.split(variables.joined(numbers)) == numbers
