"""Secrets: made once, closed to others, never lost by two writers, impossible ones refused."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hotline.core.settings import Agent, Phone, Settings, Trunk
from hotline.deployment import Deployment
from hotline.secrets import Secrets, SecretsError


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return Deployment(tmp_path)


def test_missing_secrets_are_made_once_and_differ(deployment: Deployment) -> None:
    first = Secrets.load(deployment)
    values = [first.agi_token, first.ami_acd, first.web_cookie_key, first.display_token, first.postgres]
    assert len(set(values)) == 5
    assert all(len(value) == 24 and value.isalnum() for value in values)
    again = Secrets.load(deployment)
    assert again.agi_token == first.agi_token
    assert again.postgres == first.postgres


def test_every_file_and_the_folder_are_closed_to_others(deployment: Deployment) -> None:
    Secrets.load(deployment).phone("1001")
    folder = deployment.secrets_file.parent
    assert folder.stat().st_mode & 0o777 == 0o700
    files = list(folder.iterdir())
    assert {file.name for file in files} == {"secrets.json", "pgpass", "lock"}
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}


def test_one_process_sees_what_another_made(deployment: Deployment) -> None:
    here, there = Secrets.load(deployment), Secrets.load(deployment)
    assert there.phone("1001") == here.phone("1001")
    there.set("pins", "1024", "4711")
    assert here.pin("1024") == "4711"


def test_a_made_pin_has_six_digits(deployment: Deployment) -> None:
    pin = Secrets.load(deployment).pin("1024")
    assert len(pin) == 6
    assert pin.isdigit()


def test_a_trunk_without_password_has_none_because_the_carrier_gives_it(deployment: Deployment) -> None:
    secrets = Secrets.load(deployment)
    assert secrets.trunk("carrier") == ""
    secrets.set("trunks", "carrier", "given by carrier")
    assert Secrets.load(deployment).trunk("carrier") == "given by carrier"


def test_the_settings_missing_secrets_are_made_but_no_carriers(deployment: Deployment) -> None:
    settings = Settings(
        version=1,
        phones=(Phone("1001"),),
        agents=(Agent("1024", "A"),),
        trunks=(Trunk("peer", "peer"), Trunk("carrier", "registered")),
    )
    secrets = Secrets.load(deployment)
    secrets.make_missing(settings)
    document = json.loads(deployment.secrets_file.read_text())
    assert set(document["phones"]) == {"1001"}
    assert set(document["pins"]) == {"1024"}
    assert set(document["trunks"]) == {"peer"}
    assert set(document["users"]) == {"admin"}
    before = deployment.secrets_file.stat().st_mtime_ns
    secrets.make_missing(settings)
    assert deployment.secrets_file.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [
        ("colours", "x", "y"),
        ("phones", "1001", ""),
        ("phones", "1001", "a\r\nb"),
        ("pins", "1024", "777"),
        ("pins", "1024", "77a7"),
        ("pins", "1024", "7" * 13),
    ],
)
def test_an_impossible_secret_is_refused_without_repeating_it(
    deployment: Deployment, kind: str, name: str, value: str
) -> None:
    with pytest.raises(ValueError, match="secret") as refused:
        Secrets.load(deployment).set(kind, name, value)
    assert not value or value not in str(refused.value)


@pytest.mark.parametrize("text", ["{", "[]"])
def test_a_damaged_file_is_named_and_kept(deployment: Deployment, text: str) -> None:
    deployment.secrets_file.parent.mkdir()
    deployment.secrets_file.write_text(text)
    with pytest.raises(SecretsError, match=str(deployment.secrets_file)):
        Secrets.load(deployment)
    assert deployment.secrets_file.read_text() == text


_MAKE_PHONES = """
import sys
from pathlib import Path
from hotline.deployment import Deployment
from hotline.secrets import Secrets
secrets = Secrets.load(Deployment(Path(sys.argv[1])))
for number in range(20):
    secrets.phone(sys.argv[2] + str(number))
"""


def test_two_writers_lose_nothing(tmp_path: Path) -> None:
    writers = [subprocess.Popen([sys.executable, "-c", _MAKE_PHONES, str(tmp_path), name]) for name in "ab"]
    assert [writer.wait(30) for writer in writers] == [0, 0]
    document = json.loads(Deployment(tmp_path).secrets_file.read_text())
    assert len(document["phones"]) == 40
