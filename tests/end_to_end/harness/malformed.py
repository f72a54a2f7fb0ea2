"""SIP messages that are wrong, each in one way, in the manner of RFC 4475 (torture tests) and beyond it.

Written for these tests, by kind; none is copied. Every message is for the number 9999, which nobody has.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator

Address = tuple[str, int]
SDP = "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nc=IN IP4 {host}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 8\r\n"


class Draft:
    """A valid INVITE with an offer, to be spoilt."""

    def __init__(self, here: Address, server: Address, method: str = "INVITE") -> None:
        host, port = here
        self.first = f"{method} sip:9999@{server[0]}:{server[1]} SIP/2.0"
        self.body: str | bytes = SDP.format(host=host)
        self.headers = {
            "Via": f"SIP/2.0/UDP {host}:{port};rport;branch=z9hG4bK{secrets.token_hex(8)}",
            "Max-Forwards": "70",
            "From": f'"Caller" <sip:13800000000@{host}>;tag={secrets.token_hex(4)}',
            "To": f"<sip:9999@{server[0]}>",
            "Call-ID": secrets.token_hex(8),
            "CSeq": f"1 {method}",
            "Contact": f"<sip:13800000000@{host}:{port}>",
            "Content-Type": "application/sdp",
            "Content-Length": "",
        }

    def packet(self, **changed: str | bytes | None) -> bytes:
        """The message with these headers (_ for -) replaced; None leaves one out."""
        body = self.body if isinstance(self.body, bytes) else self.body.encode()
        headers: dict[str, str | bytes | None] = {**self.headers, "Content-Length": str(len(body))}
        headers.update({name.replace("_", "-"): value for name, value in changed.items()})
        lines = [self.first.encode("utf-8", "surrogateescape")]
        for name, value in headers.items():
            if value is not None:
                lines.append(name.encode() + b": " + (value if isinstance(value, bytes) else value.encode()))
        return b"\r\n".join(lines) + b"\r\n\r\n" + body


def malformed_messages(here: Address, server: Address) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each."""
    yield from _bad_first_lines(here, server)
    yield from _bad_headers(here, server)
    yield from _missing_headers(here, server)
    yield from _bad_bytes(here, server)
    yield from _bad_bodies(here, server)


def _bad_first_lines(here: Address, server: Address) -> Iterator[tuple[str, bytes]]:
    target = f"sip:9999@{server[0]}"
    for name, first in (
        ("no version", f"INVITE {target}"),
        ("another version", f"INVITE {target} SIP/7.0"),
        ("HTTP", "GET / HTTP/1.1"),
        ("no URI", "INVITE  SIP/2.0"),
        ("spaces in the URI", "INVITE sip:9999; lr@x y SIP/2.0"),
        ("angle brackets around the URI", f"INVITE <{target}> SIP/2.0"),
        ("headers in the URI", f"INVITE {target}?Route=%3Csip:evil%3E SIP/2.0"),
        ("unknown scheme", "INVITE nobodyknows:9999 SIP/2.0"),
        ("escaped NUL in the URI", f"INVITE sip:%00%00@{server[0]} SIP/2.0"),
        ("endless user", f"INVITE sip:{'9' * 8000}@{server[0]} SIP/2.0"),
        ("endless host", f"INVITE sip:9999@{'a.' * 3000}example SIP/2.0"),
        ("port out of range", f"INVITE {target}:99999999999 SIP/2.0"),
        ("unclosed IPv6", "INVITE sip:9999@[2001:db8:: SIP/2.0"),
        ("unknown method", f"!interesting-Method0123456789_*+`.%~ {target} SIP/2.0"),
        ("endless method", f"{'X' * 5000} {target} SIP/2.0"),
        ("negative status", "SIP/2.0 -200 OK"),
        ("status of many digits", "SIP/2.0 4294967301 better not break"),
        ("a response to nothing", "SIP/2.0 200 OK"),
        ("only spaces", " " * 50),
    ):
        draft = Draft(here, server)
        draft.first = first
        yield f"first line: {name}", draft.packet()


def _bad_headers(here: Address, server: Address) -> Iterator[tuple[str, bytes]]:
    host, port = here
    for name, value in (
        ("Content-Length", "-1"),
        ("Content-Length", "999999999999999999999"),
        ("Content-Length", "5000"),
        ("Content-Length", "3"),
        ("Content-Length", "x"),
        ("CSeq", "-36893488147419103232 INVITE"),
        ("CSeq", "-1 INVITE"),
        ("CSeq", "4294967296 INVITE"),
        ("CSeq", "1 OPTIONS"),
        ("CSeq", "INVITE"),
        ("Max-Forwards", "-5"),
        ("Max-Forwards", "300000000000"),
        ("Max-Forwards", "0"),
        ("From", '"unterminated <sip:a@b>;tag=1'),
        ("From", "<sip:a@b;tag=1"),
        ("From", '"\\" <sip:a@b>;tag=1'),
        ("From", "<sip:a@b>;tag=1;tag=2;tag="),
        ("From", "<sip:${HL_TOKEN}@b>;tag=$[1/0]"),
        ("From", f"<sip:{'a' * 60000}@b>;tag=1"),
        ("From", ""),
        ("To", "<sip:9999@[::1>"),
        ("To", "sip:9999@x, sip:9998@x"),
        ("To", "<mailto:a@b>"),
        ("Contact", "*"),
        ("Contact", '""<sip:a@b>;expires=99999999999999;q=-1.00000'),
        ("Contact", "<sip:a@0.0.0.0:0;transport=nothing;maddr=255.255.255.255>"),
        ("Via", f"SIP/2.0/UDP {host}:{port};branch="),
        ("Via", "SIP/2.0/UDP 192.0.2.300:-1;;;;branch=z9hG4bK;rport=99999999"),
        ("Via", ", , ,"),
        ("Call-ID", ""),
        ("Expires", "-1"),
        ("Date", "Fri, 99 Foo 20100 99:99:99 EST"),
        ("Require", "100rel, nothing-we-know, ,"),
        ("Route", "<sip:127.0.0.1;lr>, <sip:127.0.0.1"),
        ("Authorization", 'Digest username="1001, realm=, nonce=\\", uri=;, response="'),
        ("Authorization", "NoScheme"),
        ("Session-Expires", "0;refresher=nobody"),
        ("Replaces", ";;to-tag;from-tag="),
    ):
        yield f"{name}: {value[:30]}", Draft(here, server).packet(**{name.replace("-", "_"): value})
    twice = Draft(here, server).packet(
        From='<sip:a@b>;tag=1\r\nFrom: "b" <sip:b@b>;tag=2\r\nf: <sip:c@b>;tag=3'
    )
    yield "From: three of them", twice
    yield "Call-ID: two of them", Draft(here, server).packet(Call_ID="one\r\nCall-ID: two\r\ni: three")
    yield "Content-Length: two of them", Draft(here, server).packet(Content_Length="0\r\nContent-Length: 900")
    yield (
        "Via: four hundred",
        Draft(here, server).packet(Via="\r\nVia: ".join(["SIP/2.0/UDP a;branch=z"] * 400)),
    )


def _missing_headers(here: Address, server: Address) -> Iterator[tuple[str, bytes]]:
    for name in ("Via", "From", "To", "Call-ID", "CSeq", "Max-Forwards", "Contact", "Content-Length"):
        yield f"no {name}", Draft(here, server).packet(**{name.replace("-", "_"): None})
    yield "no headers at all", Draft(here, server).first.encode() + b"\r\n\r\n"


def _bad_bytes(here: Address, server: Address) -> Iterator[tuple[str, bytes]]:
    for name, value in (
        ("NUL in a name", b'"a\0b" <sip:a@b>;tag=1'),
        ("NUL in a URI", b"<sip:a\0b@c>;tag=1"),
        ("bad UTF-8", b'"\xc3\x28\xff\xfe\xed\xa0\x80" <sip:a@b>;tag=1'),
        ("control characters", b'"\x01\x02\x1b[2J\x7f" <sip:a@b>;tag=1'),
        ("bare LF", b'"a\nEvent: FullyBooted\n\n" <sip:a@b>;tag=1'),
        ("bare CR", b'"a\rX: y" <sip:a@b>;tag=1'),
        ("folded", b'"a"\r\n <sip:a@b>\r\n\t;tag=1'),
    ):
        yield f"bytes: {name}", Draft(here, server).packet(From=value)
    yield "bytes: header of 64 kB", Draft(here, server).packet(Subject="x" * 64_000)
    yield "bytes: 5,000 headers", Draft(here, server).packet(Subject="x" + "\r\nX: y" * 5000)
    yield "bytes: folded 3,000 times", Draft(here, server).packet(Subject="x" + "\r\n y" * 3000)
    yield "bytes: LF only", Draft(here, server).packet().replace(b"\r\n", b"\n")
    yield "bytes: cut in a header", Draft(here, server).packet()[:150]
    yield "bytes: nothing but line ends", b"\r\n" * 500
    yield "bytes: 60 kB of 0xff", b"\xff" * 60_000
    yield "bytes: STUN", b"\x00\x01\x00\x00\x21\x12\xa4\x42" + b"\0" * 12


def _bad_bodies(here: Address, server: Address) -> Iterator[tuple[str, bytes]]:
    host = here[0]
    good = SDP.format(host=host)
    for name, body in (
        ("no origin", good.replace("o=- 1 1 IN IP4", "o=")),
        ("no version", good.removeprefix("v=0\r\n")),
        ("port out of range", good.replace("40000", "999999999")),
        ("negative port", good.replace("40000", "-1")),
        ("payload type out of range", good.replace("AVP 8", "AVP 4294967304 -8")),
        ("address that is none", good.replace(f"c=IN IP4 {host}", "c=IN IP4 999.1.1.1")),
        ("no address", good.replace(f"c=IN IP4 {host}\r\n", "")),
        ("a thousand media", good + "m=audio 40000 RTP/AVP 8\r\n" * 1000),
        ("a thousand attributes", good + "a=rtpmap:8 PCMA/8000\r\n" * 1000),
        ("rtpmap by zero", good + "a=rtpmap:8 PCMA/0/0\r\na=ptime:0\r\na=maxptime:-20\r\n"),
        ("crypto of nonsense", good.replace("AVP", "SAVP") + "a=crypto:1 AES_CM_128 inline:!!!!\r\n"),
        ("endless line", good + "a=" + "x" * 30_000 + "\r\n"),
        ("NUL", good + "a=\0\r\n"),
        ("no SDP", "<xml/>"),
        ("empty", ""),
    ):
        draft = Draft(here, server)
        draft.body = body
        yield f"SDP: {name}", draft.packet()
    draft = Draft(here, server)
    draft.body = good
    yield "body: multipart without an end", draft.packet(Content_Type="multipart/mixed;boundary=")
    yield "body: type of nonsense", draft.packet(Content_Type="////;;;=")
