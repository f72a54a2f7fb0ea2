"""Whether what an agent's phone may dial, or transfer to, means one thing only.

A number of the hotline, an agent's number and a queue's extension are dialled alike. An agent's number that
is a number of the hotline, too, is allowed: it leads to the hotline.
"""

from __future__ import annotations

from hotline.core.phrases import phrase
from hotline.core.settings_references import References


def check_extensions(references: References) -> None:
    """Notes each queue's extension that means something else already."""
    settings = references.settings
    taken = [number.did for number in settings.numbers] + [agent.number for agent in settings.agents]
    numbers = [place for place, queue in enumerate(settings.queues, 1) if queue.extension]
    for place in numbers:
        earlier = [queue.extension for queue in settings.queues[: place - 1]]
        extension = settings.queues[place - 1].extension
        references.refuse_twins(f"queue[{place}].extension", [extension], taken=[*taken, *earlier])


def check_verification(references: References) -> None:
    """Notes a number for the verifying flow that means something else, or leads to no checker."""
    settings, extension = references.settings, references.settings.verification.extension
    taken = [number.did for number in settings.numbers] + [agent.number for agent in settings.agents]
    taken += [queue.extension for queue in settings.queues]
    if extension:
        references.refuse_twins("verification.extension", [extension], taken=taken)
        if not settings.verification.url:
            references.complaints.add("verification.url", "", phrase("allowed.checker_url"))


def check_outgoing(references: References) -> None:
    """Notes in what way calls to outside numbers cannot be made, or would mean something else."""
    settings, outgoing = references.settings, references.settings.outgoing
    if outgoing.trunk:
        trunks = [trunk.name for trunk in settings.trunks]
        references.refer("outgoing.trunk", outgoing.trunk, trunks, phrase("allowed.a_trunk"))
        if not outgoing.presented:
            references.complaints.add("outgoing.presented", "", phrase("allowed.digits", most=15))
    taken = [number.did for number in settings.numbers] + [agent.number for agent in settings.agents]
    taken += [queue.extension for queue in settings.queues] + [settings.verification.extension]
    if not outgoing.trunk:
        taken = []
    references.refuse_twins("outgoing.emergency[{}]", outgoing.emergency, taken=taken)
    for place, number in enumerate(outgoing.emergency, 1):
        dialled = outgoing.access + number
        # Stored ones do no harm: the dialplan has emergency numbers before all else.
        if dialled in taken and not references.complaints.stored:
            allowed = phrase("allowed.free_behind_access", access=outgoing.access, dialled=dialled)
            references.complaints.add(f"outgoing.emergency[{place}]", number, allowed)
