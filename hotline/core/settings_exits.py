"""Where queues send callers: every destination exists, and none leads back without the caller's doing.

A circle of overflows would send a caller round for ever. It may pass through flows: their start, their closed
hours, and what follows when nobody presses a key in a menu. What a caller chooses is no circle.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator

from hotline.core.phrases import Phrase, phrase
from hotline.core.settings import Queue, Settings
from hotline.core.settings_references import References


def exits(queue: Queue, where: str) -> Iterator[tuple[str, str]]:
    """Every (key, destination) to which a queue sends callers by itself."""
    yield f"{where}.closed", queue.closed
    if queue.overflow:
        yield f"{where}.overflow", queue.overflow
    for name in ("nobody_logged_in", "nobody_ready", "predicted_overflow"):
        ways = getattr(queue, name)
        for way, destination in (("entering", ways.entering), ("waiting", ways.waiting)):
            if destination != "wait":
                yield f"{where}.{name}.{way}", destination


def check_exits(references: References, queue: Queue, where: str) -> None:
    """Notes destinations that do not exist, limits without one, and circles."""
    if not queue.overflow and (queue.max_wait_s or queue.callers_per_agent):
        references.complaints.add(f"{where}.overflow", "", phrase("allowed.exit_for_limit"))
    _check_predicted(references, queue, where)
    if bool(queue.leave_key) != bool(queue.leave_to):
        references.complaints.add(f"{where}.leave_to", queue.leave_to, phrase("allowed.key_and_exit"))
    elif queue.leave_to:
        check_destination(references, f"{where}.leave_to", queue.leave_to)
    for key, destination in exits(queue, where):
        check_destination(references, key, destination)
        way = _way_to(references.settings, destination, f"queue:{queue.name}")
        if key not in references.complaints.found and way:
            allowed = phrase("allowed.open_circle", way=" → ".join(way))
            references.complaints.add(key, destination, allowed)


def _check_predicted(references: References, queue: Queue, where: str) -> None:
    ways = queue.predicted_overflow
    leads_on = (ways.entering, ways.waiting) != ("wait", "wait")
    if queue.max_predicted_wait_s and not leads_on:
        key = f"{where}.predicted_overflow.entering"
        references.complaints.add(key, ways.entering, phrase("allowed.exit_for_limit"))
    elif leads_on and not queue.max_predicted_wait_s:
        references.complaints.add(f"{where}.max_predicted_wait_s", 0, phrase("allowed.limit_for_exit"))


def check_destination(references: References, key: str, destination: str) -> None:
    """Notes a queue, flow, menu or number that does not exist, and one outside that cannot be dialled."""
    kind, _, name = destination.partition(":")
    settings = references.settings
    menus = dict.fromkeys(menu.name for flow in settings.flows for menu in flow.menus)
    numbers = [line.did for line in settings.numbers]
    known: dict[str, tuple[Collection[str], Phrase]] = {
        "queue": (references.queues, phrase("allowed.queue_and_name")),
        "flow": (references.flows, phrase("allowed.flow_and_name")),
        "menu": (menus, phrase("allowed.any_menu_and_name")),
        "number": (numbers, phrase("allowed.number_and_did")),
    }
    if kind in known:
        names, what = known[kind]
        references.refer(key, name, names, what)
    elif kind == "outside" and not settings.outgoing.trunk:
        references.complaints.add(key, destination, phrase("allowed.outside_trunk"))
    elif kind == "outside" and name in numbers:
        # Over the trunk it would come back as another call.
        references.complaints.add(key, destination, phrase("allowed.outside_number", did=name))


def _way_to(settings: Settings, destination: str, goal: str) -> tuple[str, ...]:
    """The places, the shortest way, through which a caller who does nothing comes to the goal; (): never."""
    ways: deque[tuple[str, ...]] = deque([(destination,)])
    seen = set[str]()
    while ways:
        way = ways.popleft()
        if way[-1] == goal:
            return way
        if way[-1] not in seen:
            seen.add(way[-1])
            ways += [(*way, onward) for onward in _onward(settings, way[-1])]
    return ()


def _onward(settings: Settings, place: str) -> list[str]:
    kind, _, name = place.partition(":")
    match kind:
        case "queue":
            return [to for queue in settings.queues if queue.name == name for _, to in exits(queue, "")]
        case "flow":
            return [to for flow in settings.flows if flow.name == name for to in (flow.start, flow.closed)]
        case "menu":
            menus = [menu for flow in settings.flows for menu in flow.menus]
            return [menu.on_failure for menu in menus if menu.name == name]
        case "number":
            lines = [line for line in settings.numbers if line.did == name]
            return [f"flow:{line.flow}" if line.flow else f"queue:{line.direct_queue}" for line in lines]
    return []
