"""The forward play behind promised waits: places, needs, steps, remaining talks, and what may be told."""

from random import Random

import pytest

from acd.core.expected_wait import (
    FIRST_GUESS_MS,
    USUAL_FROM_TALKS,
    ForwardPlay,
    HandlingTimes,
    Promise,
    Server,
    WaitingCall,
    next_promise,
    wait_range,
)
from acd.core.paces import Paces

ANNA, BERT = 1, 2
BOTH = ANNA | BERT


def always(contact: str, agents: int = BOTH) -> WaitingCall:
    return WaitingCall(contact, "service", ((0, agents),))


def talks_of(*lengths_ms: int) -> HandlingTimes:
    times = HandlingTimes()
    for length_ms in lengths_ms:
        times.add("service", length_ms)
    return times


def known(*lengths_ms: int) -> HandlingTimes:
    """So many of each length that none is guessed."""
    return talks_of(*lengths_ms * USUAL_FROM_TALKS)


def play(waiting, servers, times=None, rings=None):
    return ForwardPlay(waiting, servers).once(times or known(60_000), rings or known(0), Random(1).randrange)


def test_calls_are_taken_in_their_order_by_whoever_is_free_first():
    servers = [Server(ANNA, 10_000), Server(BERT, 30_000)]
    taken = play([always("a"), always("b"), always("c")], servers)
    assert taken == {"a": 10_000, "b": 30_000, "c": 70_000}


def test_a_call_is_taken_only_by_agents_who_meet_its_needs():
    servers = [Server(ANNA, 10_000), Server(BERT, 30_000)]
    taken = play([always("a", BERT), always("b", BOTH)], servers)
    assert taken == {"a": 30_000, "b": 10_000}


def test_a_step_lets_an_idle_agent_take_the_call_when_it_opens():
    widening = WaitingCall("a", "service", ((0, BERT), (20_000, BOTH)))
    taken = play([widening], [Server(ANNA, 0), Server(BERT, 90_000)])
    assert taken == {"a": 20_000}


def play_slowly(waiting, servers):
    """By the rule as it is said: whoever is free first takes the first call of all that asks for him then."""
    free = [(server.free_ms, server.bit) for server in servers]
    left, taken = list(waiting), {}
    while free and left:
        at_ms, bit = min(free)
        free.remove((at_ms, bit))
        for call in left:
            asked = [bits for from_ms, bits in call.eligible if from_ms <= at_ms]
            if asked and asked[-1] & bit:
                left.remove(call)
                taken[call.contact] = at_ms
                free.append((at_ms + 60_000 + call.after_ms, bit))
                break
        else:
            later = [from_ms for call in left for from_ms, _ in call.eligible if from_ms > at_ms]
            if later:
                free.append((min(later), bit))
    return taken


@pytest.mark.parametrize("seed", range(200))
def test_calls_that_stand_together_are_taken_as_if_each_stood_alone(seed):
    chance = Random(seed)
    kinds = [
        tuple((from_ms, chance.randrange(8)) for from_ms in sorted({0, *chance.sample(range(1, 200_000), 2)}))
        for _ in range(chance.randrange(1, 6))
    ]
    waiting = [
        WaitingCall(f"c{place}", "service", chance.choice(kinds), chance.choice((0, 5_000)))
        for place in range(chance.randrange(1, 12))
    ]
    servers = [Server(1 << place, chance.randrange(100_000)) for place in range(chance.randrange(1, 5))]
    assert play(waiting, servers) == play_slowly(waiting, servers)


def test_a_call_that_nobody_may_serve_is_never_taken():
    assert play([always("a", 4)], [Server(ANNA, 0)]) == {}
    assert wait_range([{}], "a") is None


def test_a_talk_that_lasts_already_ends_like_those_that_lasted_longer():
    times = known(10_000, 20_000, 100_000)
    assert times.remaining_ms("service", 50_000, Random(1).randrange) == 50_000
    assert {times.remaining_ms("service", 15_000, Random(seed).randrange) for seed in range(20)} == {
        5_000,
        85_000,
    }


def test_a_talk_longer_than_all_seen_is_expected_to_last_half_as_long_again():
    assert known(10_000).remaining_ms("service", 40_000, Random(1).randrange) == 20_000


def test_a_slow_agents_talk_is_stretched_as_a_whole():
    """Twice as slow: after 50 s he is where others are after 25."""
    times = known(10_000, 20_000, 100_000)
    assert times.remaining_ms("service", 50_000, Random(1).randrange, 2.0) == 150_000
    assert known(10_000).remaining_ms("service", 40_000, Random(1).randrange, 0.5) == 20_000


def test_each_agent_is_expected_to_take_as_long_as_he_does():
    servers = [
        Server(ANNA, None, "service", agent="1001"),
        Server(BERT, None, "service", 30_000, 5_000, "1002"),
    ]
    play = ForwardPlay(
        [always("a"), always("b"), always("c")], servers, {"1001": 2.0, "1002": 0.75}.__getitem__
    )
    taken = play.once(known(60_000), known(0), Random(1).randrange)
    # Bert's 45 s and the work after them; then 45 s for a; Anna is slow.
    assert taken == {"a": 20_000, "b": 65_000, "c": 110_000}


def test_a_queue_without_a_talk_so_far_is_guessed():
    assert HandlingTimes().remaining_ms("new", 0, Random(1).randrange) == FIRST_GUESS_MS
    assert HandlingTimes().remaining_ms("new", 170_000, Random(1).randrange) == FIRST_GUESS_MS // 2


def test_of_few_talks_the_missing_ones_are_guessed():
    """The first talks that are over are the short ones: taken alone they would promise too much."""
    times = talks_of(20_000, 40_000)
    drawn = [
        times.remaining_ms("service", 30_000, lambda low, high, drawn=place: drawn) for place in range(1, 10)
    ]
    assert drawn == [10_000] + [FIRST_GUESS_MS - 30_000] * 8
    assert times.remaining_ms("service", 50_000, Random(1).randrange) == FIRST_GUESS_MS - 50_000
    again = HandlingTimes.from_dict({"service": [4_000]}, first_guess_ms=5_000)
    assert {again.remaining_ms("service", 0, Random(seed).randrange) for seed in range(99)} == {4_000, 5_000}


def test_a_wait_lasts_until_the_phone_is_answered_and_an_agent_is_busy_from_his_ring_on():
    taken = play([always("a", ANNA), always("b", ANNA)], [Server(ANNA, 0)], rings=known(4_000))
    assert taken == {"a": 4_000, "b": 4_000 + 60_000 + 4_000}


def test_a_phone_that_rings_rings_on_and_a_whole_talk_follows():
    ringing = Server(ANNA, None, "service", busy_ms=3_000, after_ms=1_000, rings=True)
    assert play([always("a")], [ringing], rings=known(4_000)) == {"a": 1_000 + 60_000 + 1_000 + 4_000}


def test_only_the_last_talks_are_kept():
    times = HandlingTimes(kept=10)
    for length_ms in (500_000, *(10_000, 20_000) * 5):
        times.add("service", length_ms)
    assert times.to_dict() == {"service": [10_000, 20_000] * 5}
    assert times.remaining_ms("service", 20_000, Random(1).randrange) == 10_000  # 500 s are forgotten
    assert HandlingTimes.from_dict(times.to_dict()).to_dict() == times.to_dict()


@pytest.mark.parametrize(
    ("lengths_ms", "usual_ms"),
    [
        ([], (0, 0)),
        ([60_000] * 9, (0, 0)),  # too few
        ([60_000] * 10, (60_000, 300_000)),
        ([40_000] * 5 + [60_000] * 10, (53_333, 300_000)),
        # three hours with nobody there count for five usual talks
        ([60_000] * 19 + [10_800_000], (72_000, 300_000)),
    ],
)
def test_what_is_usual_in_a_queue(lengths_ms, usual_ms):
    assert talks_of(*lengths_ms).usual_ms("service") == usual_ms


def test_a_forgotten_line_changes_nobodys_pace_much():
    """20 agents of like pace, one of whom did not hang up for three hours; then 200 talks more."""
    chance, times, paces = Random(1), HandlingTimes(), Paces()

    def talk(agent: int, length_ms: int) -> None:
        paces.add(str(agent), length_ms, *times.usual_ms("service"))
        times.add("service", length_ms)

    for turn in range(400):
        talk(turn % 20, chance.randrange(40_000, 80_000))
    talk(0, 10_800_000)
    for turn in range(200):
        talk(turn % 20, chance.randrange(40_000, 80_000))
    assert min(paces.of(str(agent)) for agent in range(20)) > 0.9
    assert max(paces.of(str(agent)) for agent in range(20)) < 1.2


def test_the_range_is_the_median_and_the_80_percent_quantile():
    taken = [{"a": wait_ms} for wait_ms in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)]
    assert wait_range(taken, "a") == (5, 8)


def test_nothing_is_promised_when_more_than_a_fifth_of_the_plays_never_end():
    assert wait_range([{"a": 1}] * 8 + [{}] * 2, "a") == (1, 1)
    assert wait_range([{"a": 1}] * 7 + [{}] * 3, "a") is None


@pytest.mark.parametrize(
    ("before", "fresh", "now_ms", "told"),
    [
        # the first promise, and an earlier end, are told as they are
        (None, Promise(60, 90, 3, 2), 0, Promise(60, 90, 3, 2)),
        (Promise(60, 90, 3, 2), Promise(50, 80, 3, 2), 10, Promise(50, 80, 3, 2)),
        # a later end is told only with its reason
        (Promise(60, 90, 3, 2), Promise(70, 120, 2, 2), 10, Promise(70, 120, 2, 2, "fewer_agents")),
        (Promise(60, 90, 3, 2), Promise(70, 120, 3, 4), 10, Promise(70, 120, 3, 4, "overtaken")),
        # without one, the end that was promised stands until it has come
        (Promise(60, 90, 3, 2), Promise(70, 120, 3, 2), 10, Promise(70, 90, 3, 2)),
        (Promise(60, 90, 3, 2), Promise(95, 120, 3, 2), 10, Promise(90, 90, 3, 2)),
        (Promise(60, 90, 3, 2), Promise(95, 120, 3, 1), 90, None),
    ],
)
def test_a_wait_is_never_promised_longer_without_a_reason(before, fresh, now_ms, told):
    assert next_promise(before, fresh, now_ms) == told


def test_of_another_queue_only_a_later_end_is_told_with_its_reason():
    before = Promise(60, 90, 3, 2)
    assert next_promise(before, Promise(50, 90, 1, 9), 10, moved=True) == Promise(50, 90, 1, 9)
    assert next_promise(before, Promise(50, 91, 9, 1), 10, moved=True) == Promise(50, 91, 9, 1, "moved")
