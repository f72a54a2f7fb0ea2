"""Whether settings agree with themselves: duplicates, references, needs that somebody can meet.

Judges values that were read from a document (`settings_document`), notes complaints by the document's keys.
Flows and queues have modules of their own, `settings_flow_rules` and `settings_queue_rules`.
"""

from __future__ import annotations

import ipaddress

from hotline.core.phrases import phrase
from hotline.core.settings import Settings
from hotline.core.settings_agent_rules import check_agents
from hotline.core.settings_callback_rules import check_callbacks
from hotline.core.settings_complaints import Complaints
from hotline.core.settings_dialled_rules import check_extensions, check_outgoing, check_verification
from hotline.core.settings_flow_rules import check_flow
from hotline.core.settings_queue_rules import check_preferred, check_queue, check_team
from hotline.core.settings_references import References

IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

RESERVED_SKILLS = ("and", "or", "not")
RESERVED_ACCOUNTS = ("global", "system")  # sections of pjsip.conf whose name is their meaning


def check_rules(settings: Settings, complaints: Complaints) -> None:
    """Notes everything in which the settings disagree with themselves."""
    references = References(settings, complaints)
    _check_hotline(references)
    _check_duplicates(references)
    _check_reserved(references)
    _check_lines(references)
    check_agents(references)
    for number, team in enumerate(settings.teams, 1):
        check_team(references, team, f"team[{number}]")
    for number, queue in enumerate(settings.queues, 1):
        check_queue(references, queue, f"queue[{number}]")
    for number, flow in enumerate(settings.flows, 1):
        check_flow(references, flow, f"flow[{number}]")
    _check_numbers(references)
    check_extensions(references)
    check_verification(references)
    check_outgoing(references)
    check_callbacks(references)


def _check_hotline(references: References) -> None:
    hotline = references.settings.hotline
    if not hotline.languages:
        references.complaints.add("hotline.languages", [], phrase("allowed.one_language"))
    references.refuse_twins("hotline.languages[{}]", hotline.languages)
    for number, name in enumerate(hotline.emergency_phones, 1):
        key = f"hotline.emergency_phones[{number}]"
        references.refer(key, name, references.phones, phrase("allowed.a_phone"))


def _check_duplicates(references: References) -> None:
    settings = references.settings
    references.refuse_twins("skills[{}]", settings.skills)
    references.refuse_twins("queue[{}].name", [queue.name for queue in settings.queues])
    references.refuse_twins("agent[{}].number", [agent.number for agent in settings.agents])
    references.refuse_twins("team[{}].name", [team.name for team in settings.teams])
    references.refuse_twins("flow[{}].name", [flow.name for flow in settings.flows])
    references.refuse_twins("number[{}].did", [number.did for number in settings.numbers])
    references.refuse_twins("hours[{}].name", [hours.name for hours in settings.hours])
    # Trunks and phones are accounts of one SIP server, so they share one space of names.
    trunks = [trunk.name for trunk in settings.trunks]
    references.refuse_twins("trunk[{}].name", trunks)
    references.refuse_twins("phone[{}].name", list(phone.name for phone in settings.phones), taken=trunks)


def _check_reserved(references: References) -> None:
    settings, complaints = references.settings, references.complaints
    for number, skill in enumerate(settings.skills, 1):
        if skill.lower() in RESERVED_SKILLS:
            allowed = phrase("allowed.other_name", names=", ".join(RESERVED_SKILLS))
            complaints.add(f"skills[{number}]", skill, allowed)
    accounts = [(f"trunk[{number}].name", trunk.name) for number, trunk in enumerate(settings.trunks, 1)]
    accounts += [(f"phone[{number}].name", phone.name) for number, phone in enumerate(settings.phones, 1)]
    for key, name in accounts:
        if name in RESERVED_ACCOUNTS:
            complaints.add(key, name, phrase("allowed.other_name", names=", ".join(RESERVED_ACCOUNTS)))


def _check_lines(references: References) -> None:
    complaints = references.complaints
    sources: list[tuple[str, IPNetwork]] = []
    for number, trunk in enumerate(references.settings.trunks, 1):
        where = f"trunk[{number}]"
        if trunk.kind in ("address", "registered") and not trunk.address:
            complaints.add(f"{where}.address", "", phrase("allowed.trunk_address", kind=trunk.kind))
        if trunk.kind == "registered" and not trunk.username:
            complaints.add(f"{where}.username", "", phrase("allowed.trunk_username"))
        if trunk.kind == "peer" and trunk.username:
            complaints.add(f"{where}.username", trunk.username, phrase("allowed.peer_username"))
        if not trunk.codecs:
            complaints.add(f"{where}.codecs", [], phrase("allowed.one_codec"))
        for place, source in enumerate(trunk.sources, 1):
            key = f"{where}.match[{place}]" if trunk.match else f"{where}.address"
            _check_source(key, where, source, sources, complaints)
    for number, phone in enumerate(references.settings.phones, 1):
        if not phone.codecs:
            complaints.add(f"phone[{number}].codecs", [], phrase("allowed.one_codec"))


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
            complaints.add(key, source, phrase("allowed.other_source", trunk=other))
    sources.append((where, network))


def _check_numbers(references: References) -> None:
    for number, line in enumerate(references.settings.numbers, 1):
        where = f"number[{number}]"
        check_preferred(references, f"{where}.prefer", line.prefer)
        if bool(line.flow) == bool(line.direct_queue):
            references.complaints.add(f"{where}.flow", line.flow, phrase("allowed.flow_or_queue"))
        elif line.flow:
            references.refer(f"{where}.flow", line.flow, references.flows, phrase("allowed.a_flow"))
        else:
            key = f"{where}.direct_queue"
            references.refer(key, line.direct_queue, references.queues, phrase("allowed.a_queue"))
