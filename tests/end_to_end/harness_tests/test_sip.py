"""SIP messages and digest answers."""

import pytest
from harness import sip
from harness.sdp import Audio, read_sdp, write_sdp

INVITE = (
    b"INVITE sip:1001@127.0.0.1:5062 SIP/2.0\r\n"
    b"v: SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bKabc\r\n"
    b'f: "\xe5\xbc\xa0" <sip:13800000000@127.0.0.1>;tag=aa\r\n'
    b"t: <sip:1001@127.0.0.1>\r\n"
    b"i: 77@x\r\nCSeq: 12 INVITE\r\nSubject: one\r\n two\r\nContent-Length: 3\r\n\r\nabc"
)


def test_compact_and_folded_headers_are_read() -> None:
    message = sip.parse(INVITE)
    assert (message.method, message.uri, message.body) == ("INVITE", "sip:1001@127.0.0.1:5062", "abc")
    assert (message.call_id, message.cseq, message.branch) == ("77@x", (12, "INVITE"), "z9hG4bKabc")
    assert message.header("subject") == "one two"
    assert sip.uri_user(sip.address_uri(message.header("From"))) == "13800000000"
    assert sip.parameter(message.header("From"), "tag") == "aa"


def test_what_is_written_is_read_again() -> None:
    message = sip.parse(INVITE)
    again = sip.parse(message.to_bytes())
    assert again.headers[: len(message.headers)] == message.headers
    response = sip.parse(b"SIP/2.0 603 No thank you\r\nCSeq: 1 INVITE\r\n\r\n")
    assert (response.status, response.reason) == (603, "No thank you")


@pytest.mark.parametrize(
    "garbage", [b"", b"\x00\xff", b"INVITE sip:x\r\n\r\n", b"A B SIP/3.0\r\n\r\n", b"A B SIP/2.0\r\nx\r\n"]
)
def test_garbage_is_refused(garbage: bytes) -> None:
    with pytest.raises(sip.SipSyntaxError):
        sip.parse(garbage)


def test_digest_of_rfc_2617() -> None:
    """Source: RFC 2617, 3.5."""
    challenge = (
        'Digest realm="testrealm@host.com", qop="auth,auth-int", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093",'
        ' opaque="5ccc069c403ebaf9f0171e9517f40e41"'
    )
    answer = sip.digest_answer(
        challenge,
        user="Mufasa",
        password="Circle Of Life",
        method="GET",
        uri="/dir/index.html",
        cnonce="0a4f113b",
    )
    assert 'response="6629fae49393a05397450978507c4ef1"' in answer
    assert 'opaque="5ccc069c403ebaf9f0171e9517f40e41"' in answer


def test_an_unknown_digest_algorithm_is_refused() -> None:
    with pytest.raises(sip.SipSyntaxError, match="allowed: MD5, SHA-256"):
        sip.digest_answer(
            'Digest realm="x", nonce="y", algorithm=ROT13', user="", password="", method="", uri="", cnonce=""
        )


def test_uri_address() -> None:
    assert sip.uri_address("sip:a@127.0.0.1:5099;x=y") == ("127.0.0.1", 5099)
    assert sip.uri_address("sip:127.0.0.1") == ("127.0.0.1", 5060)


def test_a_session_description_survives() -> None:
    audio = Audio("127.0.0.1", 4000, ("PCMA", "PCMU"), "sendonly")
    assert read_sdp(write_sdp(audio, session=1, version=1)) == audio


def test_the_address_of_the_stream_goes_before_that_of_the_session() -> None:
    session = "v=0\r\nc=IN IP4 1.1.1.1\r\n"
    text = session + "m=audio 4000 RTP/AVP 0 96\r\nc=IN IP4 2.2.2.2\r\na=rtpmap:96 telephone-event/8000\r\n"
    assert read_sdp(text) == Audio("2.2.2.2", 4000, ("PCMU",), "sendrecv", 96)
    with pytest.raises(ValueError, match="no audio"):
        read_sdp("v=0\r\n")
