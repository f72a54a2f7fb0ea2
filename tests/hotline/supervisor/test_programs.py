"""Which programs there are, and that each is ended in its turn."""

import sys
from pathlib import Path

from hotline.asterisk_install import AsteriskInstall
from hotline.deployment import Deployment
from hotline.supervisor.programs import (
    DEMO,
    SERVICES,
    STOP_ORDER,
    ServiceModule,
    asterisk_program,
    is_present,
    service_program,
)


def test_every_program_has_its_turn_at_the_end_exactly_once() -> None:
    ending = [name for names in STOP_ORDER for name in names]
    assert sorted(ending) == sorted(["asterisk", "postgres", DEMO.name, *(s.name for s in SERVICES)])


def test_who_writes_facts_ends_before_who_reads_them() -> None:
    place = {name: number for number, names in enumerate(STOP_ORDER) for name in names}
    assert place["asterisk"] < place["acd"] < place["ledger"] < place["postgres"]
    assert place["keeper"] < place["ledger"]


def test_every_service_is_part_of_this_installation() -> None:
    assert [s.name for s in (*SERVICES, DEMO) if not is_present(s)] == []


def test_what_is_not_installed_is_not_present() -> None:
    assert not is_present(ServiceModule("x", "no_such_room"))
    assert not is_present(ServiceModule("x", "hotline.deployment"))


def test_commands(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path)
    keeper = next(s for s in SERVICES if s.name == "keeper")
    python = (sys.executable, "-P", "-m", "recording", "--data", str(tmp_path))
    assert service_program(deployment, keeper).command() == ("nice", "-n", "10", *python)
    install = AsteriskInstall("22", ("/ld", "/asterisk"), tmp_path, tmp_path, (), ())
    program = asterisk_program(deployment, install)
    assert program.environment == {"MALLOC_ARENA_MAX": "2"}
    command = program.command()
    assert command == ("/ld", "/asterisk", "-C", f"{tmp_path}/asterisk/etc/asterisk.conf", "-f")
