"""What is wrong with the house, from the services' metrics and health: few alarms, each with a name.

    trunk_down, trunk_unregistered   about: the trunk's name
    trunk_awaited                    about: a trunk that is to register with us and never has; only a note
    asterisk                         acd has no link to Asterisk
    service                          about: a service that does not answer or is not ready
    database                         PostgreSQL does not answer the ledger
    ledger_behind                    facts wait for longer than BEHIND_S to be written to PostgreSQL
    disk                             there is little space left for recordings
    journal                          the disk does not take what acd, ivr or keeper write
    shut_out                         addresses are shut out that guessed at passwords or accounts

This module must not know how figures are asked for, nor how alarms are shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

BEHIND_S = 30.0
BUFFERED_BYTES = 1_000_000
"""A journal that works buffers for a tenth of a second; so much is a disk that does not take it."""

LABELS = {
    "hotline_trunk_up": "trunk",
    "hotline_trunk_registered": "trunk",
    "hotline_trunk_awaited": "trunk",
    "hotline_ami_up": "",
    "hotline_ledger_backlog_age_seconds": "writer",
    "hotline_recordings_disk_low": "",
    "hotline_journal_buffered_bytes": "writer",
    "hotline_sip_addresses_barred": "",
}
"""The metrics that are looked at, and the label that tells their samples apart."""

NOTES = frozenset({"trunk_awaited"})
"""What is told calmly: it waits to be done, and nothing has failed."""

Figures = Mapping[str, Mapping[str, float]]
"""By metric, by its label's value."""


@dataclass(frozen=True, slots=True, order=True)
class Alarm:
    """kind: see above; about: what it concerns, "" when the kind says it all."""

    kind: str
    about: str = ""

    @property
    def is_note(self) -> bool:
        """Is it to be told calmly, and not on the wall?"""
        return self.kind in NOTES


def alarms_of(figures: Figures, health: Mapping[str, str]) -> list[Alarm]:
    """The alarms of this moment, the gravest first, notes last.

    health: ready, not_ready or absent by service.
    """
    has_link = all(up > 0 for up in figures.get("hotline_ami_up", {}).values())
    alarms = [] if has_link else [Alarm("asterisk")]
    for service, state in health.items():
        match service, state:
            case _, "ready":
                pass
            case "ledger", "not_ready":
                alarms.append(Alarm("database"))
            case "acd", "not_ready" if not has_link:
                pass  # told already, with its cause
            case _:
                alarms.append(Alarm("service", service))
    registered = figures.get("hotline_trunk_registered", {})
    awaited = {name for name, figure in figures.get("hotline_trunk_awaited", {}).items() if figure > 0}
    down = [name for name in _at_zero(figures.get("hotline_trunk_up", {})) if name not in awaited]
    alarms += [Alarm("trunk_down", name) for name in down]
    alarms += [Alarm("trunk_unregistered", name) for name in _at_zero(registered)]
    if health.get("ledger") == "ready" and _most(figures, "hotline_ledger_backlog_age_seconds") > BEHIND_S:
        alarms.append(Alarm("ledger_behind"))
    if _most(figures, "hotline_recordings_disk_low") > 0:
        alarms.append(Alarm("disk"))
    if _most(figures, "hotline_journal_buffered_bytes") > BUFFERED_BYTES:
        alarms.append(Alarm("journal"))
    if _most(figures, "hotline_sip_addresses_barred") > 0:
        alarms.append(Alarm("shut_out"))  # nameless: an address among many is for the log
    return alarms + [Alarm("trunk_awaited", name) for name in sorted(awaited)]


def figures_in(texts: Iterable[str]) -> dict[str, dict[str, float]]:
    """The figures of LABELS out of metrics in the Prometheus text format; other lines are passed over."""
    found: dict[str, dict[str, float]] = {}
    for text in texts:
        for line in text.splitlines():
            if not line.startswith("hotline_"):
                continue
            series, _, value = line.rpartition(" ")
            name, _, labels = series.partition("{")
            if name in LABELS:
                _note(found.setdefault(name, {}), LABELS[name], labels, value)
    return found


def _note(found: dict[str, float], label: str, labels: str, value: str) -> None:
    _, _, rest = labels.partition(f'{label}="')
    about = rest.partition('"')[0] if label else ""
    try:
        found[about] = max(float(value), found[about]) if about in found else float(value)
    except ValueError:
        return


def _at_zero(figures: Mapping[str, float]) -> list[str]:
    return sorted(name for name, figure in figures.items() if figure == 0)


def _most(figures: Figures, name: str) -> float:
    return max(figures.get(name, {}).values(), default=0.0)
