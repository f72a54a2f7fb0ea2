"""The master of the settings: versions only grow, an import is whole or nothing, the snapshot follows."""

from __future__ import annotations

import asyncio
import copy
import os
import tomllib
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import hotline
from hotline import settings_snapshot, settings_store
from hotline.core.settings_check import SettingsRefused, check_settings
from hotline.database import migrate
from hotline.settings_store import FileUnreadable, NoSuchVersion

DEFAULTS = Path(hotline.__file__).parent / "defaults" / "settings.toml"
DOCUMENT = tomllib.loads(DEFAULTS.read_text("utf-8"))


def changed(**hotline_keys: Any) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    document["hotline"].update(hotline_keys)
    return document


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    return tmp_path / "settings" / "current.json"


@pytest.fixture
def new_database_url(postgres: Any) -> str:
    """Another database, without any table."""
    url: str = postgres.create(f"new_{os.getpid()}")
    return url


async def test_an_empty_database_has_no_settings(database_url: str) -> None:
    assert await settings_store.current(database_url) is None
    assert await settings_store.history(database_url) == []
    with pytest.raises(NoSuchVersion, match="no settings yet"):
        await settings_store.export(database_url)


async def test_an_import_is_a_version_with_its_author(database_url: str, snapshot: Path) -> None:
    first = await settings_store.import_file(
        database_url, DEFAULTS, author="anna", snapshot=snapshot, comment="opening"
    )
    assert first.version == 1
    assert settings_snapshot.read(snapshot) == first == await settings_store.current(database_url)
    second = await settings_store.import_document(
        database_url, changed(target_rings=2), file="page", author="bo", snapshot=snapshot
    )
    assert (second.version, second.hotline.target_rings) == (2, 2)
    assert settings_snapshot.read(snapshot) == second == await settings_store.current(database_url)
    history = await settings_store.history(database_url)
    assert [(entry.version, entry.author, entry.comment) for entry in history] == [
        (2, "bo", ""),
        (1, "anna", "opening"),
    ]
    assert all(abs(datetime.now(UTC) - entry.at) < timedelta(minutes=1) for entry in history)
    assert [entry.version for entry in await settings_store.history(database_url, limit=1)] == [2]


async def test_refused_settings_change_nothing(database_url: str, snapshot: Path) -> None:
    await settings_store.import_file(database_url, DEFAULTS, author="anna", snapshot=snapshot)
    before = settings_snapshot.read(snapshot)
    with pytest.raises(SettingsRefused, match=r"page: hotline\.target_rings: 0 is not allowed"):
        await settings_store.import_document(
            database_url, changed(target_rings=0), file="page", author="bo", snapshot=snapshot
        )
    assert len(await settings_store.history(database_url)) == 1
    assert settings_snapshot.read(snapshot) == before


async def test_settings_are_refused_without_a_database(snapshot: Path) -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/none"
    with pytest.raises(SettingsRefused):
        await settings_store.import_document(
            nowhere, {"bogus": 1}, file="page", author="bo", snapshot=snapshot
        )


async def test_what_was_accepted_before_newer_rules_stays_usable(
    database_url: str, snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An update must not keep a hotline from starting."""
    document = copy.deepcopy(DOCUMENT)
    document["queue"][0].update(recall_within_s=1800, return_within_s=0)
    with pytest.raises(SettingsRefused, match="return_within_s"):
        await settings_store.import_document(
            database_url, document, file="page", author="anna", snapshot=snapshot
        )
    with monkeypatch.context() as before:
        before.setattr(settings_store, "check_settings", partial(check_settings, stored=True))
        await settings_store.import_document(
            database_url, document, file="page", author="anna", snapshot=snapshot
        )
    current = await settings_store.current(database_url)
    assert current is not None
    assert current.queues[0].recall_within_s == 1800
    assert settings_snapshot.read(snapshot) == current


async def test_imports_at_once_become_versions_in_line(database_url: str, snapshot: Path) -> None:
    imports = (
        settings_store.import_document(
            database_url, changed(service_level_s=number), file="page", author="bo", snapshot=snapshot
        )
        for number in range(10, 16)
    )
    done = await asyncio.gather(*imports)
    assert sorted(settings.version for settings in done) == [1, 2, 3, 4, 5, 6]
    newest = max(done, key=lambda settings: settings.version)
    assert settings_snapshot.read(snapshot) == newest == await settings_store.current(database_url)


async def test_what_is_exported_can_be_imported(database_url: str, snapshot: Path, tmp_path: Path) -> None:
    first = await settings_store.import_file(database_url, DEFAULTS, author="anna", snapshot=snapshot)
    file = tmp_path / "mine.toml"
    file.write_text(await settings_store.export(database_url), "utf-8")
    assert file.read_text("utf-8").startswith("# Version 1 of the settings.")
    second = await settings_store.import_file(database_url, file, author="anna", snapshot=snapshot)
    assert second.version == 2
    assert (second.hotline, second.queues, second.flows, second.hours) == (
        first.hotline,
        first.queues,
        first.flows,
        first.hours,
    )


async def test_old_versions_can_be_exported(database_url: str, snapshot: Path) -> None:
    for rings in (2, 3):
        await settings_store.import_document(
            database_url, changed(target_rings=rings), file="page", author="bo", snapshot=snapshot
        )
    assert "target_rings = 2" in await settings_store.export(database_url, 1)
    assert "target_rings = 3" in await settings_store.export(database_url)
    with pytest.raises(NoSuchVersion, match="version 9 does not exist"):
        await settings_store.export(database_url, 9)


async def test_a_first_start_imports_the_file_and_later_ones_do_not(
    database_url: str, snapshot: Path, tmp_path: Path
) -> None:
    first = await settings_store.settle(database_url, DEFAULTS, author="hotline", snapshot=snapshot)
    assert first.version == 1
    assert settings_snapshot.read(snapshot) == first
    newer = await settings_store.import_document(
        database_url, changed(target_rings=5), file="page", author="bo", snapshot=snapshot
    )
    again = await settings_store.settle(database_url, DEFAULTS, author="hotline", snapshot=snapshot)
    assert again == newer == settings_snapshot.read(snapshot)
    assert len(await settings_store.history(database_url)) == 2


async def test_a_lost_or_old_snapshot_is_written_again(database_url: str, snapshot: Path) -> None:
    first = await settings_store.settle(database_url, DEFAULTS, author="hotline", snapshot=snapshot)
    os.unlink(snapshot)
    assert await settings_store.settle(database_url, DEFAULTS, author="hotline", snapshot=snapshot) == first
    assert settings_snapshot.read(snapshot) == first


async def test_a_version_whose_snapshot_could_not_be_written_is_settled_later(
    database_url: str, snapshot: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(settings_snapshot, "write", full)
        with pytest.raises(OSError, match="no space"):
            await settings_store.import_file(database_url, DEFAULTS, author="anna", snapshot=snapshot)
    settled = await settings_store.settle(database_url, DEFAULTS, author="hotline", snapshot=snapshot)
    assert (settled.version, settings_snapshot.read(snapshot).version) == (1, 1)


@pytest.mark.parametrize("content", [None, b"= 5", b"\xff\xfe"])
async def test_a_file_that_is_no_toml_is_named(tmp_path: Path, snapshot: Path, content: bytes | None) -> None:
    file = tmp_path / "mine.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(FileUnreadable, match=r"mine\.toml"):
        await settings_store.import_file("postgresql://x", file, author="anna", snapshot=snapshot)


async def test_a_snapshot_that_is_right_is_not_replaced(database_url: str, snapshot: Path) -> None:
    await settings_store.settle(database_url, DEFAULTS, author="hotline", snapshot=snapshot)
    before = os.stat(snapshot).st_ino
    await settings_store.settle(database_url, DEFAULTS, author="hotline", snapshot=snapshot)
    assert os.stat(snapshot).st_ino == before


async def test_a_new_database_takes_over_the_settings_of_the_house(
    database_url: str, new_database_url: str, snapshot: Path
) -> None:
    for rings in (2, 5):
        await settings_store.import_document(
            database_url, changed(target_rings=rings), file="page", author="bo", snapshot=snapshot
        )
    await migrate(new_database_url)
    settings = await settings_store.settle(new_database_url, DEFAULTS, author="hotline", snapshot=snapshot)
    assert (settings.version, settings.hotline.target_rings) == (2, 5)
    assert await settings_store.current(new_database_url) == settings


async def test_a_damaged_snapshot_heals_when_the_database_has_settings(
    database_url: str, snapshot: Path
) -> None:
    first = await settings_store.settle(database_url, DEFAULTS, author="hotline", snapshot=snapshot)
    damage(snapshot)
    assert await settings_store.settle(database_url, DEFAULTS, author="hotline", snapshot=snapshot) == first
    assert settings_snapshot.read(snapshot) == first


async def test_a_damaged_snapshot_is_not_quietly_replaced_by_first_settings(
    database_url: str, snapshot: Path
) -> None:
    damage(snapshot)
    with pytest.raises(SettingsRefused, match=r"current\.json"):
        await settings_store.settle(database_url, DEFAULTS, author="hotline", snapshot=snapshot)
    assert await settings_store.current(database_url) is None


def damage(snapshot: Path) -> None:
    snapshot.parent.mkdir(exist_ok=True)
    snapshot.write_text("{", "utf-8")
