"""Which addresses are shut out now: by time, in order, bounded; a damaged file is named."""

import json
from pathlib import Path

import pytest

from hotline.supervisor.banned import MAX_ADDRESSES, BannedFileError, banned_now


def _write(file: Path, addresses: dict[str, float]) -> Path:
    file.write_text(json.dumps({"addresses": addresses}))
    return file


def test_without_a_file_nobody_is_banned(tmp_path: Path) -> None:
    assert banned_now(tmp_path / "banned.json", 100.0) == ()


def test_a_ban_ends_at_its_time(tmp_path: Path) -> None:
    file = _write(tmp_path / "b", {"192.0.2.9": 101.0, "192.0.2.1": 100.0, "2001:db8::1": 200.0})
    assert banned_now(file, 100.0) == ("192.0.2.9", "2001:db8::1")
    assert banned_now(file, 101.0) == ("2001:db8::1",)


def test_an_address_has_one_spelling(tmp_path: Path) -> None:
    assert banned_now(_write(tmp_path / "b", {"2001:DB8:0::1": 200.0}), 100.0) == ("2001:db8::1",)


def test_a_network_may_be_banned(tmp_path: Path) -> None:
    file = _write(tmp_path / "b", {"2001:DB8::/64": 200.0, "192.0.2.1/32": 200.0})
    assert banned_now(file, 100.0) == ("192.0.2.1", "2001:db8::/64")


def test_too_many_keep_those_banned_longest(tmp_path: Path) -> None:
    addresses = {f"10.0.{n // 256}.{n % 256}": 1000.0 + n for n in range(MAX_ADDRESSES + 5)}
    banned = banned_now(_write(tmp_path / "b", addresses), 0.0)
    assert len(banned) == MAX_ADDRESSES
    assert "10.0.0.4" not in banned
    assert "10.0.0.5" in banned


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "{}",
        '{"addresses": []}',
        '{"addresses": {"evil\\ndeny": 5}}',
        '{"addresses": {"::1": "x"}}',
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "banned.json"
    file.write_text(text)
    with pytest.raises(BannedFileError, match=str(file)):
        banned_now(file, 0.0)
