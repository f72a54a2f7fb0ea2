"""The line as the house knows it: who waits with which needs, and which agents they look for.

Shares no code with the distributor's own line (`acd.core.calls`, `acd.core.pairing`), for it judges that one.
Needs are judged by their plain meaning (`Needs.met_by`), once per group of agents alike.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable

from acd.core.needs import Needs
from acd.simulation.people import Contact, Desk
from acd.simulation.scenario import QueuePlan


class Place:
    """The contacts of one queue in one step. eligible: a bit per agent who may serve them."""

    __slots__ = ("eligible", "offered", "waiting")

    def __init__(self, eligible: int) -> None:
        self.eligible = eligible
        self.waiting: list[tuple[tuple[int, int, str], Contact]] = []  # by their keys
        self.offered = 0  # offers commanded, phones that do not ring yet


class Line:
    """All places, and those where somebody is."""

    def __init__(self, queues: Iterable[QueuePlan], desks: Iterable[Desk]) -> None:
        desks = list(desks)
        self._places = [
            [Place(_eligible(needs, desks)) for needs in (queue.needs, *(step.needs for step in queue.steps))]
            for queue in queues
        ]
        self._taken: dict[int, Place] = {}

    def place(self, contact: Contact) -> Place:
        """Where the contact stands."""
        return self._places[contact.number][contact.step]

    def add(self, contact: Contact) -> None:
        """The contact waits from now on, by its key."""
        place = self.place(contact)
        insort(place.waiting, (contact.key, contact))
        self._taken[id(place)] = place

    def remove(self, contact: Contact) -> bool:
        """The contact does not wait any more; False when it did not."""
        place = self.place(contact)
        at = bisect_left(place.waiting, contact.key, key=lambda entry: entry[0])
        if at == len(place.waiting) or place.waiting[at][1] is not contact:
            return False
        del place.waiting[at]
        self._let_go(place)
        return True

    def count_offered(self, contact: Contact, change: int) -> None:
        """One more (+1) or one less (-1) offer on its way to a phone."""
        place = self.place(contact)
        place.offered += change
        self._taken[id(place)] = place
        self._let_go(place)

    def _let_go(self, place: Place) -> None:
        if not place.waiting and not place.offered:
            self._taken.pop(id(place), None)

    def wanted(self) -> int:
        """The agents whom somebody waits for, as bits."""
        bits = 0
        for place in self._taken.values():
            if place.waiting:
                bits |= place.eligible
        return bits

    def wanted_or_offered(self) -> int:
        """The agents whom somebody waits for who does not ring at anyone's phone."""
        bits = 0
        for place in self._taken.values():
            bits |= place.eligible
        return bits

    def is_overtaken(self, contact: Contact, desk: Desk) -> bool:
        """Whether somebody with an earlier key waits whom this agent could serve."""
        return any(
            place.waiting and place.waiting[0][0] < contact.key and place.eligible & desk.bit
            for place in self._taken.values()
        )


def _eligible(needs: Needs, desks: Iterable[Desk]) -> int:
    bits = 0
    met: dict[int, bool] = {}
    for desk in desks:
        group = id(desk.group)
        if group not in met:
            met[group] = needs.met_by(desk.group.skills)
        if met[group]:
            bits |= desk.bit
    return bits
