"""Tables (see `decision_table`) whose distributor is killed and begins again from its own facts."""

from __future__ import annotations

from decision_table import Table, outcome, settings

from acd.core import events
from acd.core.distributor import Distributor
from acd.core.fact_codec import to_body
from acd.core.picture import Picture
from acd.core.recovery import restored_from


class Restarted(Table):
    """A table whose distributor was killed at a time and begins again from its own facts."""

    def __init__(self, rules: events.SettingsChanged | None = None) -> None:
        super().__init__(linked=False, at_work=False, rules=rules)
        self.rules = rules
        self.picture = Picture(lambda _: 0)
        self.epoch = 1

    def handle(self, event: events.Event, at_ms: int):  # type: ignore[no-untyped-def]
        decision = super().handle(event, at_ms)
        if hasattr(self, "picture"):
            for fact in decision.facts:
                self.picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))
        return decision

    def restart(self, at_ms: int, agents: dict[str, dict[str, int]] | None = None) -> list[str]:
        """Kill and start; what the restored distributor had to say at once."""
        self.epoch += 1
        self.distributor = Distributor(self.epoch)
        restored = restored_from(self.picture)
        self.handle(self.rules or settings(agents, version=self.epoch), at_ms)
        return outcome(self.handle(restored, at_ms))


def talk() -> Restarted:
    """1001 talks with c1; 1002 and 1003 are there."""
    table = Restarted()
    table.run("""
        0       snapshot                    |
        1       log_in 1001 p1              | 1001 not_ready (login)
        2       log_in 1002 p2              | 1002 not_ready (login)
        3       log_in 1003 p3              | 1003 not_ready (login)
        10      ready 1001                  | 1001 ready
        20      arrive c1 service since=20  | queued c1
                                            | offered c1 to 1001 as 1-1
                                            | 1001 offered
                                            | ! offer c1 to 1001 for 20000
        50      bridged 1-1                 | 1001 on_contact
                                            | answered c1: waited 30, rang 0
                                            | connected c1 with 1001
                                            | left c1: answered after 30
    """)
    return table


def busy_house() -> Restarted:
    """1001 talks with c1, 1002's phone rings for c2, c3 and c4 wait, 1003 has a break."""
    table = Restarted()
    table.run("""
        0       snapshot                   |
        1       log_in 1001 p1             | 1001 not_ready (login)
        2       log_in 1002 p2             | 1002 not_ready (login)
        3       log_in 1003 p3             | 1003 not_ready (login)
        4       not_ready 1003 lunch       | 1003 not_ready (lunch)
        10      ready 1001                 | 1001 ready
        20      arrive c1 service since=20 | queued c1
                                           | offered c1 to 1001 as 1-1
                                           | 1001 offered
                                           | ! offer c1 to 1001 for 20000
        30      rang 1-1                   | rang 1-1
        40      answered 1-1               | 1001 on_contact
                                           | answered c1: waited 20, rang 10
        50      bridged 1-1                | connected c1 with 1001
                                           | left c1: answered after 20
        60      ready 1002                 | 1002 ready
        70      arrive c2 orders since=70  | queued c2
                                           | offered c2 to 1002 as 1-2
                                           | 1002 offered
                                           | ! offer c2 to 1002 for 8000
        80      rang 1-2                   | rang 1-2
        90      arrive c3 orders since=90  | queued c3
        95      arrive c4 service since=95 | queued c4
    """)
    return table
