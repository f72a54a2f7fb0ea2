"""A self-signed certificate for SIP over TLS, for as long as the house has none of its own.

Put your own as hotline.crt and hotline.key into DATA/asterisk/keys: an existing pair is never touched.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

CERTIFICATE = "hotline.crt"
KEY = "hotline.key"
VALID_DAYS = 3650
KEY_BITS = 2048  # what every telephone can check


def make_certificate(folder: Path, addresses: Iterable[str]) -> bool:
    """Makes certificate and key when one of both is missing; True when made.

    `addresses` are the hosts or IP addresses it is for, besides this machine's name; empty and unspecified
    ones are passed over. Raises OSError when the folder cannot be written.
    """
    if (folder / CERTIFICATE).exists() and (folder / KEY).exists():
        return False
    # Only houses with TLS lines need it, and it is slow to import.
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    host = socket.gethostname()[:64] or "hotline"
    names: list[x509.GeneralName] = [x509.DNSName(host)]
    for address in filter(None, addresses):
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            names.append(x509.DNSName(address))
            continue
        if not parsed.is_unspecified:
            names.append(x509.IPAddress(parsed))
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # clocks of telephones are often behind
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(folder / KEY, secret)
    _write(folder / CERTIFICATE, certificate.public_bytes(serialization.Encoding.PEM))
    return True


def _write(path: Path, content: bytes) -> None:
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    temporary.replace(path)
