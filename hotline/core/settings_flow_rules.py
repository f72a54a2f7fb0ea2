"""Whether a flow holds together: every destination exists, every menu is in reach, every way ends well.

A way through the menus adds the needs of its choices to the queue's (`ivr.core.flows`), so needs that agents
meet one by one can be met by nobody together: each way to a queue is tried.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from acd.core.needs import join_needs
from hotline.core.phrases import phrase
from hotline.core.settings import Flow, Menu
from hotline.core.settings_exits import exits
from hotline.core.settings_queue_rules import check_preferred
from hotline.core.settings_references import References

MOST_WAYS = 10_000  # more ways than that through one flow are not all tried


def check_flow(references: References, flow: Flow, where: str) -> None:
    """Notes everything in which a flow disagrees with itself and with the rest of the settings."""
    complaints = references.complaints
    menus = {menu.name: menu for menu in flow.menus}
    references.refuse_twins(where + ".menu[{}].name", [menu.name for menu in flow.menus])
    if flow.hours:
        references.refer(f"{where}.hours", flow.hours, references.hours, phrase("allowed.some_hours"))
    check_preferred(references, f"{where}.prefer", flow.prefer)
    for key, destination in _destinations(flow, where):
        kind, _, name = destination.partition(":")
        if kind == "menu":
            references.refer(key, name, menus, phrase("allowed.menu_and_name"))
        elif kind == "queue":
            references.refer(key, name, references.queues, phrase("allowed.queue_and_name"))
    reached = _menus_in_reach(flow, menus)
    for number, menu in enumerate(flow.menus, 1):
        here = f"{where}.menu[{number}]"
        if menu.name not in reached:
            complaints.add(f"{here}.name", menu.name, phrase("allowed.reachable_menu"))
        _check_menu(references, menu, menus, here)
    _check_ways(references, flow, menus, where)


def _check_menu(references: References, menu: Menu, menus: dict[str, Menu], where: str) -> None:
    complaints = references.complaints
    if not menu.choices:
        complaints.add(f"{where}.choice", [], phrase("allowed.one_choice"))
    references.refuse_twins(where + ".choice[{}].digit", [choice.digit for choice in menu.choices])
    for number, choice in enumerate(menu.choices, 1):
        here = f"{where}.choice[{number}]"
        if choice.language:
            languages = references.settings.hotline.languages
            references.refer(
                f"{here}.language", choice.language, languages, phrase("allowed.hotline_language")
            )
        references.check_needs(f"{here}.needs", choice.needs)
        check_preferred(references, f"{here}.prefer", choice.prefer)
    # A caller who says nothing must come to an end, so failures may not lead in a circle.
    passed: list[str] = []
    step: Menu | None = menu
    while step is not None and step.name not in passed:
        passed.append(step.name)
        step = menus.get(_menu_name(step.on_failure))
    if step is not None:
        complaints.add(f"{where}.on_failure", menu.on_failure, phrase("allowed.no_circle"))


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
        menu = menus.get(_menu_name(open_ends.pop()))
        if menu is not None and menu.name not in reached:
            reached.add(menu.name)
            open_ends += [choice.go for choice in menu.choices] + [menu.on_failure]
    return reached


def _menu_name(destination: str) -> str:
    """The menu a destination leads to, "" for another kind."""
    kind, _, name = destination.partition(":")
    return name if kind == "menu" else ""


@dataclass(frozen=True, slots=True)
class _Way:
    """Where a caller goes next, by which key, through which menus, and the needs chosen on the way."""

    key: str
    destination: str
    passed: frozenset[str] = frozenset()
    needs: tuple[str, ...] = ()


def _check_ways(references: References, flow: Flow, menus: dict[str, Menu], where: str) -> None:
    """Notes each destination at which the needs that came together can be met by nobody."""
    numbers = {menu.name: number for number, menu in enumerate(flow.menus, 1)}
    ways = [_Way(f"{where}.start", flow.start), _Way(f"{where}.closed", flow.closed)]
    seen = set(ways)
    while ways and len(seen) < MOST_WAYS:
        way = ways.pop()
        kind, _, name = way.destination.partition(":")
        if kind == "queue":
            _check_arrival(references, way, name)
            # What was chosen goes along when a queue sends the caller to another one.
            onward = _overflows(references, way, name)
            ways += [step for step in onward if step not in seen]
            seen.update(onward)
        menu = menus.get(name) if kind == "menu" else None
        # Coming back to a menu takes back what was chosen since: nothing that was not tried already.
        if menu is None or name in way.passed:
            continue
        here, passed = f"{where}.menu[{numbers[name]}]", way.passed | {name}
        onward = [_Way(f"{here}.on_failure", menu.on_failure, passed, way.needs)]
        for place, choice in enumerate(menu.choices, 1):
            chosen = (choice.needs,) if choice.needs and choice.needs not in way.needs else ()
            onward.append(_Way(f"{here}.choice[{place}].go", choice.go, passed, way.needs + chosen))
        ways += [step for step in onward if step not in seen]
        seen.update(onward)


def _overflows(references: References, way: _Way, name: str) -> list[_Way]:
    queue = references.queues.get(name)
    if queue is None or not way.needs:
        return []
    where = f"queue[{list(references.queues).index(name) + 1}]"
    return [
        _Way(key, to, way.passed, way.needs) for key, to in exits(queue, where) if to.startswith("queue:")
    ]


def _check_arrival(references: References, way: _Way, queue_name: str) -> None:
    queue = references.queues.get(queue_name)
    if queue is None:
        return  # complained about as an unknown queue
    parts = [part for part in (queue.needs, *way.needs) if part]
    # What nobody meets by itself is complained about where it stands.
    if len(parts) < 2 or not all(map(references.can_be_met, parts)):
        return
    together = join_needs(*parts)
    if not references.can_be_met(together):
        allowed = phrase("allowed.met_together", needs=together)
        references.complaints.add(way.key, way.destination, allowed)
