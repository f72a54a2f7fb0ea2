"""May this number be called back? What was typed, or presented by a carrier, becomes one of this country.

Every spelling of one number (+86…, 0086…, spaces, a superfluous 0) comes to one text, which is dialled and by
which a person is told from others. What is always refused follows the numbering plan of the country: abroad,
premium and service numbers, emergencies, and the hotline's own numbers, which would call themselves.
This module must not know trunks, calls or settings.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hotline.core.phrases import Phrase, phrase

_NORTH_AMERICA_ABROAD = (
    # Caribbean and Pacific areas dialled like home, at prices of abroad; and Canada.
    "242|246|264|268|284|345|441|473|649|658|664|671|684|721|758|767|784|809|829|849|868|869|876|"
    "204|226|236|249|250|257|263|289|306|343|354|365|367|368|382|387|403|416|418|428|431|437|438|450|460|468|"
    "474|506|514|519|537|548|568|579|581|584|587|600|604|613|622|633|639|644|647|655|672|677|683|688|705|709|"
    "742|753|778|780|782|807|819|825|867|873|879|902|905|942"
)


@dataclass(frozen=True, slots=True)
class NumberingPlan:
    """How numbers of one country are dialled inside it. Patterns are of whole numbers as dialled there."""

    code: str  # of the country
    abroad: str  # dialled before a foreign country's code
    trunk: str  # dialled before an area's code; "": nothing is
    longest: int  # digits of a number as dialled inside
    premium: str  # dearer than an ordinary call, or a service that is no person's phone
    emergency: tuple[str, ...]
    foreign: str = ""  # dialled like home, but abroad
    mobile: str = ""  # dialled without `trunk`, though people often put it before


PLANS: dict[str, NumberingPlan] = {
    # An area (010, 02x, 0xxx) and then 1 or 9 is a service there; so it is without one, but for mobiles.
    "cn": NumberingPlan(
        code="86",
        abroad="00",
        trunk="0",
        longest=12,
        premium=r"(?!1(?!6[08])[3-9]\d{9}$)(0(10|2\d|[3-9]\d\d))?[19]\d*|[48]00\d{7}",
        emergency=("110", "119", "120", "122", "12110", "12395"),
        mobile=r"1[3-9]\d{9}",
    ),
    "us": NumberingPlan(
        code="1",
        abroad="011",
        trunk="",
        longest=10,
        premium=r"900\d*|\d{3}976\d*|5(00|21|22|33|44|66|77|88)\d*|[2-9]11\d*",
        emergency=("911", "112", "988"),
        foreign=rf"({_NORTH_AMERICA_ABROAD})\d{{7}}",
    ),
    "uk": NumberingPlan(
        code="44",
        abroad="00",
        trunk="0",
        longest=11,
        premium=r"0(9|70|76|84|87)\d*|99\d*|1\d*",
        emergency=("999", "112", "111", "101"),
        foreign=r"0(1481|1534|1624|7781|7839|7509|7797|7829|7937|7524|7624|7924)\d{6}",  # the islands
    ),
    "jp": NumberingPlan(
        code="81",
        abroad="010",
        trunk="0",
        longest=11,
        premium=r"0(990|570|180|170|20)\d*|1\d*",
        emergency=("110", "118", "119"),
    ),
    "de": NumberingPlan(
        code="49",
        abroad="00",
        trunk="0",
        longest=12,
        premium=r"0(900|190|137|180|12|700)\d*|11\d*",
        emergency=("110", "112"),
    ),
}
"""By `Hotline.country`. Source: national numbering plans (MIIT, NANPA, Ofcom, MIC, Bundesnetzagentur)."""

LEAST_AFTER_CODE = 8
"""Digits without `trunk` that follow a country's code without a sign; with fewer it may be a local number."""

LEAST_PREMIUM_PREFIX = 3
"""A shorter prefix of the house allows no premium numbers: "1" means mobiles, not 168."""

MOST_TYPED = 24
"""A text longer than that is no number in any spelling."""


@dataclass(frozen=True, slots=True)
class NumberRules:
    """What holds in this house. Prefixes are of numbers as dialled inside; the longest decides."""

    country: str  # key of PLANS
    allowed: tuple[str, ...] = ()  # only these, if there are any
    refused: tuple[str, ...] = ()
    least_digits: int = 7
    most_digits: int = 12
    own: tuple[str, ...] = ()  # numbers of the hotline
    emergency: tuple[str, ...] = ()  # besides those of the country


@dataclass(frozen=True, slots=True)
class NumberJudgement:
    """number: as it is dialled, only when allowed. why: "" when it is, else one of REFUSALS."""

    number: str
    why: str = ""


WITHHELD = ("", "anonymous", "unknown", "unavailable", "restricted")
"""What carriers present in place of a number."""

REFUSALS = ("anonymous", "spelling", "emergency", "own", "abroad", "length", "premium", "prefix")


def judge_number(text: str, rules: NumberRules) -> NumberJudgement:
    """Whether a number, typed by or presented for a caller, may be called back; the first reason counts."""
    plan = PLANS[rules.country]
    if text.strip().casefold() in WITHHELD:
        return NumberJudgement("", "anonymous")
    if len(text) > MOST_TYPED or not re.fullmatch(r" *\+?[ ().-]*[0-9][0-9 ().-]*", text, re.ASCII):
        return NumberJudgement("", "spelling")
    number, abroad = _as_dialled("".join(re.findall(r"[+0-9]", text)), plan)
    if number.removeprefix(plan.trunk) in (*plan.emergency, *rules.emergency):
        return NumberJudgement("", "emergency")
    if number in {_as_dialled(own, plan)[0] for own in rules.own}:
        return NumberJudgement("", "own")
    if abroad or _fits(plan.foreign, number):
        return NumberJudgement("", "abroad")
    if not rules.least_digits <= len(number) <= rules.most_digits:
        return NumberJudgement("", "length")
    why = _judge_prefix(number, plan, rules)
    return NumberJudgement("" if why else number, why)


def spellings(number: str, country: str) -> tuple[str, ...]:
    """How carriers may present the one whom this number, as dialled inside the country, reaches."""
    plan = PLANS[country]
    inside, abroad = _as_dialled(number, plan)
    if abroad:
        return (number,)
    bare = inside.removeprefix(plan.trunk)
    international = plan.code + bare
    told = (
        number,
        inside,
        bare,
        plan.trunk + bare,
        international,
        f"+{international}",
        plan.abroad + international,
    )
    return tuple(dict.fromkeys(told))


def numbers_allowed(rules: NumberRules) -> Phrase:
    """Which numbers may be called back, in words."""
    code, least, most = PLANS[rules.country].code, rules.least_digits, rules.most_digits
    if not rules.allowed:
        return phrase("allowed.callback_number", code=code, least=least, most=most)
    prefixes = ", ".join(rules.allowed)
    return phrase("allowed.callback_number_from", code=code, least=least, most=most, prefixes=prefixes)


def _as_dialled(digits: str, plan: NumberingPlan) -> tuple[str, bool]:
    """The number as dialled inside the country, and whether it is another country's."""
    rest = None
    if digits.startswith("+"):
        rest = digits[1:]
    elif digits.startswith(plan.abroad):
        rest = digits[len(plan.abroad) :]
    elif digits.startswith(plan.code) and _is_too_long_for_inside(digits, plan):
        rest = digits  # many carriers present the country's code without a sign
    if rest is not None:
        if not rest.startswith(plan.code):
            return rest, True
        inside = rest[len(plan.code) :]
        # "+44 (0)20 …" is a common spelling.
        digits = (
            inside if inside.startswith(plan.trunk) or _fits(plan.mobile, inside) else plan.trunk + inside
        )
    without = digits.removeprefix(plan.trunk) if plan.trunk else digits
    return (without if _fits(plan.mobile, without) else digits), False


def _is_too_long_for_inside(digits: str, plan: NumberingPlan) -> bool:
    """Whether digits that begin with the country's code cannot be dialled so: they need the trunk prefix."""
    return len(digits) > plan.longest or (
        plan.trunk != "" and len(digits) >= len(plan.code) + LEAST_AFTER_CODE
    )


def _judge_prefix(number: str, plan: NumberingPlan, rules: NumberRules) -> str:
    """The longest prefix of the house decides; one that is allowed and refused is refused.

    Premium numbers are refused unless a prefix of LEAST_PREMIUM_PREFIX digits or more allows them.
    """
    found = [(len(prefix), False) for prefix in rules.allowed if number.startswith(prefix)]
    found += [(len(prefix), True) for prefix in rules.refused if number.startswith(prefix)]
    length, refused = max(found, default=(0, bool(rules.allowed)))
    if refused:
        return "prefix"
    return "premium" if length < LEAST_PREMIUM_PREFIX and _fits(plan.premium, number) else ""


def _fits(pattern: str, number: str) -> bool:
    return pattern != "" and re.fullmatch(pattern, number, re.ASCII) is not None
