"""Places kept for callers who left, and recalls for those who do not return."""

from stories import DAY_MS, Story

from acd.core import returns
from acd.core.fact_codec import to_body
from acd.core.facts import Fact
from acd.core.picture import Picture
from acd.core.returns import Gone, Recall, Returns

GONE = Gone("caller-1", "c1", "service", place_since_ms=1_000, left_ms=61_000, until_ms=361_000, recall_ms=9)


def kept(*gone: Gone) -> Returns:
    memory = Returns()
    for one in gone or (GONE,):
        memory.leave(one)
    return memory


def test_who_returns_in_time_to_the_same_queue_has_the_old_place() -> None:
    memory = kept()
    assert memory.place_since_ms("caller-1", "service", 361_000) == 1_000
    assert memory.place_since_ms("caller-1", "service", 361_001) == 0
    assert memory.place_since_ms("caller-1", "sales", 100_000) == 0
    assert memory.place_since_ms("caller-2", "service", 100_000) == 0


def test_a_place_is_given_once() -> None:
    memory = kept()
    memory.come_back("caller-1", "sales")  # another queue: still away from this one
    assert memory.place_since_ms("caller-1", "service", 100_000) == 1_000
    memory.come_back("caller-1", "service")
    assert memory.place_since_ms("caller-1", "service", 100_000) == 0
    assert memory.due(400_000) == []


def test_a_caller_without_number_or_a_queue_that_keeps_no_place_is_not_remembered() -> None:
    nameless = Gone("", "c1", "service", 1_000, 61_000, 361_000)
    unkept = Gone("caller-2", "c2", "service", 1_000, 61_000, 0)
    assert kept(nameless, unkept).to_dict()["gone"] == []


def test_who_stays_away_is_due_then_recalled_then_settled() -> None:
    memory = kept()
    assert memory.due(361_000) == []
    assert memory.due(361_001) == [GONE]
    memory.recall(Recall("caller-1", "c1", "service", 61_000, 4_000_000))
    assert memory.due(500_000) == []
    assert memory.recalls_of("caller-1") == ["c1"]
    memory.settle("c1")
    assert memory.recalls == {}


def test_the_memory_is_bounded_and_survives_a_restart(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(returns, "KEPT_LIMIT", 2)
    memory = kept(*(Gone(f"caller-{n}", f"c{n}", "service", n, n, 1_000 + n, 9) for n in (1, 2, 3)))
    assert [gone.caller for gone in memory.due(2_000)] == ["caller-2", "caller-3"]
    for number in (1, 2, 3):
        memory.recall(Recall(f"caller-{number}", f"c{number}", "service", 0, 9))
    assert list(memory.recalls) == ["c2", "c3"]
    again = Returns()
    again.load(memory.to_dict())
    assert again.to_dict() == memory.to_dict()


def folded(*facts: Fact) -> Returns:
    picture = Picture(lambda _: DAY_MS)
    for fact in facts:
        picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))
    return Picture.restore(picture.snapshot(), lambda _: DAY_MS).returns


def waited(**more: int) -> Story:
    return Story("c1").starts().queues("service", return_within_ms=300_000, **more).after(60_000)


def test_who_gave_up_was_lost_or_was_cut_off_in_the_talk_may_return() -> None:
    gone = {
        "gave up": waited().leaves("abandoned"),
        "lost": waited().leaves("lost"),
        "cut off": waited().rings().answered().connected().segment_ends(1_000, by="lost"),
    }
    for why, story in gone.items():
        memory = folded(*story.ends().facts)
        assert memory.place_since_ms("caller-1", "service", story.now_ms + 300_000) == DAY_MS, why


def test_who_was_served_or_went_elsewhere_keeps_no_place() -> None:
    served = waited().rings().answered().connected().segment_ends(1_000)
    for story in (served, waited().leaves("out", to="voicemail")):
        assert folded(*story.ends().facts).to_dict()["gone"] == []


def test_one_who_leaves_again_has_the_place_of_the_first_time() -> None:
    again = waited(place_since_ms=DAY_MS - 5_000).leaves("abandoned").ends()
    assert folded(*again.facts).place_since_ms("caller-1", "service", again.now_ms) == DAY_MS - 5_000


def test_asking_again_ends_the_waiting_for_the_caller() -> None:
    first = waited(recall_within_ms=9).leaves("abandoned").ends()
    again = Story("c2", now_ms=first.now_ms + 1).starts().queues("service")
    assert folded(*first.facts, *again.facts).due(first.now_ms + 10**9) == []


def test_whoever_is_served_in_another_queue_is_not_to_be_recalled() -> None:
    first = waited(recall_within_ms=9).leaves("abandoned").ends()
    again = Story("c2", now_ms=first.now_ms + 1).starts().queues("sales").rings()
    memory = folded(*first.facts, *again.facts)
    assert [gone.contact for gone in memory.due(first.now_ms + 10**9)] == ["c1"]
    served = folded(*first.facts, *again.answered().connected().facts)
    assert served.due(first.now_ms + 10**9) == []
    assert served.place_since_ms("caller-1", "service", first.now_ms + 1) == DAY_MS  # as promised
    cut_off = folded(*first.facts, *again.segment_ends(1_000, by="lost").facts)
    assert cut_off.due(first.now_ms + 10**9) == []


def test_one_who_has_returned_keeps_the_old_place_in_every_later_entry() -> None:
    """After a transfer, also one that fails, and in another queue."""
    returned = Story("c2").starts().queues("service", place_since_ms=DAY_MS - 5_000)
    picture = Picture(lambda _: DAY_MS)
    assert picture.place_kept("c2", "service", returned.now_ms) == 0
    for fact in returned.after(4_000).rings().answered().connected().segment_ends(1_000, by="transfer").facts:
        picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))
    for queue in ("service", "sales"):
        assert picture.place_kept("c2", queue, returned.now_ms + 10**7) == DAY_MS - 5_000
