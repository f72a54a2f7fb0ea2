"""Commands: each has somebody who carries it out; one for a caller goes to the caller's session."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from sample_values import kinds_of, sample

from acd.clock import SteadyClock
from acd.core import commands
from acd.core.commands import Command
from acd.core.distributor import Distributor
from acd.core.picture import Picture
from acd.engine import Engine
from hotline.journal import JournalWriter

COMMANDS = kinds_of(commands, Command)
WITHOUT_SESSION = {commands.CancelOffer, commands.DropLeg, commands.FetchCall, commands.TakeSnapshot}
"""Carried out over AMI, whether or not the caller's session is there."""


class Session:
    """The session of a waiting caller, as the engine knows it."""

    def __init__(self) -> None:
        self.orders: list[Command] = []

    def take_order(self, command: Command) -> None:
        self.orders.append(command)

    def note_connected(self, offer: str) -> None:
        raise AssertionError(f"nobody talks: {offer}")


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def engine(tmp_path: Path, registry: CollectorRegistry) -> Iterator[Engine]:
    journal = JournalWriter(tmp_path, "acd")
    yield Engine(Distributor(1), Picture(lambda _: 0), journal, SteadyClock(), registry)
    journal.close()


@pytest.mark.parametrize("kind", COMMANDS)
def test_every_command_is_carried_out(kind: type[Command], engine: Engine) -> None:
    command, session, done = sample(kind), Session(), list[str]()
    engine.cancel_offer = lambda offer: done.append(f"cancel {offer}")
    engine.take_snapshot = lambda: done.append("snapshot")
    engine.fetch_call = lambda contact: done.append(f"fetch {contact}")
    engine.drop_leg = lambda segment: done.append(f"drop {segment}")
    contact = getattr(command, "contact", "")
    engine.attach(contact, session)
    engine._carry_out(command)
    if kind in WITHOUT_SESSION:
        assert len(done) == 1
    else:
        assert session.orders == [command]


@pytest.mark.parametrize("kind", [kind for kind in COMMANDS if kind not in WITHOUT_SESSION])
def test_an_order_for_a_caller_whose_session_has_ended_is_counted(
    kind: type[Command], engine: Engine, registry: CollectorRegistry
) -> None:
    engine._carry_out(sample(kind))
    assert registry.get_sample_value("hotline_acd_orders_lost_total") == 1


def test_what_no_one_carries_out_is_a_mistake_of_the_program(engine: Engine) -> None:
    with pytest.raises(TypeError, match="no one carries out"):
        engine._carry_out(Command())
