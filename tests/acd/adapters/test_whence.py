"""Where a caller came in, as told and as asked for."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import cast

import pytest

from acd.adapters.whence import NOWHERE, QUESTION, Whence, ask_whence, whence_of
from telephony.ami import AmiLink
from telephony.errors import AmiTimedOut


def link(answer: str | Exception, asked: list[Mapping[str, str]]) -> AmiLink:
    async def action(name: str, fields: Mapping[str, str], *, timeout_s: float) -> object:
        asked.append(fields)
        if isinstance(answer, Exception):
            raise answer
        return SimpleNamespace(fields={"Value": answer})

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
    ("answer", "expected"),
    [
        ("4001|carrier|1", Whence("4001", "carrier", True)),
        ("4001||0", Whence("4001", "", False)),
        ("", NOWHERE),
        (AmiTimedOut("no answer"), NOWHERE),
    ],
)
async def test_asterisk_is_asked_once(answer: str | Exception, expected: Whence) -> None:
    asked: list[Mapping[str, str]] = []
    assert await ask_whence(link(answer, asked), "PJSIP/carrier-1") == expected
    assert asked == [{"Channel": "PJSIP/carrier-1", "Variable": QUESTION}]
    assert QUESTION == "EVAL(${HL_NUMBER}|${HL_TRUNK}|${HL_DIRECT})"
