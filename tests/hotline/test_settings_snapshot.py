"""The local copy of the settings: what is written is read back, damage is told, replacing is atomic."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hotline import settings_snapshot
from hotline.core.settings import (
    Agent,
    Hotline,
    Outgoing,
    Phone,
    Queue,
    Settings,
    Text,
    Trunk,
)
from hotline.core.settings_check import SettingsRefused, check_settings, settings_to_document

SETTINGS = Settings(
    version=5, hotline=Hotline(name=Text("市民热线", "Citizens' line")), phones=(Phone("1001"),)
)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "settings" / "current.json"
    settings_snapshot.write(path, SETTINGS)
    assert settings_snapshot.read(path) == SETTINGS
    assert json.loads(path.read_text("utf-8"))["version"] == 5


def test_writing_replaces_the_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "current.json"
    settings_snapshot.write(path, SETTINGS)
    first = path.stat().st_ino
    with path.open("rb") as still_open:
        settings_snapshot.write(path, Settings(version=6))
        assert json.load(still_open)["version"] == 5
    assert path.stat().st_ino != first
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_keeps_the_old_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "current.json"
    settings_snapshot.write(path, SETTINGS)

    def full(*_: object, **__: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(settings_snapshot.json, "dump", full)
    with pytest.raises(OSError, match="no space"):
        settings_snapshot.write(path, Settings(version=6))
    assert settings_snapshot.read(path) == SETTINGS
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"version": 1}', '{"version": "1", "settings": {}}', "null"]
)
def test_a_damaged_snapshot_is_told_with_its_path(tmp_path: Path, text: str) -> None:
    path = tmp_path / "current.json"
    path.write_text(text, "utf-8")
    with pytest.raises(SettingsRefused, match=r"current\.json"):
        settings_snapshot.read(path)


def test_a_missing_snapshot_is_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        settings_snapshot.read(tmp_path / "current.json")


NEWLY_REFUSED = (
    Settings(version=7, queues=(Queue("a", Text("甲", "A"), whisper="queue-service", recall_within_s=60),)),
    Settings(
        version=7,
        trunks=(Trunk("carrier", "address", "192.0.2.1"),),
        agents=(Agent("9110", "Li"),),
        outgoing=Outgoing("carrier", presented="4001"),
    ),
)


@pytest.mark.parametrize("settings", NEWLY_REFUSED, ids=["recall", "emergency"])
def test_what_was_accepted_before_newer_rules_stays_usable(tmp_path: Path, settings: Settings) -> None:
    """Else an update would keep a hotline from starting."""
    with pytest.raises(SettingsRefused):
        check_settings(settings_to_document(settings), file="new", version=7)
    path = tmp_path / "current.json"
    settings_snapshot.write(path, settings)
    assert settings_snapshot.read(path) == settings
