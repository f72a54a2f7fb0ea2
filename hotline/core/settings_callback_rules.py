"""Whether callbacks can be made: a trunk to call by, limits that agree, prefixes that can decide anything.

Judges values that were read from a document, notes complaints by the document's keys.
"""

from __future__ import annotations

from acd.core.callback_numbers import PLANS, NumberRules
from hotline.core.phrases import phrase
from hotline.core.settings import Settings
from hotline.core.settings_exits import exits
from hotline.core.settings_fields import CALLBACK
from hotline.core.settings_references import References


def number_rules(settings: Settings) -> NumberRules:
    """Which numbers may be called back."""
    callbacks = settings.callbacks
    return NumberRules(
        country=settings.hotline.country,
        allowed=callbacks.allowed_prefixes,
        refused=callbacks.refused_prefixes,
        least_digits=callbacks.digits_min,
        most_digits=callbacks.digits_max,
        own=(*(line.did for line in settings.numbers), callbacks.presented_number),
        emergency=settings.outgoing.emergency,
    )


def check_callbacks(references: References) -> None:
    """Notes in what way nobody could be called back."""
    callbacks, complaints = references.settings.callbacks, references.complaints
    if callbacks.trunk:
        trunks = [trunk.name for trunk in references.settings.trunks]
        references.refer("callbacks.trunk", callbacks.trunk, trunks, phrase("allowed.a_trunk"))
        if not callbacks.presented_number:
            complaints.add("callbacks.presented_number", "", phrase("allowed.callback_presented"))
    else:
        _refuse_callback_exits(references)
    if callbacks.digits_max < callbacks.digits_min:
        least = phrase("allowed.not_below", least=callbacks.digits_min, key="callbacks.digits_min")
        complaints.add("callbacks.digits_max", callbacks.digits_max, least)
    if callbacks.attempts > 1 and callbacks.expire_after_s <= callbacks.retry_after_s:
        later = phrase("allowed.later_than_retry", least=callbacks.retry_after_s)
        complaints.add("callbacks.expire_after_s", callbacks.expire_after_s, later)
    _check_prefixes(references)


def _refuse_callback_exits(references: References) -> None:
    for number, queue in enumerate(references.settings.queues, 1):
        where = f"queue[{number}]"
        for key, destination in (*exits(queue, where), (f"{where}.leave_to", queue.leave_to)):
            if destination == CALLBACK:
                references.complaints.add(key, destination, phrase("allowed.callback_trunk"))


def _check_prefixes(references: References) -> None:
    """A prefix that no number can have which is judged by prefixes would only seem to allow something."""
    settings, complaints = references.settings, references.complaints
    callbacks, plan = settings.callbacks, PLANS.get(settings.hotline.country)
    references.refuse_twins("callbacks.allowed_prefixes[{}]", callbacks.allowed_prefixes)
    references.refuse_twins(
        "callbacks.refused_prefixes[{}]", callbacks.refused_prefixes, taken=callbacks.allowed_prefixes
    )
    if plan is None:
        return  # complained about as a country
    for place, prefix in enumerate(callbacks.allowed_prefixes, 1):
        key = f"callbacks.allowed_prefixes[{place}]"
        if prefix.startswith(plan.abroad):
            complaints.add(key, prefix, phrase("allowed.country_prefix", abroad=plan.abroad))
        elif prefix in (*plan.emergency, *settings.outgoing.emergency):
            complaints.add(key, prefix, phrase("allowed.no_emergency_prefix", number=prefix))
