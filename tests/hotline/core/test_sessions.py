"""Sessions: readable by the browser, changeable only by us, over when they say so."""

import base64
import json

import pytest

from hotline.core.sessions import (
    Session,
    form_token,
    form_token_fits,
    safe_next,
    seal,
    stamp_of,
    unseal,
)

KEY = b"k" * 24
SESSION = Session("wei", "supervisor", "abc", expires_ms=2_000)


def test_a_sealed_session_comes_back_equal_until_it_is_over():
    text = seal(SESSION, KEY)
    assert unseal(text, KEY, 1_999) == SESSION
    assert unseal(text, KEY, 2_000) is None


def test_another_key_or_a_changed_role_is_not_believed():
    text = seal(SESSION, KEY)
    assert unseal(text, b"other", 0) is None
    body, _, signature = text.partition(".")
    fields = json.loads(base64.urlsafe_b64decode(body + "=="))
    fields[1] = "admin"
    forged = base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")
    assert unseal(f"{forged}.{signature}", KEY, 0) is None


@pytest.mark.parametrize("text", ["", ".", "a.b", "ü.ü", "x" * 5000, "e30." + "A" * 43])
def test_garbage_is_no_session(text):
    assert unseal(text, KEY, 0) is None


def test_a_role_we_do_not_know_is_no_session():
    assert unseal(seal(Session("wei", "root", "", 10), KEY), KEY, 0) is None


def test_a_form_token_serves_only_the_browser_it_was_made_for():
    token = form_token("nonce-1", KEY)
    assert form_token_fits(token, "nonce-1", KEY)
    assert not form_token_fits(token, "nonce-2", KEY)
    assert not form_token_fits(form_token("", KEY), "", KEY)
    assert not form_token_fits("ü", "nonce-1", KEY)


def test_a_form_token_is_no_session_signature():
    body = seal(SESSION, KEY).partition(".")[0]
    assert unseal(f"{body}.{form_token(body, KEY)}", KEY, 0) is None


def test_a_stamp_changes_with_every_part():
    assert stamp_of("a", "b") != stamp_of("ab", "") != stamp_of("a", "c")
    assert stamp_of("a", "b") == stamp_of("a", "b")


@pytest.mark.parametrize(
    ("target", "goes_to"),
    [
        ("/wallboard?lang=en", "/wallboard?lang=en"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example", "/"),
        ("/a\r\nSet-Cookie: x", "/"),
        ("wallboard", "/"),
        ("/" + "x" * 600, "/"),
        ("", "/"),
    ],
)
def test_after_signing_in_one_stays_on_the_site(target, goes_to):
    assert safe_next(target) == goes_to
