"""Which numbers may be called back, as a table of what was typed and what comes of it."""

from __future__ import annotations

import pytest

from acd.core.callback_numbers import (
    LEAST_AFTER_CODE,
    PLANS,
    REFUSALS,
    NumberRules,
    judge_number,
    numbers_allowed,
    spellings,
)
from hotline.words import in_words

OWN = ("4001", "02061234567")

TABLE = """
# country  text                       number        why
cn         13812345678                13812345678
cn         138_1234_5678              13812345678
cn         138-1234-5678              13812345678
cn         013812345678               13812345678
cn         +8613812345678             13812345678
cn         +86_138_1234_5678          13812345678
cn         008613812345678            13812345678
cn         8613812345678              13812345678
cn         +86_0138_1234_5678         13812345678
cn         16612345678                16612345678
cn         01088889999                01088889999
cn         (010)_8888-9999            01088889999
cn         +861088889999              01088889999
cn         0755_2222333               07552222333
cn         88889999                   88889999
cn         862061234567               -             own
cn         862166668888               02166668888
cn         867552222333               07552222333
cn         86123456                   86123456
cn         -                          -             anonymous
cn         anonymous                  -             anonymous
cn         _Unknown_                  -             anonymous
cn         +                          -             spelling
cn         1381234*678                -             spelling
cn         138#12345678               -             spelling
cn         13812345678;x              -             spelling
cn         138+12345678               -             spelling
cn         １３８１２３４５６７８                -             spelling
cn         13812345678&PJSIP/9        -             spelling
cn         1381234567813812345678123  -             spelling
cn         110                        -             emergency
cn         0110                       -             emergency
cn         +86110                     -             emergency
cn         12395                      -             emergency
cn         4001                       -             own
cn         02061234567                -             own
cn         +862061234567              -             own
cn         8602061234567              -             own
cn         +12125550100               -             abroad
cn         0085223456789              -             abroad
cn         +85223456789               -             abroad
cn         +008613812345678           -             abroad
cn         888899                     -             length
cn         1381234567                 -             premium
cn         16812345                   -             premium
cn         16812345678                -             premium
cn         16012345678                -             premium
cn         96123456                   -             premium
cn         01096123456                -             premium
cn         02016888888                -             premium
cn         075516888888               -             premium
cn         +861012345678              -             premium
cn         861012345678               -             premium
cn         4008123123                 -             premium
cn         1101234567                 -             premium
us         2125550100                 2125550100
us         12125550100                2125550100
us         +1_(212)_555-0100          2125550100
us         01112125550100             2125550100
us         911                        -             emergency
us         +1911                      -             emergency
us         +442071234567              -             abroad
us         011442071234567            -             abroad
us         8765550100                 -             abroad
us         +14165550100               -             abroad
us         9005550100                 -             premium
us         2129765550                 -             premium
us         9115550100                 -             premium
uk         07700900123                07700900123
uk         +447700900123              07700900123
uk         +44(0)2079460000           02079460000
uk         442079460000               02079460000
uk         441632960961               01632960961
uk         44163296096                0163296096
uk         4412345                    4412345
uk         999                        -             emergency
uk         9991234                    -             premium
uk         07624123456                -             abroad
uk         09012345678                -             premium
uk         08701234567                -             premium
uk         1181181                    -             premium
jp         +81312345678               0312345678
jp         81312345678                0312345678
jp         09012345678                09012345678
jp         010442071234567            -             abroad
jp         0990123456                 -             premium
jp         119                        -             emergency
de         +493012345678              03012345678
de         4930123456                 030123456
de         015112345678               015112345678
de         09001234567                -             premium
de         112                        -             emergency
"""


def rows() -> list[tuple[str, str, str, str]]:
    found = []
    for line in TABLE.splitlines():
        if line and not line.startswith("#"):
            country, text, number, why = (*line.split(), "")[:4]
            blank = "" if text == "-" else text.replace("_", " ")
            found.append((country, blank, "" if number == "-" else number, why))
    return found


@pytest.mark.parametrize(("country", "text", "number", "why"), rows())
def test_the_table(country: str, text: str, number: str, why: str) -> None:
    judged = judge_number(text, NumberRules(country, own=OWN))
    assert (judged.number, judged.why) == (number, why)


def test_what_is_allowed_is_judged_to_the_same_number_again() -> None:
    """acd judges again what ivr has judged."""
    for country, _, number, why in rows():
        if not why:
            assert judge_number(number, NumberRules(country, own=OWN)).number == number


def test_every_reason_but_prefix_is_in_the_table() -> None:
    assert {why for *_, why in rows()} - {""} | {"prefix"} == set(REFUSALS)
    assert {country for country, *_ in rows()} == set(PLANS)


@pytest.mark.parametrize(
    ("allowed", "refused", "number", "why"),
    [
        (("13",), (), "13812345678", ""),
        (("13",), (), "15812345678", "prefix"),
        (("13",), ("138",), "13812345678", "prefix"),
        (("13", "1381"), ("138",), "13812345678", ""),
        (("138",), ("138",), "13812345678", "prefix"),
        ((), ("138",), "13812345678", "prefix"),
        ((), ("138",), "15812345678", ""),
        (("1",), (), "16812345", "premium"),
        (("16",), (), "16812345", "premium"),
        (("168",), (), "16812345", ""),
        (("100",), (), "1000123", ""),
        ((), (), "1000123", "premium"),
        (("0085",), (), "0085223456789", "abroad"),
        (("110",), (), "110", "emergency"),
        (("400",), (), "4001", "own"),
    ],
)
def test_prefixes_of_the_house(
    allowed: tuple[str, ...], refused: tuple[str, ...], number: str, why: str
) -> None:
    """The longest decides; abroad, emergencies and the hotline itself are beyond their reach."""
    assert judge_number(number, NumberRules("cn", allowed, refused, own=OWN)).why == why


@pytest.mark.parametrize(("number", "why"), [("8888", "length"), ("888899", ""), ("8888999", "length")])
def test_digits_from_so_many_to_so_many(number: str, why: str) -> None:
    rules = NumberRules("cn", least_digits=5, most_digits=6)
    assert judge_number(number, rules).why == why


def test_emergency_numbers_of_the_house() -> None:
    rules = NumberRules("cn", least_digits=3, emergency=("88119",))
    assert judge_number("88119", rules).why == "emergency"
    assert judge_number("88118", rules).why == ""


@pytest.mark.parametrize(
    ("number", "country", "told"),
    [
        ("13800138000", "cn", "13800138000 013800138000 8613800138000 +8613800138000 008613800138000"),
        ("02161234567", "cn", "02161234567 2161234567 862161234567 +862161234567 00862161234567"),
        ("2125550100", "us", "2125550100 12125550100 +12125550100 01112125550100"),
        ("0044201234567", "cn", "0044201234567"),  # as nobody inside is presented
    ],
)
def test_how_carriers_may_present_a_number(number: str, country: str, told: str) -> None:
    assert spellings(number, country) == tuple(told.split())


def test_every_spelling_of_a_number_comes_to_one_text() -> None:
    for country, _, number, why in rows():
        if not why and (country == "us" or len(number) > LEAST_AFTER_CODE):
            for told in spellings(number, country):
                if told != number.removeprefix("0"):  # nobody presents a number without its area's 0
                    assert judge_number(told, NumberRules(country)).number == number, told


def test_what_is_allowed_in_words() -> None:
    assert "(+44), 7 to 12 digits; no premium" in in_words(numbers_allowed(NumberRules("uk")), "en")
    assert "以 13, 15 开头" in in_words(numbers_allowed(NumberRules("cn", ("13", "15"))), "zh")
