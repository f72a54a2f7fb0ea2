"""SIPp's calls against the facts: what agrees, what does not, and what acd could not see."""

import pytest
from soak_facts import fact, one_contact

from hotline.soak.counts import Facts, disagreements, not_once, read_facts, with_crossings
from hotline.words import in_words


def test_facts_are_counted() -> None:
    facts = read_facts(one_contact())
    assert facts.contact_of == {"131": "c1"}
    assert facts.hung_up_by == {"c1": "caller"}
    assert (dict(facts.how_left), dict(facts.segment_ends)) == ({"answered": 1}, {"transfer": 1})
    assert not_once(facts.offered, facts.offers_over) == []
    assert not_once(facts.connected, facts.segments_over) == []
    assert (facts.facts, facts.unseen) == (10, 0)


def test_what_is_not_over_or_over_twice_is_named() -> None:
    facts = read_facts([*one_contact()[:4], fact("ContactEnded", contact="c2", hung_up_by="us")])
    told = [in_words(one) for one in not_once(facts.started, facts.ended)]
    assert told == ["c1: 1 begun, 0 over", "c2: 0 begun, 1 over"]
    [once] = not_once(facts.offered, facts.offers_over)
    assert in_words(once) == "1-1: 1 begun, 0 over"


@pytest.mark.parametrize(
    ("outcome", "by", "agrees"),
    [
        ("hung_up", "caller", True),
        ("gave_up", "caller", True),
        ("hung_up", "agent", False),
        ("far", "agent", True),
        ("far", "us", True),
        ("refused", "us", True),
        ("far", "caller", False),
        ("crossed", "caller", True),
        ("crossed", "agent", True),
        ("far", "lost", True),
        ("silent", "caller", False),
    ],
)
def test_who_hung_up_is_compared_call_by_call(outcome: str, by: str, agrees: bool) -> None:
    wrong = disagreements([f"131 {outcome}"], read_facts(one_contact(by=by)))
    assert (wrong == []) is agrees
    assert all("131" in in_words(one) for one in wrong)


@pytest.mark.parametrize(
    ("outcome", "by", "phones", "seen"),
    [
        ("hung_up", "agent", "hung_up 131", "crossed"),
        ("hung_up", "agent", "answered 131", "hung_up"),  # the phone did not: the facts are wrong
        ("hung_up", "agent", "hung_up 132", "hung_up"),
        ("hung_up", "us", "hung_up 131", "hung_up"),
        ("far", "agent", "hung_up 131", "far"),
    ],
)
def test_both_may_hang_up_in_the_same_moment(outcome: str, by: str, phones: str, seen: str) -> None:
    facts = read_facts(one_contact(by=by))
    assert with_crossings([f"131 {outcome}"], [phones], facts) == [f"131 {seen}"]


def test_a_caller_whom_acd_does_not_know_is_passed_over() -> None:
    assert disagreements(["131 far"], Facts()) == []
