"""The data folder and its deployment.toml: defaults, round trip, refusals that name place and value."""

import os
from dataclasses import fields, replace
from pathlib import Path

import pytest

from hotline.deployment import Deployment, DeploymentError, Ports, _user


@pytest.fixture(autouse=True)
def _no_database_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)


def test_without_a_file_the_defaults_hold_and_only_this_machine_can_reach_us(tmp_path: Path) -> None:
    deployment = Deployment.load(tmp_path)
    assert deployment == Deployment(tmp_path.resolve())
    assert deployment.bind == "127.0.0.1"
    assert deployment.ports.sip == 5060


def test_what_was_saved_is_loaded_and_closed_to_others(tmp_path: Path) -> None:
    saved = Deployment(tmp_path, "192.0.2.7", Ports.from_base(21000), "postgresql://db.example/hotline")
    saved.save()
    assert Deployment.load(tmp_path) == saved
    assert saved.file.stat().st_mode & 0o777 == 0o600


def test_a_password_with_marks_of_toml_survives_being_saved(tmp_path: Path) -> None:
    saved = Deployment(tmp_path, own_database_url='postgresql://u:a"b\\n@db.example/hotline')
    saved.save()
    assert Deployment.load(tmp_path) == saved


def test_a_port_base_keeps_all_ports_together_and_apart() -> None:
    ports = Ports.from_base(21000)
    ports.check()
    numbers = [getattr(ports, f.name) for f in fields(ports)]
    assert len(set(numbers)) == len(numbers)
    assert min(numbers) == 21000
    assert max(numbers) == 21999
    assert ports.rtp_first % 2 == 0
    assert ports.rtp_first > ports.postgres


@pytest.mark.parametrize("base", [0, 1023, 64537, 70000])
def test_an_impossible_port_base_is_refused(base: int) -> None:
    with pytest.raises(DeploymentError, match=f"port base {base}: allowed 1024"):
        Ports.from_base(base)


def test_ports_must_differ_and_sip_must_lie_outside_rtp() -> None:
    with pytest.raises(DeploymentError, match=r"ports.http = 5038: already used by ports.ami"):
        replace(Ports(), http=5038).check()
    with pytest.raises(DeploymentError, match=r"ports.sip = 10002: lies within the RTP range"):
        replace(Ports(), sip=10002).check()
    replace(Ports(), http=10002).check()  # RTP is UDP, pages are TCP


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("bind = 'office'", "bind = 'office': allowed an IP address"),
        ("colour = 1", "unknown key 'colour': allowed bind, database_url"),
        ("database_url = 'mysql://x'", "database_url = 'mysql://x': allowed a postgresql:// URL"),
        ("ports = 5", "ports = 5: allowed a table"),
        ("[ports]\nsips = 1", "unknown key 'ports.sips': allowed sip, sip_tls"),
        ("[ports]\nsip = 70000", "ports.sip = 70000: allowed 1 … 65535"),
        ("[ports]\nsip = true", "ports.sip = True: allowed 1 … 65535"),
        ("[ports]\nrtp_last = 10001", "rtp_first … rtp_last = 10000 … 10001: needs 4 ports"),
        ("bind =", "not valid TOML"),
    ],
)
def test_a_wrong_file_is_refused_by_file_key_and_value(tmp_path: Path, text: str, complaint: str) -> None:
    (tmp_path / "deployment.toml").write_text(text)
    with pytest.raises(DeploymentError) as refused:
        Deployment.load(tmp_path)
    assert str(tmp_path / "deployment.toml") in str(refused.value)
    assert complaint in str(refused.value)


def test_the_lan_override_holds_as_long_as_its_file_is_there(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path)
    deployment.make_folders()
    deployment.save()
    deployment.bind_override.write_text("0.0.0.0\n")
    assert Deployment.load(tmp_path).bind == "0.0.0.0"
    deployment.bind_override.unlink()
    assert Deployment.load(tmp_path).bind == "127.0.0.1"


def test_the_environment_names_the_database_before_the_file_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Deployment(tmp_path, own_database_url="postgresql://file/x").save()
    monkeypatch.setenv("DATABASE_URL", "postgresql://environment/x")
    assert Deployment.load(tmp_path).database_url == "postgresql://environment/x"


def test_the_embedded_databases_url_names_a_password_file_and_no_password(tmp_path: Path) -> None:
    url = Deployment(tmp_path / "a b", ports=Ports.from_base(21000)).database_url
    assert url.startswith("postgresql://hotline@127.0.0.1:21007/hotline?passfile=%2F")
    assert url.endswith("a%20b%2Fsecrets%2Fpgpass")


def test_all_folders_are_closed_to_others(tmp_path: Path) -> None:
    deployment = Deployment(tmp_path / "data")
    deployment.make_folders()
    modes = {f: f.stat().st_mode & 0o777 for f in (deployment.data, *deployment.data.rglob("*"))}
    assert set(modes.values()) == {0o700}
    assert deployment.recordings_incoming in modes
    assert not deployment.postgres.exists()


def test_a_folder_too_deep_for_unix_sockets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeploymentError, match="too long for Unix sockets"):
        Deployment(tmp_path / ("x" * 100)).make_folders()


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("garbage", "'garbage'"),
        ("postgresql://u:secret@h:port/x", "'postgresql://…@h:port/x'"),
        ("postgresql://u:sec/ret@h/x", "'postgresql://…@h/x'"),
        ("postgresql://h:99999/x", "'postgresql://h:99999/x'"),
        ("postgresql://u@h:port/x?password=secret&sslmode=require", "'postgresql://…@h:port/x?password=…"),
        ("u:secret@h/x", "'…@h/x'"),
        ("host=h password='sec ret' dbname=x", "'host=h password=…'"),
        ("Host=h;Password='sec\\'ret'", "'Host=h;Password=…'"),
        ("postgresql://house:secret127.0.0.1/calls", "'postgresql://house:…'"),
        ("postgresql://house:a[sec]c@h/x", "'postgresql://…@h/x'"),
    ],
)
def test_a_database_url_that_cannot_be_is_refused_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, shown: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with pytest.raises(DeploymentError) as refusal:
        Deployment.load(tmp_path)
    assert f"DATABASE_URL: database_url = {shown}" in str(refusal.value)
    assert "sec" not in str(refusal.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:///hotline?host=/run/postgresql",
        "postgres://u:p%2Fw@h:5432/x",
        "postgresql://u@[::1]:5433/x",
        "postgresql://h1:1,h2:2/x",
        "postgresql://h",
        "postgresql://h:5432?sslmode=require",
    ],
)
def test_every_kind_of_database_url_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    assert Deployment.load(tmp_path).database_url == url


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("en", "belongs to user root, and this is 4242; start as root"),
        ("zh", "属于用户 root，而当前用户是 4242"),
    ],
)
def test_another_users_data_folder_is_refused_and_left_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, language: str, told: str
) -> None:
    """`./run` as a user, then `sudo ./run`, or the other way round."""
    monkeypatch.setenv("HOTLINE_LANG", language)
    deployment = Deployment(tmp_path)
    deployment.save()
    mine = deployment.file.stat().st_uid
    names = {mine: "root"}
    monkeypatch.setattr("hotline.deployment._user", lambda number: names.get(number, str(number)))
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    with pytest.raises(DeploymentError, match=told):
        deployment.make_folders()
    assert list(tmp_path.iterdir()) == [deployment.file]
    monkeypatch.setattr(os, "geteuid", lambda: mine)
    deployment.make_folders()
    assert deployment.journals.is_dir()


def test_a_folder_without_a_hotline_is_taken_whoever_has_made_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Such as the mount point of a volume."""
    monkeypatch.setattr(os, "geteuid", lambda: 4242)
    Deployment(tmp_path).make_folders()
    assert Deployment(tmp_path).journals.is_dir()


def test_a_user_without_a_name_is_told_by_number() -> None:
    assert _user(0) == "root"
    assert _user(4_000_000_000) == "4000000000"
