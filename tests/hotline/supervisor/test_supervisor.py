"""The steps of a start: ports that cannot be used, and a settings file that is not imported."""

import socket
from pathlib import Path

import pytest

from hotline import settings_snapshot, settings_store
from hotline.asterisk_install import AsteriskInstall
from hotline.core.settings import Settings
from hotline.core.settings_check import check_settings
from hotline.deployment import Deployment, Ports
from hotline.secrets import Secrets
from hotline.supervisor import changes, setup
from hotline.supervisor.setup import SetupError
from hotline.supervisor.supervisor import Options, Supervisor

INSTALL = AsteriskInstall("22.10.1", ("asterisk",), Path("/m"), Path("/s"), (), ())
OFFERED = """
skills = ["a"]
[[queue]]
name = "q"
title = { zh = "一", en = "One" }
whisper = "our-own"
[[agent]]
number = "1"
name = "x"
skills = { a = 1 }
"""


@pytest.mark.parametrize(
    ("in_force", "said"), [("offered", ["ready"]), ("newer", ["ready", "version 7 in the database is newer"])]
)
async def test_a_file_with_a_prompt_of_the_house_is_compared_with_what_is_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_force: str, said: list[str]
) -> None:
    deployment = Deployment(tmp_path)
    deployment.make_folders()
    for language in ("zh", "en"):
        (deployment.sounds / language / "hotline").mkdir(parents=True)
        (deployment.sounds / language / "hotline" / "our-own.wav").touch()
    file = tmp_path / "mine.toml"
    file.write_text(OFFERED, "utf-8")
    offered = check_settings(settings_store.read_file(file), file=str(file), version=1)

    async def migrated(_deployment: Deployment) -> None:
        return None

    async def settled(_deployment: Deployment, _first: Path) -> Settings:
        return offered if in_force == "offered" else Settings(version=7)

    monkeypatch.setattr(setup, "migrate", migrated)
    monkeypatch.setattr(setup, "settle_settings", settled)
    told: list[str] = []
    supervisor = Supervisor(deployment, Options(file), INSTALL, lambda _part, text: told.append(text))
    await supervisor._prepare_database()
    assert len(told) == len(said)
    assert all(wanted in text for wanted, text in zip(said, told, strict=True))


async def test_ports_that_cannot_be_used_stop_the_start_with_every_reason(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path, "192.0.2.7", Ports.from_base(61000))
    deployment.make_folders()
    supervisor = Supervisor(deployment, Options(), INSTALL, lambda _part, _text: None)
    with (
        socket.create_server(("127.0.0.1", 61003)),
        pytest.raises(SetupError, match=r"bind = 192\.0\.2\.7.*\nports in use .*: agi_acd 61003 \(tcp\)\. "),
    ):
        await supervisor.prepare()


@pytest.fixture
def supervisor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Supervisor:
    """On a machine that has settings, version 1; its database is left alone."""
    deployment = Deployment(tmp_path)
    deployment.make_folders()
    settings_snapshot.write(deployment.settings_file, Settings(version=1))

    async def nothing(*_arguments: object) -> None:
        return None

    monkeypatch.setattr(Supervisor, "_prepare_database", nothing)
    monkeypatch.setattr(Supervisor, "_refuse_ports", lambda _supervisor: None)
    monkeypatch.setattr(setup, "build_prompts", nothing)
    return Supervisor(deployment, Options(), INSTALL, lambda _part, _text: None)


@pytest.mark.parametrize("replaced", ["settings", "secrets", ""])
async def test_what_is_replaced_while_asterisks_files_are_written_is_carried_over(
    supervisor: Supervisor, monkeypatch: pytest.MonkeyPatch, replaced: str
) -> None:
    versions: list[int] = []

    async def write(_deployment: Deployment, settings: Settings, *_rest: object) -> bool:
        versions.append(settings.version)
        if replaced == "settings":
            settings_snapshot.write(supervisor.deployment.settings_file, Settings(version=2))
        elif replaced == "secrets":
            Secrets.load(supervisor.deployment).set("phones", "1001", "another")
        return False

    monkeypatch.setattr(setup, "write_asterisk_files", write)
    await supervisor.prepare()
    await (await supervisor._follow_changes()).look()
    assert versions == {"settings": [1, 2], "secrets": [1, 1], "": [1]}[replaced]


@pytest.mark.parametrize(
    ("adopted", "changed", "at_once", "later"),
    [(True, False, 0, 1), (True, True, 1, 0), (False, True, 0, 0), (False, False, 0, 0)],
)
async def test_an_adopted_asterisk_reads_its_files_once(
    supervisor: Supervisor,
    monkeypatch: pytest.MonkeyPatch,
    adopted: bool,
    changed: bool,
    at_once: int,
    later: int,
) -> None:
    """Files that are as they should be may have been written by one who was killed before they were read."""
    commands: list[str] = []

    async def console(_deployment: Deployment, _install: AsteriskInstall, command: str) -> str:
        commands.append(command)
        return ""

    async def write(*_arguments: object) -> bool:
        (supervisor.deployment.asterisk_etc / "modules.conf").touch()
        return changed

    monkeypatch.setattr(changes, "run_console", console)
    monkeypatch.setattr(setup, "write_asterisk_files", write)
    await supervisor.prepare()
    supervisor.watched["asterisk"].adopted = adopted
    follower = await supervisor._follow_changes()
    assert commands.count("dialplan reload") == at_once
    await follower.look()
    await follower.look()
    assert commands.count("dialplan reload") == at_once + later
