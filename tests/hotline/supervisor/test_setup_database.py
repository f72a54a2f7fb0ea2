"""A database of one's own that cannot be used: named with where its URL stands, without its password."""

from pathlib import Path

import pytest

from hotline.deployment import Deployment
from hotline.supervisor.setup import SetupError, migrate

URL = "postgresql://house:secret@127.0.0.1:1/calls"


@pytest.mark.parametrize(
    ("variable", "file", "place"),
    [(URL, "", "DATABASE_URL"), ("", URL, "deployment.toml"), (URL, "postgresql://h/x", "DATABASE_URL")],
)
async def test_the_complaint_names_where_the_url_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str, file: str, place: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", variable)
    (tmp_path / "deployment.toml").write_text(f"database_url = {file!r}\n")
    with pytest.raises(SetupError, match=f"{place}, postgresql://…@127.0.0.1:1/calls: .*Connect call") as why:
        await migrate(Deployment.load(tmp_path))
    assert "secret" not in str(why.value)


async def test_a_url_that_the_library_refuses_is_told_too() -> None:
    deployment = Deployment(
        Path("/nowhere"), own_database_url=f"{URL}?sslmode=perhaps", own_database_from="DATABASE_URL"
    )
    with pytest.raises(SetupError, match=r"DATABASE_URL.*sslmode"):
        await migrate(deployment)


async def test_the_embedded_one_has_no_url_to_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    (tmp_path / "deployment.toml").write_text("[ports]\npostgres = 1\n")
    with pytest.raises(SetupError, match=r"^the database: "):
        await migrate(Deployment.load(tmp_path))
