"""Settings as the distributor wants them: profiles of agents and rules of queues, in ms. No decisions."""

from __future__ import annotations

from acd.core.events import AgentProfile, QueueRules, SettingsChanged
from hotline.core.settings import Settings


def settings_changed(settings: Settings) -> SettingsChanged:
    """The event that makes a settings version current in the distributor."""
    period_ms = settings.ring_period_ms
    house = settings.hotline
    return SettingsChanged(
        version=settings.version,
        agents=tuple(
            AgentProfile(number=agent.number, skills=tuple(sorted(agent.skills.items())))
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
                max_waiting=queue.max_waiting,
                order=queue.order,
                head_start_ms=house.head_start_s * 1000,
                agent_choice=queue.agent_choice,
            )
            for queue in settings.queues
        ),
        choice_seed=house.choice_seed,
    )
