"""The catalogue of prompts, read from the package, and the set of prompts a hotline can play.

It must not know how prompts are spoken (`ivr.prompts_build`) or played.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from hotline.core.settings import Settings, Text
from hotline.core.settings_exits import exits
from hotline.deployment import Deployment
from ivr.core.prompts import LANGUAGES, prompts_of


@cache
def catalogue() -> dict[str, Text]:
    """Key -> words, as in catalogue.toml; families still have their placeholders."""
    document = tomllib.loads(files("ivr").joinpath("prompts/catalogue.toml").read_text("utf-8"))
    return {key: Text(**words) for key, words in document.items()}


def known_prompts(deployment: Deployment | None, settings: Settings) -> set[str]:
    """Prompts these settings can play: those of the catalogue, and files that exist in every language spoken.

    Without a deployment only the catalogue counts.
    """
    known = set(prompts_of(catalogue(), settings))
    if deployment is not None:
        spoken = [language for language in LANGUAGES if language in settings.hotline.languages]
        folders = [deployment.sounds / language / "hotline" for language in spoken]
        known |= set.intersection(*({file.stem for file in folder.glob("*.wav")} for folder in folders))
    return known


def missing_prompts(deployment: Deployment | None, settings: Settings) -> list[str]:
    """Prompts that the settings name and nobody can play, with the key of the settings: "KEY: PROMPT"."""
    known = known_prompts(deployment, settings)
    named = [(f"queue {queue.name}.whisper", queue.whisper) for queue in settings.queues if queue.whisper]
    for queue in settings.queues:
        where = f"queue {queue.name}"
        ways = [*exits(queue, where), (f"{where}.leave_to", queue.leave_to)]
        named += [(key, to.removeprefix("message:")) for key, to in ways if to.startswith("message:")]
        named += [(f"{where}.comfort", prompt) for prompt in queue.comfort]
    for flow in settings.flows:
        named.append((f"flow {flow.name}.greeting", flow.greeting))
        destinations = [flow.start, flow.closed]
        for menu in flow.menus:
            named.append((f"flow {flow.name}.menu {menu.name}.prompt", menu.prompt))
            destinations += [menu.on_failure, *(choice.go for choice in menu.choices)]
        for destination in destinations:
            if destination.startswith("message:"):
                named.append((f"flow {flow.name}", destination.removeprefix("message:")))
    return [f"{where}: {prompt}" for where, prompt in named if prompt not in known]
