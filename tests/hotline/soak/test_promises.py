"""Promises at the end of a soak: each is kept by what is right and broken by what is not."""

from typing import Any

import pytest
from soak_facts import one_contact

from hotline.catalogue import load_catalogue
from hotline.core.phrases import phrase
from hotline.soak import promises
from hotline.soak.counts import Facts, read_facts
from hotline.soak.promises import Promise, Report
from hotline.words import CHOICE

FOUND = phrase("soak.facts_in_database")


def kept(*several: Promise) -> list[bool]:
    return [promise.kept for promise in several]


@pytest.mark.parametrize(
    ("numbers", "is_kept"),
    [((10, 10, 0, 0), True), ((10, 9, 0, 0), False), ((10, 10, 1, 0), False), ((10, 10, 0, 1), False)],
)
def test_all_calls_were_placed_and_none_failed(numbers: tuple[int, int, int, int], is_kept: bool) -> None:
    said = ["Aborting call on unexpected message"]
    promise = promises.calls_promise(*numbers, said)
    assert promise.kept is is_kept
    assert (said[0] in promise.told()) is not is_kept


def test_contacts_are_as_many_as_calls_and_end_as_sipp_says() -> None:
    facts = read_facts(one_contact())
    assert kept(*promises.contact_promises(1, ["131 hung_up"], facts)) == [True, True, True]
    assert kept(*promises.contact_promises(2, ["131 hung_up"], facts)) == [False, True, False]
    assert kept(*promises.contact_promises(1, ["131 far"], facts)) == [True, True, False]
    assert kept(*promises.contact_promises(1, [], facts)) == [True, True, False]


def test_an_end_that_acd_did_not_see_may_be_either() -> None:
    facts = read_facts(one_contact(by="lost"))
    assert kept(*promises.contact_promises(1, ["131 far"], facts)) == [True, True, True]
    # But of two callers who hung up, one unseen contact explains one.
    facts = read_facts([*one_contact(by="lost"), *one_contact("c2", "132", by="agent")])
    two = promises.contact_promises(2, ["131 hung_up", "132 hung_up"], facts)
    assert kept(*two) == [True, True, False]


def test_entries_offers_and_conversations_are_over() -> None:
    assert kept(*promises.entry_promises(read_facts(one_contact()))) == [True, True, True]
    assert kept(*promises.entry_promises(read_facts(one_contact()[:7]))) == [False, True, False]


@pytest.mark.parametrize(
    ("seen", "is_kept"),
    [(["transferred 131"], True), (["transferred 131"] * 2, False), (["answered 131"], False)],
)
def test_transfers_are_as_many_as_the_phones_saw(seen: list[str], is_kept: bool) -> None:
    assert promises.transfer_promise(seen, read_facts(one_contact())).kept is is_kept


def test_a_transfer_as_the_caller_hung_up_may_be_one_or_none() -> None:
    facts = read_facts([*one_contact(), *one_contact("c2", "132")])
    assert promises.transfer_promise(["transferred 131", "accepted 132"], facts).kept
    assert promises.transfer_promise(["transferred 131", "transferred 132", "accepted 132"], facts).kept
    assert not promises.transfer_promise(["transferred 131", "answered 132"], facts).kept


def test_transfers_of_one_caller_do_not_make_up_for_anothers() -> None:
    facts = read_facts([*one_contact(), *one_contact("c2", "132")])
    promise = promises.transfer_promise(["transferred 131", "transferred 131"], facts)
    assert not promise.kept
    assert len(promise.wrong) == 2
    facts.torn["c1"] = 1
    assert len(promises.transfer_promise(["transferred 131", "transferred 131"], facts).wrong) == 1


def test_a_caller_who_gave_up_before_the_dialplan_began_is_no_contact() -> None:
    facts = read_facts(one_contact())
    log = ["131 hung_up", "132 gave_up"]
    promised = promises.contact_promises(2, log, facts, ["c9"])
    assert kept(*promised) == [True, True, True]
    assert "c9" in promised[0].told()
    assert kept(*promises.contact_promises(2, log, facts)) == [False, True, False]
    # Whom acd saw all the same is a contact, and is not counted twice.
    assert kept(*promises.contact_promises(1, ["131 hung_up"], facts, ["c1"]))[0]
    # One who did anything else was there; and so was one whom the facts know.
    assert not promises.contact_promises(2, ["131 hung_up", "132 far"], facts, ["c9"])[0].kept
    assert not promises.contact_promises(2, ["131 gave_up", "132 far"], facts, ["c9"])[0].kept


def test_a_conversation_has_a_recording_and_a_recording_a_conversation() -> None:
    facts = read_facts(one_contact())
    assert promises.recording_promise(["1-2"], facts).kept
    assert not promises.recording_promise([], facts).kept
    assert not promises.recording_promise(["1-2", "1-1"], facts).kept
    facts.lengths_ms["1-2"] = 199
    assert promises.recording_promise([], facts).kept


def test_a_soak_without_a_transfer_shows_nothing_of_transfers() -> None:
    assert not promises.transfer_promise([], Facts()).kept


def test_numbers_must_be_equal_and_nothing_be_left() -> None:
    assert promises.equal_promise("database", 3, 3, FOUND).kept
    assert not promises.equal_promise("database", 3, 2, FOUND).kept
    assert promises.none_left_promise("channels", {"channels": 0}).kept
    assert not promises.none_left_promise("sessions", {"acd": 0, "ivr": 1}).kept


def picture(*, state: str = "ready", offer: str = "", contacts: int = 0) -> dict[str, Any]:
    agents = {"1001": {"state": state, "offer": offer}}
    return {
        "open": {"agents": agents, "contacts": {n: {} for n in range(contacts)}, "entries": {}, "legs": {}}
    }


@pytest.mark.parametrize(
    ("found", "is_kept"),
    [
        (picture(), True),
        (picture(state="not_ready"), True),
        (picture(state="offered", offer="1-1"), False),
        (picture(state="unknown"), False),
        (picture(offer="1-1"), False),
        (picture(contacts=1), False),
    ],
)
def test_no_agent_is_held_and_nothing_is_open(found: dict[str, Any], is_kept: bool) -> None:
    assert promises.picture_promise(found).kept is is_kept


@pytest.mark.parametrize(("shown", "is_kept"), [(1, True), (0, False), (2, False)])
def test_the_tiles_have_what_began_since_midnight(shown: int, is_kept: bool) -> None:
    facts = read_facts([*one_contact("c1", began_ms=999), *one_contact("c2", "132", began_ms=1_000)])
    assert promises.tiles_promise({"day_ms": 1_000, "day": {"contacts": shown}}, facts).kept is is_kept


@pytest.mark.parametrize(("after", "is_kept"), [(20, True), (22, True), (23, False), (5, True)])
def test_descriptors_are_as_many_as_before(after: int, is_kept: bool) -> None:
    assert promises.descriptor_promise({"acd": 20}, {"acd": after}).kept is is_kept


@pytest.mark.parametrize(
    ("end_mb", "calls_since", "is_kept"),
    [(104.9, 2000, True), (105.1, 2000, False), (105.1, 1999, True), (90, 2000, True)],
)
def test_memory_grows_by_less_than_five_percent(end_mb: float, calls_since: int, is_kept: bool) -> None:
    promise = promises.memory_promise({"acd": 100e6}, {"acd": end_mb * 1e6}, calls_since)
    assert promise.kept is is_kept
    assert ("not judged" in promise.told()) is (calls_since < 2000)


def test_services_restart_when_killed_and_only_then() -> None:
    assert promises.restart_promise({"acd": 1}, {"acd": 1, "asterisk": 0}).kept
    assert not promises.restart_promise({"acd": 1}, {"acd": 2, "asterisk": 0}).kept
    assert not promises.restart_promise({"acd": 1}, {"acd": 1, "asterisk": 1}).kept


@pytest.mark.parametrize(("size", "rotated", "is_kept"), [(100, 1, True), (101, 1, False), (100, 0, False)])
def test_files_stay_small_and_are_rotated(size: int, rotated: int, is_kept: bool) -> None:
    assert promises.file_promise("logs", {"acd.log": size}, 100, rotated).kept is is_kept


def test_the_report_names_what_is_broken() -> None:
    report = Report(1, 1, "/data", promises=[Promise("calls", True, FOUND), Promise("memory", False, FOUND)])
    assert report.document()["broken"] == ["memory"]


def every_promise() -> list[Promise]:
    facts = read_facts(one_contact())
    return [
        promises.calls_promise(1, 1, 0, 0),
        *promises.contact_promises(1, ["131 far", "132 silent"], facts),
        *promises.contact_promises(2, ["131 hung_up", "132 gave_up"], facts, ["c9"]),
        *promises.entry_promises(read_facts(one_contact()[:7])),
        promises.transfer_promise(["transferred 131"], facts),
        promises.transfer_promise(["transferred 131"] * 2, facts),
        promises.recording_promise([f"2-{number}" for number in range(9)], facts),
        promises.equal_promise("database", 3, 2, FOUND),
        promises.tiles_promise({"day_ms": 0, "day": {"contacts": 1}}, facts),
        promises.none_left_promise("channels", {"channels": 1}),
        promises.none_left_promise("agi", {"acd": 0, "ivr": 0}),
        promises.picture_promise(picture(state="offered", offer="1-1", contacts=1)),
        promises.picture_promise(picture(state="unknown")),
        promises.descriptor_promise({"acd": 20}, {"acd": 30}),
        promises.memory_promise({"acd": 1e8}, {"acd": 1e8}, 10),
        promises.restart_promise({"acd": 1}, {"acd": 2}),
        promises.file_promise("journals", {"acd/1": 200}, 100, 1),
        promises.file_promise("logs", {"acd.log": 1}, 100, 0),
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_promise_is_told_in_both_languages(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHOICE, language)
    for promise in every_promise():
        words = promise.title() + promise.told()
        has_chinese = any("\u4e00" <= character <= "\u9fff" for character in words)
        assert has_chinese is (language == "zh"), words


def test_every_title_is_of_a_promise() -> None:
    titles = load_catalogue().section("soak_promise", "en").keys()
    assert {promise.name for promise in every_promise()} == titles


def test_of_many_mistakes_the_first_are_shown() -> None:
    promise = promises.recording_promise([f"2-{number}" for number in range(9)], Facts())
    assert promise.told().endswith("; 2-4 of no conversation and 4 more")
    assert "WRONG: 2-0 of no conversation; 2-1" in promise.told()
