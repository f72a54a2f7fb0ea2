"""What a call needs of an agent: a small language over skills, and its fast form.

    needs  = either { "or" either }
    either = part { "and" part }
    part   = "not" part | "(" needs ")" | skill [ ">=" level ]

`skill` alone means level 1 or more; levels are 1 to 10; the empty text means any agent. The three words are
reserved in any case. This module knows skills and agents' bits; it must not know calls, queues or time.

For decisions the expression is turned into one integer with a bit per eligible agent (`Needs.agents`), so
that "is a ready agent eligible" is one AND. `Needs.met_by` is the same meaning for one agent, for pages.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import prod
from typing import NoReturn, Protocol

from hotline.core.phrases import Phrase, phrase

MAX_LEVEL = 10

MAX_LENGTH = 1000
MAX_DEPTH = 50
"""Of needs as somebody writes them."""

KEPT_LENGTH = 16 * MAX_LENGTH
KEPT_DEPTH = 2 * MAX_DEPTH + 10
"""Of needs that were joined, or are in the form that facts keep, which is longer and deeper: every level is
written, and "and" within "or" has its brackets. Each level takes five or six of Python's 1000 frames."""

MOST_TRIED = 100_000
"""So many different agents are imagined to tell two expressions apart: about half a second's work."""


class NeedsError(ValueError):
    """The text is no expression over skills: where (characters from 0), what was found, what is allowed."""

    def __init__(self, position: int, what: Phrase | str, allowed: Phrase) -> None:
        super().__init__(f"needs, character {position + 1}: found {what}; allowed: {allowed}")
        self.position = position
        self.what = what
        self.allowed = allowed


class SkillIndex:
    """Who has which skill at which level, as integers with one bit per agent.

    Agents are given in the order of their bits: the first has bit 0. Built anew with each settings version.
    """

    def __init__(self, agents: Sequence[Mapping[str, int]]) -> None:
        self.everyone = (1 << len(agents)) - 1
        rows: dict[tuple[str, int], bytearray] = {}
        size = len(agents) // 8 + 1
        for slot, skills in enumerate(agents):
            for skill, level in skills.items():
                for reached in range(1, min(level, MAX_LEVEL) + 1):
                    row = rows.get((skill, reached))
                    if row is None:
                        row = rows[skill, reached] = bytearray(size)
                    row[slot >> 3] |= 1 << (slot & 7)
        self._agents = {key: int.from_bytes(row, "little") for key, row in rows.items()}

    def agents(self, skill: str, level: int) -> int:
        """The agents who have the skill at this level or above; nobody when the skill is unknown."""
        return self._agents.get((skill, level), 0)


@dataclass(frozen=True, slots=True)
class Shortfall:
    """A skill of which an agent has less than is asked for. Levels; 0: none."""

    skill: str
    has: int
    asked: int


class _Node(Protocol):
    def agents(self, index: SkillIndex) -> int: ...
    def met_by(self, levels: Mapping[str, int]) -> bool: ...
    def shortfalls(self, levels: Mapping[str, int]) -> tuple[Shortfall, ...]: ...
    def asked(self) -> frozenset[tuple[str, int]]: ...
    def spelled(self) -> str: ...


@dataclass(frozen=True, slots=True)
class _Anyone:
    def agents(self, index: SkillIndex) -> int:
        return index.everyone

    def met_by(self, levels: Mapping[str, int]) -> bool:
        return True

    def shortfalls(self, levels: Mapping[str, int]) -> tuple[Shortfall, ...]:
        return ()

    def asked(self) -> frozenset[tuple[str, int]]:
        return frozenset()

    def spelled(self) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class _AtLeast:
    skill: str
    level: int

    def agents(self, index: SkillIndex) -> int:
        return index.agents(self.skill, self.level)

    def met_by(self, levels: Mapping[str, int]) -> bool:
        return levels.get(self.skill, 0) >= self.level

    def shortfalls(self, levels: Mapping[str, int]) -> tuple[Shortfall, ...]:
        return () if self.met_by(levels) else (Shortfall(self.skill, levels.get(self.skill, 0), self.level),)

    def asked(self) -> frozenset[tuple[str, int]]:
        return frozenset(((self.skill, self.level),))

    def spelled(self) -> str:
        return f"{self.skill} >= {self.level}"


@dataclass(frozen=True, slots=True)
class _Not:
    inner: _Node

    def agents(self, index: SkillIndex) -> int:
        return index.everyone & ~self.inner.agents(index)

    def met_by(self, levels: Mapping[str, int]) -> bool:
        return not self.inner.met_by(levels)

    def shortfalls(self, levels: Mapping[str, int]) -> tuple[Shortfall, ...]:
        return ()  # who fails here has too much, not too little

    def asked(self) -> frozenset[tuple[str, int]]:
        return self.inner.asked()

    def spelled(self) -> str:
        return f"not {_in_brackets(self.inner)}"


@dataclass(frozen=True, slots=True)
class _Every:
    parts: tuple[_Node, ...]

    def agents(self, index: SkillIndex) -> int:
        eligible = index.everyone
        for part in self.parts:
            eligible &= part.agents(index)
        return eligible

    def met_by(self, levels: Mapping[str, int]) -> bool:
        return all(part.met_by(levels) for part in self.parts)

    def shortfalls(self, levels: Mapping[str, int]) -> tuple[Shortfall, ...]:
        return tuple(lack for part in self.parts for lack in part.shortfalls(levels))

    def asked(self) -> frozenset[tuple[str, int]]:
        return frozenset().union(*(part.asked() for part in self.parts))

    def spelled(self) -> str:
        return " and ".join([_in_brackets(part) for part in self.parts])


@dataclass(frozen=True, slots=True)
class _Either:
    parts: tuple[_Node, ...]

    def agents(self, index: SkillIndex) -> int:
        eligible = 0
        for part in self.parts:
            eligible |= part.agents(index)
        return eligible

    def met_by(self, levels: Mapping[str, int]) -> bool:
        return any(part.met_by(levels) for part in self.parts)

    def shortfalls(self, levels: Mapping[str, int]) -> tuple[Shortfall, ...]:
        if self.met_by(levels):
            return ()
        return tuple(lack for part in self.parts for lack in part.shortfalls(levels))

    def asked(self) -> frozenset[tuple[str, int]]:
        return frozenset().union(*(part.asked() for part in self.parts))

    def spelled(self) -> str:
        return " or ".join([_in_brackets(part) for part in self.parts])


def _in_brackets(node: _Node) -> str:
    text = node.spelled()
    return f"({text})" if isinstance(node, _Every | _Either) else text


@dataclass(frozen=True, slots=True)
class Needs:
    """A parsed expression. Equal expressions with equal spelling of their parts have equal `str()`."""

    node: _Node

    def agents(self, index: SkillIndex) -> int:
        """The agents who meet the needs, one bit each."""
        return self.node.agents(index)

    def met_by(self, levels: Mapping[str, int]) -> bool:
        """Whether one agent with these levels (skill -> 1..10) meets the needs."""
        return self.node.met_by(levels)

    def shortfalls(self, levels: Mapping[str, int]) -> tuple[Shortfall, ...]:
        """What an agent with these levels lacks; empty when the needs are met, or refuse a skill."""
        return () if self.met_by(levels) else self.node.shortfalls(levels)

    def skills(self) -> frozenset[str]:
        """Every skill the expression names."""
        return frozenset(skill for skill, _ in self.asked())

    def asked(self) -> frozenset[tuple[str, int]]:
        """Every (skill, level) the expression names."""
        return self.node.asked()

    def __str__(self) -> str:
        return self.node.spelled()


_TOKEN = re.compile(r"\s*(?:(?P<word>[^\W\d][\w-]*)|(?P<number>\d+)|(?P<sign>>=|[()]))")
_RESERVED = ("and", "or", "not")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # "word", "number", "sign", a reserved word, or "end"
    text: str
    position: int


class _Parser:
    """Recursive descent over the tokens of one text."""

    def __init__(self, text: str, most_characters: int, most_levels: int) -> None:
        self._tokens = _tokens(text, most_characters)
        self._most_levels = most_levels
        self._next = 0
        self._depth = 0

    def parse(self) -> _Node:
        if self._tokens[0].kind == "end":
            return _Anyone()
        node = self._either()
        if self._peek().kind != "end":
            self._refuse(phrase("needs.and_or_end"))
        return node

    def _either(self) -> _Node:
        parts = self._chain("or", self._every)
        return parts[0] if len(parts) == 1 else _Either(tuple(parts))

    def _every(self) -> _Node:
        parts = self._chain("and", self._part)
        return parts[0] if len(parts) == 1 else _Every(tuple(parts))

    def _chain(self, word: str, parse_part: Callable[[], _Node]) -> list[_Node]:
        parts = [parse_part()]
        while self._peek().kind == word:
            self._take()
            parts.append(parse_part())
        return parts

    def _part(self) -> _Node:
        self._depth += 1
        if self._depth > self._most_levels:
            self._refuse(phrase("needs.depth", most=self._most_levels))
        token = self._peek()
        if token.kind == "not":
            self._take()
            node: _Node = _Not(self._part())
        elif token.text == "(":
            self._take()
            node = self._either()
            if self._peek().text != ")":
                self._refuse(phrase("needs.and_or_bracket"))
            self._take()
        elif token.kind == "word":
            node = self._skill(self._take().text)
        else:
            self._refuse(phrase("needs.part"))
        self._depth -= 1
        return node

    def _skill(self, skill: str) -> _Node:
        if self._peek().text != ">=":
            return _AtLeast(skill, 1)
        self._take()
        token = self._peek()
        if token.kind != "number" or not 1 <= int(token.text) <= MAX_LEVEL:
            self._refuse(phrase("allowed.level", most=MAX_LEVEL))
        self._take()
        return _AtLeast(skill, int(token.text))

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self) -> _Token:
        token = self._tokens[self._next]
        self._next += 1
        return token

    def _refuse(self, allowed: Phrase) -> NoReturn:
        token = self._peek()
        found = phrase("needs.the_end") if token.kind == "end" else f'"{token.text}"'
        raise NeedsError(token.position, found, allowed)


def _tokens(text: str, most: int) -> list[_Token]:
    if len(text) > most:
        raise NeedsError(
            most, phrase("needs.characters", count=len(text)), phrase("needs.at_most", most=most)
        )
    tokens: list[_Token] = []
    position, end = 0, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            position += len(text[position:]) - len(text[position:].lstrip())
            raise NeedsError(position, f'"{text[position]}"', phrase("needs.tokens"))
        kind = str(match.lastgroup)
        word = match.group(kind)
        if kind == "word" and word.lower() in _RESERVED:
            kind = word.lower()
        tokens.append(_Token(kind, word, match.start(str(match.lastgroup))))
        position = match.end()
    tokens.append(_Token("end", "", end))
    return tokens


@lru_cache(maxsize=1024)
def parse_needs(text: str) -> Needs:
    """Read an expression over skills; raises NeedsError naming the place, what was found, what is allowed."""
    return Needs(_Parser(text, KEPT_LENGTH, KEPT_DEPTH).parse())


def parse_written_needs(text: str) -> Needs:
    """Read an expression that somebody wrote: as parse_needs, with the limits that hold for people."""
    return Needs(_Parser(text, MAX_LENGTH, MAX_DEPTH).parse())


def can_be_kept(text: str) -> bool:
    """Whether the expression can be read, and again in the form that facts keep."""
    try:
        parse_needs(str(parse_needs(text)))
    except NeedsError:
        return False
    return True


def join_needs(*texts: str) -> str:
    """The expression that asks for all of the given ones; empty ones ask for nothing, equal ones once."""
    asked = list(dict.fromkeys(text for text in texts if text.strip()))
    return asked[0] if len(asked) == 1 else " and ".join(f"({text})" for text in asked)


def may_widen(needs: Needs, before: Sequence[Needs]) -> bool:
    """Whether an agent with some levels, hired already or not, meets the needs and none of those before.

    Only levels that are named make a difference. So many skills that not all can be tried count as True.
    """
    asked = needs.asked().union(*(earlier.asked() for earlier in before))
    levels: dict[str, list[int]] = {}
    for skill, level in sorted(asked):
        levels.setdefault(skill, [0]).append(level)
    if prod(map(len, levels.values())) > MOST_TRIED:
        return True
    imagined = (dict(zip(levels, held, strict=True)) for held in product(*levels.values()))
    return any(
        needs.met_by(agent) and not any(earlier.met_by(agent) for earlier in before) for agent in imagined
    )
