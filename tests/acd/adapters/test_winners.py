"""Which fact tells that one of several has won."""

import pytest

from acd.adapters.winners import Rivals
from hotline.journal import Envelope


def fact(kind: str, offer: str, dial: str = "") -> Envelope:
    key = "segment" if kind == "CallConnected" else "offer"
    return Envelope("acd", 1, 1, kind, 1, "id", "c1", 0, 0, {key: offer, "dial": dial})


@pytest.mark.parametrize(
    ("story", "winners"),
    [
        ("offer 1 of 1, offer 2 of 1, offer 3 of 1, ends 1, ends 3, connected 2", ["2"]),
        ("offer 1 of 1, offer 2 of 1, connected 1, ends 2, connected 1", ["1"]),
        ("offer 1, connected 1", []),
        ("connected s-1", []),
        ("offer 1 of 1, offer 2 of 1, ends 1, ends 2, offer 3, connected 3", []),
    ],
)
def test_who_won_of_several(story: str, winners: list[str]) -> None:
    kinds = {"offer": "CallOffered", "ends": "OfferEnded", "connected": "CallConnected"}
    rivals, won = Rivals(), []
    for words in (step.split() for step in story.split(", ")):
        if rivals.winner(fact(kinds[words[0]], words[1], words[3] if len(words) > 2 else "")):
            won.append(words[1])
    assert won == winners
