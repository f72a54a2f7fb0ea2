"""`hotline explain` on a real PostgreSQL: the facts of the ledger, and the settings of their own version."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
import pytest
from decision_table import settings as table_settings
from played import Played
from running_site import running_site

from acd.core import facts
from acd.core.choice import POLICIES
from acd.core.explain import Explainer
from acd.core.fact_codec import to_body
from acd.engine import fact_id
from hotline import settings_store
from hotline.cli import main
from hotline.core.settings import Agent, Queue, Settings, Text
from hotline.core.settings_check import settings_to_document
from hotline.deployment import Deployment
from hotline.explain import explain
from hotline.explained import lines, text
from hotline.journal import JournalWriter
from hotline.journal_reader import read_journal
from hotline.ledger.store import Store
from hotline.words import in_words

AGENTS = (
    Agent("1001", "Li", {"sales": 5}),
    Agent("1002", "Han", {"sales": 2, "english": 5}),
    Agent("1003", "Wu"),
)

STORY = """
    0     ready 1001
    10    ready 1002
    20    not_ready 1003 7
    100   arrive c0 service since=100
    110   rang 1-1
    200   bridged 1-1
    5000  leg_ended 1-1 16 agent
    5100  finish 1001
    6000  arrive c1 service sales since=6000
    6010  rang 1-2
    6300  failed 1-2 rejected
    6310  leg_ended 1-2 21
    6400  bridged 1-3
    9000  arrive c2 service sales>=4 since=9000
    9900  leg_ended 1-3 16 agent
    9950  hang_up c2
"""


def house(policy: str = "longest_idle", version: int = 1) -> Settings:
    return Settings(
        version=version,
        skills=("sales", "english"),
        queues=tuple(
            Queue(
                name, Text(name, name), whisper=f"queue-{name}", agent_choice=policy, after_contact_s=after_s
            )
            for name, after_s in (("service", 10), ("orders", 0))
        ),
        agents=AGENTS,
        not_ready_reasons={"7": Text("午餐", "lunch")},
    )


async def settle(deployment: Deployment, settings: Settings) -> Settings:
    return await settings_store.import_document(
        deployment.database_url,
        settings_to_document(settings),
        file="test",
        author="test",
        snapshot=deployment.settings_file,
    )


async def write(deployment: Deployment, played: Played) -> None:
    """The facts into acd's journal, and from there into the database."""
    journal = JournalWriter(deployment.journal("acd"), "acd")
    for fact in played.facts:
        kind, body = type(fact).__name__, to_body(fact)
        about = {"fact_id": fact_id(kind, body), "contact": body.get("contact"), "at_us": fact.at_ms * 1000}
        journal.append(kind, fact.version, body, **about)
    journal.close()
    store = await Store.open(deployment.database_url)
    await store.write(list(read_journal(deployment.journal("acd"))))
    await store.close()


def played(policy: str) -> Played:
    story = Played()
    known = table_settings()
    rules = tuple(replace(one, agent_choice=policy) for one in known.queues if one.name != "small")
    story.tell(replace(known, queues=rules), 0)
    return story.play(STORY)


@pytest.fixture
def deployment(tmp_path: Path, database_url: str) -> Deployment:
    made = replace(Deployment(tmp_path), own_database_url=database_url)
    made.make_folders()
    made.save()
    return made


async def said(deployment: Deployment, contact: str, agent: str) -> tuple[str, str]:
    found = await explain(deployment, contact, agent)
    assert not found.explainer.mismatched
    return text(lines(found.explainer, found.clock), in_words), found.without_database


@pytest.mark.parametrize("policy", [policy for policy in POLICIES if policy != "random"])
async def test_the_database_tells_what_the_journal_tells(
    deployment: Deployment, policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    await settle(deployment, house(policy))
    await write(deployment, played(policy))
    journal = deployment.journal("acd")
    told = {}
    shutil.move(journal, journal.with_name("aside"))
    for contact in ("c0", "c1", "c2"):
        for agent in ("1001", "1002", "1003"):
            told[contact, agent], why = await said(deployment, contact, agent)
            assert why == ""
    shutil.move(journal.with_name("aside"), journal)
    away = replace(deployment, own_database_url="postgresql://nobody@127.0.0.1:1/none")
    for (contact, agent), words in told.items():
        again, why = await said(away, contact, agent)
        assert why
        assert again == words
    assert told["c2", "1002"].count("does not meet sales >= 4: level of sales 2 < 4") == 1


async def test_skills_are_those_of_the_version_of_that_time(deployment: Deployment) -> None:
    await settle(deployment, house())
    await write(deployment, played("longest_idle"))
    promoted = replace(house(), agents=(*AGENTS[:1], replace(AGENTS[1], skills={"sales": 9}), *AGENTS[2:]))
    assert (await settle(deployment, promoted)).version == 2
    words, _ = await said(deployment, "c2", "1002")
    assert "level of sales 2 < 4" in words


async def test_skills_are_those_of_a_version_that_only_another_contact_names(deployment: Deployment) -> None:
    """Imported while the caller waited, and changed again since."""
    story = played("longest_idle")
    place = next(
        n for n, one in enumerate(story.facts) if isinstance(one, facts.CallLeftQueue) and one.contact == "c2"
    )
    (waits,) = [one for one in story.facts if isinstance(one, facts.CallQueued) and one.contact == "c2"]
    story.facts.insert(place, replace(waits, at_ms=9500, contact="c9", needs="", settings_version=2))
    for level in (2, 9, 3):
        agents = (*AGENTS[:1], replace(AGENTS[1], skills={"sales": level}), *AGENTS[2:])
        settled = await settle(deployment, replace(house(), agents=agents))
    assert settled.version == 3
    await write(deployment, story)
    words, _ = await said(deployment, "c2", "1002")
    assert "not at hand" not in words
    assert "level of sales" not in words, "it was 9 then"


async def test_what_came_between_a_contacts_end_and_its_recall_is_not_gone_through(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    story, applied = played("longest_idle"), []
    ended_ms = story.facts[-1].at_ms
    next_day_ms = ended_ms + 24 * 3_600_000
    story.facts += [
        facts.ContactEnded(ended_ms, "c2", "waiting", "queued", "caller", 16, "", 0, False),
        facts.QueueClosed(ended_ms + 1_000, "orders"),
        facts.RecallDue(ended_ms + 2_000, "c2", "ref", "service", ended_ms, next_day_ms),
        facts.QueueOpened(next_day_ms, "orders"),
        facts.RecallSettled(next_day_ms, "c2", "done", "wei"),
    ]
    await settle(deployment, house())
    await write(deployment, story)
    apply = Explainer.apply

    def noted(explainer: Explainer, kind: str, at_ms: int, body: dict[str, Any]) -> None:
        applied.append(kind)
        apply(explainer, kind, at_ms, body)

    monkeypatch.setattr(Explainer, "apply", noted)
    words, _ = await said(deployment, "c2", "1002")
    assert "does not meet sales >= 4" in words
    assert applied[-3:] == ["ContactEnded", "RecallDue", "RecallSettled"]


async def test_the_command_tells_it_in_both_languages_and_its_exit_status(
    deployment: Deployment, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    await settle(deployment, house())
    await write(deployment, played("longest_idle"))
    url = deployment.database_url

    async def run(*words: str, language: str = "en") -> tuple[int, str]:
        monkeypatch.setenv("HOTLINE_LANG", language)
        status = await asyncio.to_thread(main, ["explain", *words, "--data", str(deployment.data)])
        out = capsys.readouterr()
        return status, out.out + out.err

    status, words = await run("c1", "--agent", "1003")
    assert status == 0
    assert "why agent 1003 did not ring: agent 1003 does not meet sales >= 1: level of sales 0 < 1" in words
    status, words = await run("c0", "--agent", "1003", language="zh")
    assert status == 0 and "坐席 1003 为什么没有振铃：自 " in words and "起置忙：午餐" in words
    status, words = await run("c1", "--json")
    assert json.loads(words)["requests"][0]["offers"][0]["agents"] == ["1002"]
    assert (await run("c9"))[0] == 1
    assert "no facts of contact 'c9'" in (await run("c9"))[1]
    await forge(url)
    status, words = await run("c1")
    assert status == 1 and "ALARM: made again from the facts, the proof does not match: agent: " in words


async def forge(url: str) -> None:
    """Somebody changes the facts: the contact's offers went to another than the proofs say."""
    connection = await asyncpg.connect(url)
    await connection.execute(
        "UPDATE fact SET body = jsonb_set(body, '{agent}', '\"1003\"')"
        " WHERE kind = 'CallOffered' AND contact = 'c1'"
    )
    await connection.close()


# The API


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[Any]:
    async with running_site(house(), database_url) as running:
        await settle(running.deployment, house())
        await write(running.deployment, played("longest_idle"))
        yield running


@pytest.mark.parametrize(
    ("role", "status"),
    [("supervisor", 200), ("admin", 200), ("reviewer", 200), ("manager", 200), ("display", 403), ("", 401)],
)
async def test_people_may_ask_wall_screens_and_strangers_not(site: Any, role: str, status: int) -> None:
    cookies = site.cookie(role) if role else {}
    async with aiohttp.ClientSession(cookies=cookies) as browser:
        answer = await browser.get(f"{site.url}/api/explain/c1?agent=1003")
        assert answer.status == status


@pytest.mark.parametrize(
    ("path", "status"),
    [("c9", 404), ("c" * 101, 400), ("%00", 404), ("%27%20OR%201=1", 404), ("c1?agent=" + "9" * 101, 400)],
)
async def test_what_cannot_be_explained_has_its_status(site: Any, path: str, status: int) -> None:
    async with aiohttp.ClientSession(cookies=site.cookie()) as browser:
        assert (await browser.get(f"{site.url}/api/explain/{path}")).status == status


async def test_the_answer_is_in_the_askers_language(site: Any) -> None:
    async with aiohttp.ClientSession(cookies=site.cookie()) as browser:
        for language, word in (("zh", "需求"), ("en", "needs")):
            answer = await browser.get(f"{site.url}/api/explain/c1?agent=1002&lang={language}")
            values = await answer.json()
            assert word in values["text"] and values["matches"] and not values["from_journal"]
            assert values["requests"][0]["offers"][1]["agents"] == ["1001"]
