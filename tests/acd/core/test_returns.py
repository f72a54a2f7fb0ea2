"""Places kept for callers who left, and recalls for those who do not return."""

from acd.core import returns
from acd.core.returns import Gone, Recall, Returns

GONE = Gone("caller-1", "c1", "service", place_since_ms=1_000, left_ms=61_000, until_ms=361_000)


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
    memory = kept(*(Gone(f"caller-{n}", f"c{n}", "service", n, n, 1_000 + n) for n in (1, 2, 3)))
    assert [gone.caller for gone in memory.due(2_000)] == ["caller-2", "caller-3"]
    for number in (1, 2, 3):
        memory.recall(Recall(f"caller-{number}", f"c{number}", "service", 0, 9))
    assert list(memory.recalls) == ["c2", "c3"]
    again = Returns()
    again.load(memory.to_dict())
    assert again.to_dict() == memory.to_dict()
