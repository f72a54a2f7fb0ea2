"""SIP messages as values: reading, writing, and the answer to a digest challenge.

Just enough of RFC 3261 for a phone over UDP. Knows no socket and no clock.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field

COMPACT = {"v": "Via", "f": "From", "t": "To", "i": "Call-ID", "m": "Contact", "l": "Content-Length"} | {
    "c": "Content-Type",
    "s": "Subject",
    "k": "Supported",
    "r": "Refer-To",
    "x": "Session-Expires",
}
DIGESTS = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}


class SipSyntaxError(ValueError):
    """These bytes are no SIP message."""


@dataclass(slots=True)
class Message:
    """A request (method and uri) or a response (status and reason)."""

    method: str = ""
    uri: str = ""
    status: int = 0
    reason: str = ""
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""

    def header(self, name: str) -> str:
        """The first header of this name, "" if there is none."""
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")

    def all(self, name: str) -> list[str]:
        """All headers of this name, in order."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def call_id(self) -> str:
        return self.header("Call-ID")

    @property
    def cseq(self) -> tuple[int, str]:
        """Number and method of the CSeq header; (0, "") when it is malformed."""
        number, _, method = self.header("CSeq").partition(" ")
        return (int(number), method.strip()) if number.isdigit() else (0, "")

    @property
    def branch(self) -> str:
        """The transaction's id, from the topmost Via."""
        return parameter(self.header("Via"), "branch")

    def to_bytes(self) -> bytes:
        """The message as sent; Content-Length is added."""
        first = f"{self.method} {self.uri} SIP/2.0" if self.method else f"SIP/2.0 {self.status} {self.reason}"
        body = self.body.encode()
        lines = [first, *(f"{name}: {value}" for name, value in self.headers), f"Content-Length: {len(body)}"]
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + body

    def __str__(self) -> str:
        what = f"{self.method} {self.uri}" if self.method else f"{self.status} {self.reason}"
        return f"{what} ({self.header('CSeq')})"


def parse(packet: bytes) -> Message:
    """The message in a datagram. Raises SipSyntaxError."""
    head, _, body = packet.partition(b"\r\n\r\n")
    first, *lines = head.decode("utf-8", "surrogateescape").split("\r\n")
    words = first.split(" ", 2)
    if len(words) != 3:
        raise SipSyntaxError(f"first line {first[:60]!r}")
    message = Message()
    if words[0] == "SIP/2.0" and words[1].isdigit():
        message.status, message.reason = int(words[1]), words[2]
    elif words[2] == "SIP/2.0":
        message.method, message.uri = words[0], words[1]
    else:
        raise SipSyntaxError(f"first line {first[:60]!r}")
    for line in lines:
        if line[:1] in (" ", "\t") and message.headers:  # a folded line goes on with the one before
            name, value = message.headers[-1]
            message.headers[-1] = (name, f"{value} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        if not colon:
            raise SipSyntaxError(f"header line {line[:60]!r}")
        name = name.strip()
        message.headers.append((COMPACT.get(name.lower(), name), value.strip()))
    message.body = body.decode("utf-8", "replace")
    return message


def parameter(value: str, name: str) -> str:
    """A `;name=value` parameter of a header, "" when absent."""
    found = re.search(rf";\s*{re.escape(name)}\s*=\s*\"?([^\";,>\s]*)", value, re.IGNORECASE)
    return found[1] if found else ""


def address_uri(value: str) -> str:
    """The URI within a name-addr header value: `"Name" <sip:a@b>;tag=x` gives `sip:a@b`."""
    found = re.search(r"<([^>]*)>", value)
    return found[1] if found else value.split(";")[0].strip()


def uri_user(uri: str) -> str:
    """The user part of a SIP URI, "" when it has none."""
    found = re.match(r"sips?:([^@;]*)@", uri)
    return found[1] if found else ""


def uri_address(uri: str) -> tuple[str, int]:
    """Host and port of a SIP URI (IPv4 or name)."""
    found = re.match(r"sips?:(?:[^@]*@)?([^:;>?]+)(?::(\d+))?", uri)
    if not found:
        raise SipSyntaxError(f"URI {uri[:60]!r}")
    return found[1], int(found[2] or 5060)


def digest_answer(challenge: str, *, user: str, password: str, method: str, uri: str, cnonce: str) -> str:
    """The Authorization header that answers a Digest challenge. Source: RFC 2617 and RFC 8760."""
    asked = {
        key.lower(): quoted or plain
        for key, quoted, plain in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', challenge)
    }
    algorithm = asked.get("algorithm", "MD5").upper()
    if algorithm not in DIGESTS:
        raise SipSyntaxError(f"digest algorithm {algorithm!r}; allowed: {', '.join(DIGESTS)}")

    def digest(text: str) -> str:
        return DIGESTS[algorithm](text.encode()).hexdigest()

    secret = digest(f"{user}:{asked['realm']}:{password}")
    deed = digest(f"{method}:{uri}")
    fields = [
        ("username", user),
        ("realm", asked["realm"]),
        ("nonce", asked["nonce"]),
        ("uri", uri),
    ]
    plain = f"algorithm={algorithm}"
    if "auth" in asked.get("qop", "").split(","):
        fields.append(("cnonce", cnonce))
        fields.append(("response", digest(f"{secret}:{asked['nonce']}:00000001:{cnonce}:auth:{deed}")))
        plain += ", qop=auth, nc=00000001"
    else:
        fields.append(("response", digest(f"{secret}:{asked['nonce']}:{deed}")))
    if "opaque" in asked:
        fields.append(("opaque", asked["opaque"]))
    return "Digest " + ", ".join(f'{key}="{value}"' for key, value in fields) + ", " + plain
