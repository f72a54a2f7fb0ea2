"""The house of a soak: its settings, and prompts of a tenth of a second, so that calls are short.

Must not know who calls.
"""

from __future__ import annotations

import array
import math
import wave
from pathlib import Path

from hotline.core.settings import Settings
from hotline.soak import plan
from ivr.catalogue import catalogue
from ivr.core.prompts import LANGUAGES, prompts_of

CALLERS_ADDRESS, PHONES_ADDRESS = "127.0.0.2", "127.0.0.3"
TRUNK = "carrier"
MOST_AGENTS = 500
_RATE_HZ = 8000
_PROMPT_SAMPLES = 800


def agent_numbers(count: int) -> list[str]:
    """Agents' numbers, which are their phones' names too."""
    return [str(1001 + index) for index in range(count)]


def settings_text(agents: int) -> str:
    """The settings (TOML): two queues, four numbers, so many agents, a third of them "special"."""
    people = "".join(
        f'[[phone]]\nname = "{number}"\nnat = false\n'
        f'[[agent]]\nnumber = "{number}"\nname = "坐席 {number}"\nphone = "{number}"\n'
        f"skills = {{ {'special' if index % 3 == 0 else 'general'} = 5 }}\n"
        for index, number in enumerate(agent_numbers(agents))
    )
    return _HOUSE + people


_HOUSE = f"""
skills = ["general", "special"]

[hotline]
name = {{ zh = "耐久试验", en = "Soak" }}
ring_cycle_ms = 1000
fallback_after_s = 60

[[trunk]]
name = "{TRUNK}"
kind = "address"
address = "{CALLERS_ADDRESS}"
max_channels = 1000
qualify_s = 0

[[queue]]
name = "general"
title = {{ zh = "综合", en = "General" }}
needs = "general"
whisper = "queue-general"
after_contact_s = 0
announce_position_s = 5
survey = false

[[queue]]
name = "special"
title = {{ zh = "专席", en = "Special" }}
needs = "special"
whisper = "queue-special"
after_contact_s = 0

[[hours]]
name = "never"

[[flow]]
name = "main"
start = "queue:general"

[[flow]]
name = "closed"
start = "queue:general"
hours = "never"
closed = "hangup"

[[flow]]
name = "menu"
start = "menu:subject"
[[flow.menu]]
name = "subject"
prompt = "menu-subject"
choice = [{{ digit = "1", go = "queue:special" }}]
timeout_s = 1.0
tries = 1
on_failure = "queue:general"

[[number]]
did = "{plan.MAIN}"
flow = "main"

[[number]]
did = "{plan.DIRECT}"
direct_queue = "special"
direct_rings = 3

[[number]]
did = "{plan.CLOSED}"
flow = "closed"

[[number]]
did = "{plan.MENU}"
flow = "menu"

"""


def write_prompts(sounds: Path, settings: Settings) -> None:
    """Every prompt of these settings as a short tone, in DATA/sounds, before the first start."""
    tone = array.array("h", (round(3000 * math.sin(0.4 * n)) for n in range(_PROMPT_SAMPLES)))
    for language in LANGUAGES:
        folder = sounds / language / "hotline"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for prompt in prompts_of(catalogue(), settings):
            with wave.open(str(folder / f"{prompt}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(_RATE_HZ)
                file.writeframes(tone.tobytes())


def speech() -> bytes:
    """A second of what callers say, A-law: a square wave."""
    return (b"\x95" * 10 + b"\x15" * 10) * (_RATE_HZ // 20)
