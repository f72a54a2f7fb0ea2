"""Changes reach the running Asterisk: once, only when files changed, and again after a failure."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hotline import settings_snapshot
from hotline.asterisk_config import TEMPLATES, write_banned_acl
from hotline.asterisk_install import AsteriskInstall
from hotline.core.settings import Settings
from hotline.deployment import Deployment
from hotline.secrets import Secrets
from hotline.supervisor import changes, setup
from hotline.supervisor.changes import RELOADS, RETRY_AFTER_LOOKS, Changes, reload_asterisk, stamp
from hotline.supervisor.readiness import ConsoleError
from hotline.supervisor.setup import SetupError

SHOWN = "app_dial.so      Dialing Application      1          Running              core\n"
REREAD = ["module show", *RELOADS]
INSTALL = AsteriskInstall("22.10.1", ("asterisk",), Path("/m"), Path("/s"), (), ())


class Console:
    """Stands in for Asterisk's console."""

    def __init__(self) -> None:
        self.commands: list[str] = []
        self.away = False

    async def __call__(self, _deployment: Deployment, _install: AsteriskInstall, command: str) -> str:
        if self.away:
            raise ConsoleError("Unable to connect")
        self.commands.append(command)
        return SHOWN if command == "module show" else ""


class Rooms:
    """Stands in for the rooms that write Asterisk's files and prompts."""

    def __init__(self) -> None:
        self.files_change = True
        self.refuse = ""
        self.versions: list[int] = []

    async def write(self, _deployment: object, settings: Settings, *_rest: object) -> bool:
        if self.refuse:
            raise SetupError(self.refuse)
        self.versions.append(settings.version)
        return self.files_change

    async def build(self, *_arguments: object) -> None:
        return None


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    deployment = Deployment(tmp_path)
    deployment.make_folders()
    (deployment.asterisk_etc / "modules.conf").write_text("load = app_dial.so\n")
    settings_snapshot.write(deployment.settings_file, Settings(version=1))
    return deployment


@pytest.fixture
def console(monkeypatch: pytest.MonkeyPatch) -> Console:
    console = Console()
    monkeypatch.setattr(changes, "run_console", console)
    return console


@pytest.fixture
def rooms(monkeypatch: pytest.MonkeyPatch) -> Rooms:
    rooms = Rooms()
    monkeypatch.setattr(setup, "write_asterisk_files", rooms.write)
    monkeypatch.setattr(setup, "build_prompts", rooms.build)
    return rooms


def _changes(deployment: Deployment, *, reload_due: bool = False) -> Changes:
    secrets = Secrets.load(deployment)
    secrets.make_missing(Settings(version=1))
    seen = stamp(deployment.settings_file), stamp(deployment.secrets_file)
    return Changes(deployment, secrets, INSTALL, seen=seen, reload_due=reload_due)


@pytest.fixture
def look(deployment: Deployment, console: Console, rooms: Rooms) -> Changes:
    return _changes(deployment)


def _ban(deployment: Deployment, addresses: dict[str, float]) -> None:
    deployment.banned_file.write_text(json.dumps({"addresses": addresses}))


async def test_without_a_change_asterisk_is_left_alone(look: Changes, console: Console, rooms: Rooms) -> None:
    await look.look()
    console.commands.clear()
    await look.look()
    assert console.commands == []
    assert rooms.versions == []


async def test_new_settings_are_written_and_reloaded_once(
    deployment: Deployment, look: Changes, console: Console, rooms: Rooms
) -> None:
    await look.look()
    console.commands.clear()
    settings_snapshot.write(deployment.settings_file, Settings(version=2))
    await look.look()
    await look.look()
    assert rooms.versions == [2]
    assert console.commands == REREAD


async def test_modules_that_new_settings_need_are_loaded_before_the_rest_is_read(
    deployment: Deployment, look: Changes, console: Console, rooms: Rooms
) -> None:
    await look.look()
    console.commands.clear()
    (deployment.asterisk_etc / "modules.conf").write_text("load = app_dial.so\nload = app_read.so\n")
    settings_snapshot.write(deployment.settings_file, Settings(version=2))
    await look.look()
    assert console.commands == ["module show", "module load app_read.so", *RELOADS]


def test_every_file_that_settings_fill_in_is_read_again() -> None:
    """But asterisk.conf, which is only read at a start, and modules.conf: its modules are loaded."""
    of_other_name = {"extensions": "dialplan", "pjsip": "res_pjsip.so"}
    files = {file.stem for file in TEMPLATES.glob("*.conf") if "settings." in file.read_text("utf-8")}
    for name in sorted(files - {"asterisk", "modules"}):
        read = of_other_name.get(name, name)
        assert {f"module reload {read}", f"{read} reload"} & set(RELOADS), name


async def test_files_that_stay_the_same_are_not_reloaded(
    deployment: Deployment, look: Changes, console: Console, rooms: Rooms
) -> None:
    await look.look()
    console.commands.clear()
    rooms.files_change = False
    settings_snapshot.write(deployment.settings_file, Settings(version=2))
    await look.look()
    assert rooms.versions == [2]
    assert console.commands == []


async def test_a_changed_password_is_a_change(deployment: Deployment, look: Changes, rooms: Rooms) -> None:
    Secrets.load(deployment).set("phones", "1001", "another")
    await look.look()
    assert rooms.versions == [1]


async def test_a_refused_version_leaves_asterisk_as_it_is_and_the_next_is_tried(
    deployment: Deployment, look: Changes, console: Console, rooms: Rooms
) -> None:
    await look.look()
    console.commands.clear()
    rooms.refuse = "no template"
    settings_snapshot.write(deployment.settings_file, Settings(version=2))
    await look.look()
    assert console.commands == []
    rooms.refuse = ""
    settings_snapshot.write(deployment.settings_file, Settings(version=3))
    await look.look()
    assert rooms.versions == [3]


async def looks(look: Changes, number: int) -> None:
    for _ in range(number):
        await look.look()


async def test_a_reload_that_asterisk_did_not_take_is_made_up_for(
    deployment: Deployment, look: Changes, console: Console, rooms: Rooms
) -> None:
    await look.look()
    console.commands.clear()
    console.away = True
    settings_snapshot.write(deployment.settings_file, Settings(version=2))
    await look.look()
    console.away, rooms.files_change = False, False  # the files are as they should be already
    await looks(look, RETRY_AFTER_LOOKS)
    assert console.commands == []
    await looks(look, 2)
    assert console.commands == REREAD


async def test_what_asterisk_may_not_have_read_is_read_once_though_nothing_changes(
    deployment: Deployment, console: Console, rooms: Rooms
) -> None:
    write_banned_acl(deployment, ())
    due = _changes(deployment, reload_due=True)
    await looks(due, 2)
    assert console.commands == [*REREAD, "module reload acl"]
    assert rooms.versions == []


async def test_what_asterisk_may_not_have_read_is_read_later_when_its_console_is_away(
    deployment: Deployment, console: Console, rooms: Rooms
) -> None:
    write_banned_acl(deployment, ())
    due = _changes(deployment, reload_due=True)
    console.away = True
    await due.look()
    console.away = False
    await due.look()
    assert console.commands == ["module reload acl"]  # who is shut out is never put off
    await looks(due, RETRY_AFTER_LOOKS)
    assert console.commands == ["module reload acl", *REREAD]


@pytest.mark.parametrize("error", [SetupError("no template"), OSError(28, "No space left on device")])
async def test_what_could_not_be_written_is_written_later(
    deployment: Deployment, look: Changes, rooms: Rooms, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    async def fail(*_arguments: object) -> bool:
        raise error

    monkeypatch.setattr(setup, "write_asterisk_files", fail)
    settings_snapshot.write(deployment.settings_file, Settings(version=2))
    await look.look()
    monkeypatch.setattr(setup, "write_asterisk_files", rooms.write)
    await looks(look, RETRY_AFTER_LOOKS + 2)
    assert rooms.versions == [2]


async def test_a_prompt_that_cannot_be_spoken_keeps_no_phone_from_asterisk(
    deployment: Deployment, look: Changes, rooms: Rooms, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_arguments: object) -> None:
        raise SetupError("no voice")

    monkeypatch.setattr(setup, "build_prompts", fail)
    settings_snapshot.write(deployment.settings_file, Settings(version=2))
    await look.look()
    assert rooms.versions == [2]


async def test_a_banned_address_reaches_the_list_and_is_lifted_again(
    deployment: Deployment, look: Changes, console: Console, clock: Callable[[float], None]
) -> None:
    banned_list = deployment.asterisk_etc / "banned.list"
    clock(100.0)
    _ban(deployment, {"192.0.2.9": 110.0})
    await look.look()
    assert "deny = 192.0.2.9/32" in banned_list.read_text()
    assert console.commands == ["module reload acl"]
    await look.look()
    assert console.commands == ["module reload acl"]
    clock(111.0)
    await look.look()
    assert "192.0.2.9" not in banned_list.read_text()
    assert console.commands == ["module reload acl"] * 2


async def test_a_ban_that_did_not_reach_asterisk_is_tried_again(
    deployment: Deployment, look: Changes, console: Console, clock: Callable[[float], None]
) -> None:
    clock(100.0)
    _ban(deployment, {"192.0.2.9": 110.0})
    console.away = True
    await look.look()
    console.away = False
    await look.look()
    assert console.commands == ["module reload acl"]


async def test_a_damaged_list_changes_nothing(
    deployment: Deployment, look: Changes, console: Console, clock: Callable[[float], None]
) -> None:
    clock(100.0)
    _ban(deployment, {"192.0.2.9": 110.0})
    await look.look()
    deployment.banned_file.write_text("{")
    await look.look()
    assert "192.0.2.9" in (deployment.asterisk_etc / "banned.list").read_text()


async def test_a_refused_reload_does_not_keep_back_the_others(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    async def refuse(_deployment: object, _install: object, command: str) -> str:
        tried.append(command)
        raise ConsoleError("no such module")

    monkeypatch.setattr(changes, "run_console", refuse)
    await reload_asterisk(deployment, INSTALL)
    assert tried == REREAD


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the wall clock that bans are measured with, in seconds since 1970."""

    def set_to(now_s: float) -> None:
        monkeypatch.setattr(changes.time, "time", lambda: now_s)

    return set_to
