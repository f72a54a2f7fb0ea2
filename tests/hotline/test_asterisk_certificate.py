"""The self-signed certificate: for whom it is, how it is kept, and that a house's own is never touched."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509

from hotline.asterisk_certificate import CERTIFICATE, KEY, make_certificate


def test_it_is_for_the_addresses_given(tmp_path: Path) -> None:
    assert make_certificate(tmp_path, ["sip.example.org", "192.0.2.5", "0.0.0.0", ""])
    certificate = x509.load_pem_x509_certificate((tmp_path / CERTIFICATE).read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert "sip.example.org" in names.get_values_for_type(x509.DNSName)
    assert [str(address) for address in names.get_values_for_type(x509.IPAddress)] == ["192.0.2.5"]
    now = datetime.now(UTC)
    assert certificate.not_valid_before_utc < now < certificate.not_valid_after_utc - timedelta(days=3000)


def test_the_key_is_for_the_owner_only(tmp_path: Path) -> None:
    make_certificate(tmp_path, [])
    assert (tmp_path / KEY).stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == [CERTIFICATE, KEY]


def test_an_existing_pair_is_never_touched(tmp_path: Path) -> None:
    (tmp_path / CERTIFICATE).write_text("theirs", "utf-8")
    (tmp_path / KEY).write_text("theirs", "utf-8")
    assert not make_certificate(tmp_path, [])
    assert (tmp_path / KEY).read_text("utf-8") == "theirs"


def test_a_half_pair_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / CERTIFICATE).write_text("without its key", "utf-8")
    assert make_certificate(tmp_path, [])
    x509.load_pem_x509_certificate((tmp_path / CERTIFICATE).read_bytes())
