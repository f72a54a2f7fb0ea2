"""Settings as the distributor wants them: profiles of agents and rules of queues, in ms. No decisions."""

from __future__ import annotations

from dataclasses import fields

from acd.core.events import SettingsChanged
from acd.core.house_rules import AgentProfile, AgentRules, FailedOfferRule, QueueRules, StepRules
from hotline.core.settings import Settings, WithoutAgents


def settings_changed(settings: Settings) -> SettingsChanged:
    """The event that makes a settings version current in the distributor."""
    period_ms = settings.ring_period_ms
    house = settings.hotline
    return SettingsChanged(
        version=settings.version,
        agents=tuple(
            AgentProfile(agent.number, tuple(sorted(agent.skills.items())), agent.also)
            for agent in settings.agents
        ),
        queues=tuple(
            QueueRules(
                name=queue.name,
                needs=queue.needs,
                priority=queue.priority,
                after_contact_ms=queue.after_contact_s * 1000,
                offer_ring_ms=(queue.offer_rings or house.offer_rings) * period_ms,
                target_ms=(queue.target_rings or house.target_rings) * period_ms,
                short_abandon_ms=settings.short_abandon_ms(queue),
                max_waiting=queue.max_waiting,
                order=queue.order,
                head_start_ms=house.head_start_s * 1000,
                agent_choice=queue.agent_choice,
                disposition="" if queue.disposition == "none" else queue.disposition,
                closed=queue.closed,
                ring=queue.ring,
                steps=tuple(StepRules(step.after_s * 1000, step.needs) for step in queue.steps),
                return_within_ms=queue.return_within_s * 1000,
                recall_within_ms=queue.recall_within_s * 1000,
                max_wait_ms=queue.max_wait_s * 1000,
                overflow=queue.overflow,
                callers_per_1000_agents=round(queue.callers_per_agent * 1000),
                nobody_logged_in=_ways(queue.nobody_logged_in),
                nobody_ready=_ways(queue.nobody_ready),
                max_predicted_ms=queue.max_predicted_wait_s * 1000,
                predicted=_ways(queue.predicted_overflow),
                prefer_last_ms=queue.prefer_last_agent_s * 1000,
                prefer_named_ms=queue.prefer_named_s * 1000,
                pickup=queue.pickup,
            )
            for queue in settings.queues
        ),
        choice_seed=house.choice_seed,
        agent_rules=_agent_rules(settings),
    )


def _agent_rules(settings: Settings) -> AgentRules:
    house = settings.hotline
    failed = {
        field.name: getattr(house.failed_offers, field.name)
        for field in fields(house.failed_offers)
        if field.name != "pause_s"
    }
    return AgentRules(
        prolong_ms=house.after_contact_prolong_s * 1000,
        longest_work_ms=house.after_contact_max_s * 1000,
        code_wait_ms=house.disposition_max_s * 1000,
        codes=tuple(settings.dispositions),
        break_ms=tuple(
            (digit, reason.max_s * 1000)
            for digit, reason in settings.not_ready_reasons.items()
            if reason.max_s
        ),
        phone_gone_ms=house.phone_gone_s * 1000,
        pause_ms=house.failed_offers.pause_s * 1000,
        failed_offers=tuple(
            (cause, FailedOfferRule(rule.becomes, rule.after)) for cause, rule in failed.items()
        ),
    )


def _ways(without: WithoutAgents) -> tuple[str, str]:
    """For newcomers and for those who wait; "" where they wait."""
    entering, waiting = ("" if way == "wait" else way for way in (without.entering, without.waiting))
    return entering, waiting
