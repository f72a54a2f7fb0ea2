"""The settings of the shared test stack: lanes, so that scenarios run side by side without meeting.

A lane is a queue that only its own agents can serve, with numbers and phones of its own. A test takes one
and never gives it back.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.ports import PORT_BASE

LANES = 90
AGENTS_PER_LANE = 4
RING_CYCLE_MS = 500
AFTER_CONTACT_S = 1
CARRIER = "127.0.0.2"  # the trunk "carrier" is known by this address
OUTSIDE = ("127.0.0.4", PORT_BASE + 990)  # where outgoing calls go
CHECKER_PORT = OUTSIDE[1] - 1  # of this machine: knows whether a caller's digits are right
VERIFYING = "8999"  # agents transfer callers there to enter digits
NARROW = "127.0.0.3"  # the trunk "narrow" carries one call


@dataclass(frozen=True, slots=True)
class Lane:
    """One scenario's part of the stack."""

    index: int

    @property
    def queue(self) -> str:
        return f"lane{self.index}"

    @property
    def skill(self) -> str:
        return f"lane{self.index}"

    @property
    def straight(self) -> str:
        """A number with a flow of greeting and queue."""
        return f"51{self.index:02}"

    @property
    def menu(self) -> str:
        """A number with two menus: 1 zh or 2 en; then 1 queue, 2 queue for "special", 3 message left."""
        return f"52{self.index:02}"

    @property
    def direct(self) -> str:
        """A direct number."""
        return f"53{self.index:02}"

    @property
    def closed(self) -> str:
        """A number that is never open."""
        return f"54{self.index:02}"

    @property
    def extension(self) -> str:
        """By this number agents transfer callers to the queue."""
        return f"81{self.index:02}"

    @property
    def together(self) -> str:
        """The queue of the same agents in which three phones ring at once."""
        return f"together{self.index}"

    @property
    def together_number(self) -> str:
        """A number with a flow of greeting and that queue."""
        return f"57{self.index:02}"

    @property
    def agents(self) -> tuple[str, ...]:
        """Agents' numbers, which are their phones' names too; the first has the skill "special"."""
        return tuple(f"1{self.index:02}{n:02}" for n in range(1, AGENTS_PER_LANE + 1))

    @property
    def supervisor(self) -> str:
        """The last of the agents, whom the settings call a supervisor."""
        return self.agents[-1]


def lane_settings(lanes: int = LANES, *, fallback_after_s: int = 30) -> str:
    """The settings (TOML) of a stack with so many lanes."""
    names = ", ".join(f'"{Lane(n).skill}"' for n in range(lanes))
    parts = [f'skills = ["special", {names}]', _HOUSE.format(fallback_after_s=fallback_after_s)]
    parts += [_lane(Lane(n)) for n in range(lanes)]
    return "\n".join(parts)


_HOUSE = f"""
[hotline]
name = {{{{ zh = "试验", en = "Test" }}}}
ring_cycle_ms = {RING_CYCLE_MS}
fallback_after_s = {{fallback_after_s}}
emergency_phones = []

[not_ready_reasons]
1 = {{{{ zh = "小休", en = "Break" }}}}
2 = {{{{ zh = "用餐", en = "Meal" }}}}

[[trunk]]
name = "carrier"
kind = "address"
address = "{CARRIER}"
max_channels = 1000
qualify_s = 0

[[trunk]]
name = "narrow"
kind = "address"
address = "{NARROW}"
max_channels = 1
qualify_s = 0

[[trunk]]
name = "outside"
kind = "address"
address = "{OUTSIDE[0]}:{OUTSIDE[1]}"
qualify_s = 0

[verification]
url = "http://127.0.0.1:{CHECKER_PORT}/check"
extension = "{VERIFYING}"
digits = 6

[outgoing]
trunk = "outside"
presented = "4000"
[[outgoing.rule]]
role = "agent"
allowed = ["1", "0"]
refused = ["00", "190"]
[[outgoing.rule]]
role = "agent"
allowed = ["177"]
transfer = true

[callbacks]
trunk = "outside"
presented_number = "4000"
attempts = 2
retry_after_s = 1
ring_timeout_s = 5
per_number_per_day = 5

[[hours]]
name = "never"
"""


def _lane(lane: Lane) -> str:
    parts = [
        f"""
[[queue]]
name = "{lane.queue}"
title = {{ zh = "第 {lane.index} 道", en = "Lane {lane.index}" }}
needs = "{lane.skill}"
whisper = "queue-{lane.queue}"
after_contact_s = {AFTER_CONTACT_S}
extension = "{lane.extension}"

[[queue]]
name = "{lane.together}"
title = {{ zh = "第 {lane.index} 道，同振", en = "Lane {lane.index}, together" }}
needs = "{lane.skill}"
whisper = "queue-{lane.queue}"
after_contact_s = {AFTER_CONTACT_S}
ring = 3

[[flow]]
name = "{lane.together}"
start = "queue:{lane.together}"

[[flow]]
name = "straight{lane.index}"
start = "queue:{lane.queue}"

[[flow]]
name = "menu{lane.index}"
start = "menu:language"
[[flow.menu]]
name = "language"
prompt = "menu-language"
choice = [
    {{ digit = "1", go = "menu:subject", language = "zh" }},
    {{ digit = "2", go = "menu:subject", language = "en" }},
]
[[flow.menu]]
name = "subject"
prompt = "menu-subject"
choice = [
    {{ digit = "1", go = "queue:{lane.queue}" }},
    {{ digit = "2", go = "queue:{lane.queue}", needs = "special" }},
    {{ digit = "3", go = "voicemail" }},
]

[[flow]]
name = "closed{lane.index}"
start = "queue:{lane.queue}"
hours = "never"
"""
    ]
    for did, target in (
        (lane.straight, f'flow = "straight{lane.index}"'),
        (lane.together_number, f'flow = "{lane.together}"'),
        (lane.menu, f'flow = "menu{lane.index}"'),
        (lane.closed, f'flow = "closed{lane.index}"'),
        (lane.direct, f'direct_queue = "{lane.queue}"\ndirect_rings = 3'),
    ):
        parts.append(f'[[number]]\ndid = "{did}"\n{target}\n')
    for place, number in enumerate(lane.agents):
        special = ", special = 5" if place == 0 else ""
        parts.append(
            f'[[phone]]\nname = "{number}"\n\n'
            f'[[agent]]\nnumber = "{number}"\nname = "坐席 {number}"\nphone = "{number}"\n'
            f"skills = {{ {lane.skill} = 5{special} }}\n"
            + ('role = "supervisor"\n' if number == lane.supervisor else "")
        )
    return "\n".join(parts)
