"""What is promised of calls in the line: one entry at a time, in time wider, sent on by a rule, one end."""

from __future__ import annotations

from known_house import LEAVING_MS, PUT_FIRST, Entry, Known, Place
from simulated_channels import person_of

from acd.core import facts, house_rules


def call_queued(known: Known, fact: facts.CallQueued) -> None:
    """One request at a time, each once, into an open queue; the place follows from the queue's order."""
    known.expect(fact.contact not in known.entries, f"{fact} while queued")
    is_callback = fact.rules.get("reach_ms", 0) > 0
    # Those meant for certain agents are not for the line, and who is called back was let in long ago.
    is_let_in = bool(fact.aims) or fact.contact in known.wanted or is_callback
    known.expect(is_let_in or fact.queue not in known.closed, f"{fact} in a closed queue")
    known.queued[fact.contact, fact.entry] += 1
    known.expect(known.queued[fact.contact, fact.entry] == 1, f"{fact} a second time")
    needs = known.needs_of(fact.needs)
    rules = known.rules[fact.queue]
    since_ms = _place_since_ms(known, fact)
    began_ms = known.now_ms
    if is_callback:
        rules, began_ms = house_rules.rules_of_callback(rules, fact.rules["reach_ms"]), since_ms
    key = (-fact.priority, since_ms, fact.contact)
    if rules.order == "oldest_first":
        key = (0, since_ms - fact.priority * rules.head_start_ms, fact.contact)
    widens = [(began_ms + step["after_ms"], step["needs"]) for step in fact.steps]
    known.entries[fact.contact] = Entry(
        entry=fact.entry,
        key=key,
        wait_since_ms=fact.wait_since_ms,
        needs=needs,
        rules=rules,
        queue=fact.queue,
        prefer=fact.prefer,
        queued_ms=began_ms,
        aims=fact.aims.split(),
        widens=widens,
    )


def _place_since_ms(known: Known, fact: facts.CallQueued) -> int:
    """Never later than before: in an earlier entry, of a caller who returns in time, or is called back."""
    since_ms = fact.place_since_ms or fact.wait_since_ms
    before = known.places_of.get(fact.contact)
    kept, until_ms = known.gone_places.get(person_of(fact.contact), (None, 0))
    called_by, is_line, _ = fact.contact.rpartition("+line")
    if before is not None:
        known.expect(since_ms <= before.since_ms, f"{fact} loses the place of {before}")
    elif is_line:
        called = known.called_back.get(called_by)  # unknown if acd was killed before it was written
        known.expect(called is None or since_ms <= called.since_ms, f"{fact} loses the place of {called}")
    elif kept is not None and kept.queue == fact.queue and known.now_ms <= until_ms:
        earlier_ms = min(kept.since_ms, fact.wait_since_ms)
        known.expect(since_ms == earlier_ms, f"{fact} instead of the place of {kept}")
    else:
        known.expect(since_ms == fact.wait_since_ms, f"{fact}: a place of nowhere")
    known.places_of[fact.contact] = Place(fact.queue, since_ms, fact.return_within_ms)
    if kept is not None and kept.queue == fact.queue and not is_line:
        del known.gone_places[person_of(fact.contact)]
    return since_ms


def keep_place(known: Known, contact: str, left_ms: int) -> None:
    """The contact has left unserved, then: whoever calls again in time has this place."""
    place = known.places_of[contact]
    if place.return_within_ms and "+line" not in contact:
        known.gone_places[person_of(contact)] = place, left_ms + place.return_within_ms


def aims_passed_over(known: Known, fact: facts.AimsPassedOver) -> None:
    """In order, each for good; who is about to leave the caller is waited for, but not for long."""
    entry = known.entries.get(fact.contact)
    known.expect(entry is not None and entry.entry == fact.entry, f"{fact}, but the call has {entry}")
    assert entry is not None
    left = fact.aims.split()
    passed = entry.aims[: len(entry.aims) - len(left)]
    known.expect(bool(passed) and [*passed, *left] == entry.aims, f"{fact}, meant for {entry.aims}")
    awaited = [one for one in passed if known.is_leaving(one, fact.contact)]
    is_late = known.now_ms >= entry.queued_ms + LEAVING_MS
    known.expect(not awaited or is_late, f"{fact}, but it waits for {awaited}")
    entry.aims = left


def call_widened(known: Known, fact: facts.CallWidened) -> None:
    """As planned at entry, not before its time."""
    entry = known.entries.get(fact.contact)
    known.expect(entry is not None and entry.entry == fact.entry, f"{fact}, but the call has {entry}")
    assert entry is not None
    known.expect(bool(entry.widens), f"{fact}: the plan was at its end")
    at_ms, needs = entry.widens.pop(0)
    known.expect(known.now_ms >= at_ms and fact.needs == needs, f"{fact}: planned for {at_ms}: {needs}")
    known.expect(not fact.prefer or set(fact.prefer) <= set(entry.prefer), f"{fact} prefers others")
    entry.needs, entry.prefer = known.needs_of(needs), fact.prefer


def call_overflowed(known: Known, fact: facts.CallOverflowed) -> None:
    """By a limit of the queue that is there."""
    entry = known.entries.get(fact.contact)
    if entry is None or entry.entry != fact.entry:
        is_full = fact.reason in ("closed", "queue_full", "callers_per_agent")
        known.expect(is_full or fact.reason.startswith("nobody"), f"{fact} of one who does not wait")
    elif fact.reason == "predicted_wait":
        limit_ms = entry.rules.max_predicted_ms
        known.expect(
            0 < limit_ms < fact.predicted_ms and fact.to in entry.rules.predicted, f"{fact} of {entry}"
        )
    elif fact.reason == "max_wait":
        over_ms = entry.queued_ms + entry.rules.max_wait_ms
        known.expect(known.now_ms >= over_ms and fact.to == entry.rules.overflow, f"{fact} of {entry}")
    else:
        able = [one for number, one in known.agents.items() if known.could_serve(number, entry)]
        here = [one for one in able if one.state != "offline"]
        known.expect(not any(one.state in ("ready", "offered", "on_contact") for one in here), f"{fact}")
        known.expect((fact.reason == "nobody_logged_in") == (not here), f"{fact}, but {here}")


def call_put_first(known: Known, fact: facts.CallPutFirst) -> None:
    """Once."""
    entry = known.entries[fact.contact]
    known.expect(entry.key[0] > -PUT_FIRST // 2, f"{fact} a second time")
    entry.key = (entry.key[0] - PUT_FIRST, *entry.key[1:])


def queue_closed(known: Known, fact: facts.QueueClosed) -> None:
    """Newcomers may not enter from now on."""
    known.closed.add(fact.queue)


def queue_opened(known: Known, fact: facts.QueueOpened) -> None:
    """It was closed."""
    known.closed.remove(fact.queue)


def call_left(known: Known, fact: facts.CallLeftQueue) -> None:
    """The end of the entry that is open, with no phone ringing; answered after the wait that was told."""
    entry = known.entries.pop(fact.contact, None)
    known.expect(entry is not None and entry.entry == fact.entry, f"{fact}, but the call has {entry}")
    assert entry is not None
    if fact.how == "answered":
        known.expect(fact.wait_ms == entry.answered_wait_ms, f"{fact}: answered after {entry}")
    else:
        known.expect(not entry.offers, f"{fact} with an open offer")
    known.left[fact.contact, fact.entry] = fact.how
    if fact.to == "callback":
        known.called_back[fact.contact] = known.places_of[fact.contact]
    if fact.how in ("abandoned", "lost"):
        keep_place(known, fact.contact, fact.at_ms)
