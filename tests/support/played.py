"""Explanations of what was played: events in the words of `decision_table`, facts as they came of them."""

from __future__ import annotations

from decision_table import AGENTS, START_MS, event_of, settings

from acd.core.distributor import Distributor
from acd.core.events import Event, SettingsChanged
from acd.core.explain import Explainer
from acd.core.fact_codec import to_body
from acd.core.facts import Fact
from hotline.core.settings import Text

REASONS = {"lunch": Text("午餐", "lunch")}


def clock(at_ms: int) -> str:
    """Instants as the tables write them: ms after START_MS."""
    return str(at_ms - START_MS)


class Played:
    """A distributor with the agents and queues of tables, everyone at a phone; its facts are kept."""

    def __init__(self) -> None:
        self.facts: list[Fact] = []
        self.versions: dict[int, SettingsChanged] = {}
        self._distributor = Distributor(1)
        self.tell(settings(), 0)
        self.play("0 snapshot")
        for number in AGENTS:
            self.play(f"0 log_in {number} phone{number}")

    def tell(self, event: Event, at_ms: int) -> None:
        """One event, at_ms after START_MS."""
        if isinstance(event, SettingsChanged):
            self.versions[event.version] = event
        self.facts += self._distributor.handle(event, START_MS + at_ms).facts

    def play(self, text: str) -> Played:
        """Events, one a line: time and words."""
        for line in filter(str.strip, text.splitlines()):
            at_ms, *words = line.split()
            self.tell(event_of(words), int(at_ms))
        return self

    def explained(self, contact: str, agent: str = "", *, upto: int | None = None) -> Explainer:
        """The explanation from the facts so far, or from the first `upto` of them."""
        told = Explainer(contact, agent, lambda _: 0, self.versions.get, clock, REASONS)
        for fact in self.facts[:upto]:
            told.apply(type(fact).__name__, fact.at_ms, to_body(fact))
        told.finish()
        return told
