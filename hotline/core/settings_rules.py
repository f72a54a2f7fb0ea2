"""Whether settings agree with themselves: references, duplicates, needs somebody can meet, menus in reach.

Judges values that were read from a document (`settings_document`), notes complaints by the document's keys.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from acd.core.needs import NeedsError, parse_needs
from hotline.core.settings import Flow, Menu, Settings
from hotline.core.settings_complaints import Complaints

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

SKILL_LEVELS = range(1, 11)
RESERVED_SKILLS = ("and", "or", "not")


def check_rules(settings: Settings, complaints: Complaints) -> None:
    """Notes everything in which the settings disagree with themselves."""
    _check_hotline(settings, complaints)
    _check_duplicates(settings, complaints)
    _check_trunks(settings, complaints)
    _check_agents(settings, complaints)
    _check_queues(settings, complaints)
    for number, flow in enumerate(settings.flows, 1):
        _check_flow(settings, flow, f"flow[{number}]", complaints)
    _check_numbers(settings, complaints)


def _check_hotline(settings: Settings, complaints: Complaints) -> None:
    hotline = settings.hotline
    if not hotline.languages:
        complaints.add("hotline.languages", [], "at least one language")
    _refuse_twins("hotline.languages[{}]", hotline.languages, complaints)
    phones = [phone.name for phone in settings.phones]
    for number, name in enumerate(hotline.emergency_phones, 1):
        _refer(f"hotline.emergency_phones[{number}]", name, phones, "the name of a phone", complaints)


def _check_duplicates(settings: Settings, complaints: Complaints) -> None:
    _refuse_twins("skills[{}]", settings.skills, complaints)
    for number, skill in enumerate(settings.skills, 1):
        if skill.lower() in RESERVED_SKILLS:
            complaints.add(f"skills[{number}]", skill, f"a name other than {', '.join(RESERVED_SKILLS)}")
    _refuse_twins("queue[{}].name", [queue.name for queue in settings.queues], complaints)
    _refuse_twins("agent[{}].number", [agent.number for agent in settings.agents], complaints)
    _refuse_twins("flow[{}].name", [flow.name for flow in settings.flows], complaints)
    _refuse_twins("number[{}].did", [number.did for number in settings.numbers], complaints)
    _refuse_twins("hours[{}].name", [hours.name for hours in settings.hours], complaints)
    # Trunks and phones are accounts of one SIP server, so they share one space of names.
    trunks = [trunk.name for trunk in settings.trunks]
    _refuse_twins("trunk[{}].name", trunks, complaints)
    _refuse_twins("phone[{}].name", [phone.name for phone in settings.phones], complaints, taken=trunks)


def _check_trunks(settings: Settings, complaints: Complaints) -> None:
    sources: list[tuple[str, IPNetwork]] = []
    for number, trunk in enumerate(settings.trunks, 1):
        where = f"trunk[{number}]"
        if trunk.kind in ("address", "registered") and not trunk.address:
            complaints.add(f"{where}.address", "", f'host or host:port, because kind is "{trunk.kind}"')
        if trunk.kind == "registered" and not trunk.username:
            complaints.add(f"{where}.username", "", "the account's name, because we register there")
        if trunk.kind == "peer" and trunk.username:
            complaints.add(f"{where}.username", trunk.username, '"": a peer signs in with its name')
        if not trunk.codecs:
            complaints.add(f"{where}.codecs", [], "at least one codec")
        for place, source in enumerate(trunk.sources, 1):
            key = f"{where}.match[{place}]" if trunk.match else f"{where}.address"
            _check_source(key, where, source, sources, complaints)
    for number, phone in enumerate(settings.phones, 1):
        if not phone.codecs:
            complaints.add(f"phone[{number}].codecs", [], "at least one codec")


def _check_source(
    key: str, where: str, source: str, sources: list[tuple[str, IPNetwork]], complaints: Complaints
) -> None:
    """A call's source address names its trunk, so no address may belong to two."""
    try:
        network = ipaddress.ip_network(source, strict=False)
    except ValueError:
        return  # a host name, which only Asterisk resolves; or complained about by its spelling
    for other, known in sources:
        if other != where and network.version == known.version and network.overlaps(known):
            complaints.add(key, source, f"a source that {other} has not")
    sources.append((where, network))


def _check_agents(settings: Settings, complaints: Complaints) -> None:
    phones = [phone.name for phone in settings.phones]
    for number, agent in enumerate(settings.agents, 1):
        where = f"agent[{number}]"
        for skill, level in agent.skills.items():
            key = f"{where}.skills.{skill}"
            _refer(key, skill, settings.skills, "a skill of the list skills", complaints)
            if level not in SKILL_LEVELS:
                complaints.add(key, level, "a level from 1 to 10")
        if agent.phone:
            _refer(f"{where}.phone", agent.phone, phones, "the name of a phone", complaints)


def _check_queues(settings: Settings, complaints: Complaints) -> None:
    for number, queue in enumerate(settings.queues, 1):
        _check_needs(settings, f"queue[{number}].needs", queue.needs, complaints)


def _check_needs(settings: Settings, where: str, needs: str, complaints: Complaints) -> None:
    """Refuses what cannot be parsed, names no skill, or asks for a skill that no agent has."""
    if not needs:
        return
    try:
        parsed = parse_needs(needs)
    except NeedsError as error:
        complaints.add(
            where, needs, f"{error.allowed}, in place of {error.what} (character {error.position + 1})"
        )
        return
    held = {skill for agent in settings.agents for skill in agent.skills}
    for skill in sorted(parsed.skills()):
        if skill not in settings.skills:
            complaints.add(
                where, needs, f"skills of the list skills ({_listed(settings.skills)}), not {skill}"
            )
        elif skill not in held:
            complaints.add(
                where, needs, f"skills some agent has ({_listed(sorted(held))}); nobody has {skill}"
            )
    if not any(parsed.met_by(agent.skills) for agent in settings.agents):
        complaints.add(where, needs, "needs that at least one agent meets")


def _check_numbers(settings: Settings, complaints: Complaints) -> None:
    flows = [flow.name for flow in settings.flows]
    queues = [queue.name for queue in settings.queues]
    for number, line in enumerate(settings.numbers, 1):
        where = f"number[{number}]"
        if bool(line.flow) == bool(line.direct_queue):
            complaints.add(f"{where}.flow", line.flow, "either a flow or a direct_queue, one of both")
        elif line.flow:
            _refer(f"{where}.flow", line.flow, flows, "the name of a flow", complaints)
        else:
            _refer(f"{where}.direct_queue", line.direct_queue, queues, "the name of a queue", complaints)


# ---- flows ------------------------------------------------------------------------------------------------


def _check_flow(settings: Settings, flow: Flow, where: str, complaints: Complaints) -> None:
    menus = {menu.name: menu for menu in flow.menus}
    _refuse_twins(where + ".menu[{}].name", [menu.name for menu in flow.menus], complaints)
    if flow.hours:
        names = [hours.name for hours in settings.hours]
        _refer(f"{where}.hours", flow.hours, names, "the name of opening hours", complaints)
    for key, destination in _destinations(flow, where):
        kind, _, name = destination.partition(":")
        if kind == "menu":
            _refer(key, name, menus, "menu: and the name of a menu of this flow", complaints)
        elif kind == "queue":
            queues = [queue.name for queue in settings.queues]
            _refer(key, name, queues, "queue: and the name of a queue", complaints)
    reached = _menus_in_reach(flow, menus)
    for number, menu in enumerate(flow.menus, 1):
        here = f"{where}.menu[{number}]"
        if menu.name not in reached:
            complaints.add(f"{here}.name", menu.name, "a menu that a caller can reach")
        _check_menu(settings, menu, menus, here, complaints)


def _check_menu(
    settings: Settings, menu: Menu, menus: dict[str, Menu], where: str, complaints: Complaints
) -> None:
    if not menu.choices:
        complaints.add(f"{where}.choice", [], "at least one choice")
    _refuse_twins(where + ".choice[{}].digit", [choice.digit for choice in menu.choices], complaints)
    for number, choice in enumerate(menu.choices, 1):
        here = f"{where}.choice[{number}]"
        languages = settings.hotline.languages
        if choice.language:
            _refer(f"{here}.language", choice.language, languages, "one of hotline.languages", complaints)
        _check_needs(settings, f"{here}.needs", choice.needs, complaints)
    # A caller who says nothing must come to an end, so failures may not lead in a circle.
    passed: list[str] = []
    step: Menu | None = menu
    while step is not None and step.name not in passed:
        passed.append(step.name)
        step = menus.get(step.on_failure.removeprefix("menu:"))
    if step is not None:
        complaints.add(f"{where}.on_failure", menu.on_failure, "a destination that does not lead in a circle")


def _destinations(flow: Flow, where: str) -> Iterator[tuple[str, str]]:
    """Every (key, destination) of a flow."""
    yield f"{where}.start", flow.start
    yield f"{where}.closed", flow.closed
    for number, menu in enumerate(flow.menus, 1):
        for place, choice in enumerate(menu.choices, 1):
            yield f"{where}.menu[{number}].choice[{place}].go", choice.go
        yield f"{where}.menu[{number}].on_failure", menu.on_failure


def _menus_in_reach(flow: Flow, menus: dict[str, Menu]) -> set[str]:
    reached: set[str] = set()
    open_ends = [flow.start, flow.closed]
    while open_ends:
        menu = menus.get(open_ends.pop().removeprefix("menu:"))
        if menu is not None and menu.name not in reached:
            reached.add(menu.name)
            open_ends += [choice.go for choice in menu.choices] + [menu.on_failure]
    return reached


# ---- words ------------------------------------------------------------------------------------------------


def _refuse_twins(key: str, values: Sequence[str], complaints: Complaints, taken: Sequence[str] = ()) -> None:
    seen = set(taken)
    for number, value in enumerate(values, 1):
        if value in seen:
            complaints.add(key.format(number), value, "a value that is used once only")
        seen.add(value)


def _refer(key: str, name: Any, known: Iterable[str], what: str, complaints: Complaints) -> None:
    if name not in known:
        complaints.add(key, name, f"{what} ({_listed(known)})")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(names) or "there is none"
