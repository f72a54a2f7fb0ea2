"""Explanations from acd's journal alone, as when PostgreSQL is away: checkpoints, several files, damage."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from played import Played
from running_site import free_port

from acd.core.fact_codec import to_body
from acd.core.picture import Picture
from acd.engine import fact_id
from hotline import settings_snapshot
from hotline.core.settings import Agent, Queue, Settings, Text
from hotline.deployment import Deployment
from hotline.explain import MOST_CHARACTERS, ContactUnknown, ExplainError, clock_of, explain
from hotline.journal import JournalWriter
from hotline.words import in_words

SETTINGS = Settings(
    version=1,
    skills=("sales", "english"),
    queues=(
        Queue("service", Text("服务", "Service"), whisper="queue-service"),
        Queue("orders", Text("订单", "Orders"), whisper="queue-orders"),
    ),
    agents=(
        Agent("1001", "Li", {"sales": 5}),
        Agent("1002", "Han", {"sales": 2, "english": 5}),
        Agent("1003", "Wu"),
    ),
    not_ready_reasons={"7": Text("午餐", "lunch")},
)

BEFORE = """
    0   ready 1001
    10  ready 1002
    20  not_ready 1002 7
    30  ready 1002
    40  arrive c0 service since=40
    50  hang_up c0
    60  leg_ended 1-1 0
"""
STORY = """
    100 arrive c1 service since=100
    110 rang 1-2
    300 failed 1-2 rejected
    310 leg_ended 1-2 21
    400 bridged 1-3
    900 leg_ended 1-3 16 agent
"""


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    """A data folder whose PostgreSQL does not answer."""
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    made = replace(Deployment(tmp_path), own_database_url=url)
    made.make_folders()
    settings_snapshot.write(made.settings_file, SETTINGS)
    return made


def write(deployment: Deployment, played: Played, *, new_files_after: tuple[int, ...] = ()) -> None:
    """The facts into acd's journal, with a checkpoint in a new file after some of them."""
    journal, picture = JournalWriter(deployment.journal("acd"), "acd"), Picture(lambda _: 0)
    for number, fact in enumerate(played.facts):
        kind, body = type(fact).__name__, to_body(fact)
        journal.append(
            kind,
            fact.version,
            body,
            fact_id=fact_id(kind, body),
            contact=body.get("contact"),
            at_us=fact.at_ms * 1000,
        )
        picture.apply(kind, fact.at_ms, body)
        if number in new_files_after:
            journal.rotate(picture.snapshot())
    journal.close()


@pytest.mark.parametrize("new_files_after", [(), (5,), (2, 8, 12), tuple(range(30))])
async def test_the_journal_alone_tells_it(deployment: Deployment, new_files_after: tuple[int, ...]) -> None:
    write(deployment, Played().play(BEFORE + STORY), new_files_after=new_files_after)
    found = await explain(deployment, "c1", "1002")
    assert found.without_database
    [entry] = found.explainer.entries
    assert [one.agents for one in entry.offers] == [["1001"], ["1002"]]
    assert [one.mismatches for one in entry.offers] == [(), ()]
    assert [one.cause for one in entry.offers] == ["rejected", "connected"]
    why = in_words(entry.offers[0].why_not or pytest.fail("no reason"))
    assert why.startswith("longer idle was 1001: since")


async def test_a_contact_of_whom_no_file_tells(deployment: Deployment) -> None:
    write(deployment, Played().play(BEFORE))
    with pytest.raises(ContactUnknown, match="no facts of contact 'c1'"):
        await explain(deployment, "c1")


async def test_without_a_journal_nothing_is_known(deployment: Deployment) -> None:
    with pytest.raises(ContactUnknown):
        await explain(deployment, "c1")


@pytest.mark.parametrize("contact", ["", "c" * (MOST_CHARACTERS + 1)])
async def test_a_contact_that_cannot_be_is_refused(deployment: Deployment, contact: str) -> None:
    with pytest.raises(ExplainError, match="1 to 100 characters"):
        await explain(deployment, contact)


@pytest.mark.parametrize("contact", ["' OR 1=1 --", "c1\0", '"', "\\u0063", "热线\U0001f600", "\ud800"])
async def test_hostile_ids_find_nothing(deployment: Deployment, contact: str) -> None:
    write(deployment, Played().play(BEFORE + STORY))
    with pytest.raises(ContactUnknown):
        await explain(deployment, contact)


async def test_a_version_that_is_not_in_force_is_not_at_hand(deployment: Deployment) -> None:
    write(deployment, Played().play(BEFORE + STORY))
    settings_snapshot.write(deployment.settings_file, replace(SETTINGS, version=2))
    found = await explain(deployment, "c1")
    assert [one.mismatches for one in found.explainer.entries[0].offers] == [None, None]


def test_instants_before_today_have_their_date() -> None:
    clock = clock_of(replace(SETTINGS, hotline=replace(SETTINGS.hotline, timezone="Asia/Shanghai")))
    assert clock(1_767_225_600_000) == "2026-01-01 08:00:00"
