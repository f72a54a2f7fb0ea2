"""Where a caller came in, as told and as asked for."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import cast

import pytest

from acd.adapters.whence import NOWHERE, Whence, ask_whence, whence_of
from telephony.ami import AmiLink
from telephony.errors import AmiRefused, AmiTimedOut


def link(known: Mapping[str, str] | Exception) -> AmiLink:
    """Asterisk, which refuses what manager.conf gives us no right to."""

    async def action(name: str, fields: Mapping[str, str], *, timeout_s: float) -> object:
        assert (name, fields["Channel"]) == ("Getvar", "PJSIP/carrier-1")
        if isinstance(known, Exception):
            raise known
        if "EVAL" in fields["Variable"]:
            raise AmiRefused("Getvar", "Getvar Access Forbidden: Variable")
        return SimpleNamespace(fields={"Value": known.get(fields["Variable"], "")})

    return cast(AmiLink, SimpleNamespace(action=action))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"Number": "4001", "Trunk": "carrier", "Direct": "1"}, Whence("4001", "carrier", True)),
        ({"Number": "4001", "Trunk": "carrier", "Direct": "0"}, Whence("4001", "carrier", False)),
        ({}, NOWHERE),
    ],
)
def test_the_dialplan_tells(message: Mapping[str, str], expected: Whence) -> None:
    assert whence_of(message) == expected


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"HL_NUMBER": "4001", "HL_TRUNK": "carrier", "HL_DIRECT": "1"}, Whence("4001", "carrier", True)),
        ({"HL_NUMBER": "4001", "HL_DIRECT": "0"}, Whence("4001", "", False)),
        ({}, NOWHERE),
        (AmiTimedOut("no answer"), NOWHERE),
    ],
)
async def test_asterisk_is_asked(known: Mapping[str, str] | Exception, expected: Whence) -> None:
    assert await ask_whence(link(known), "PJSIP/carrier-1") == expected
