"""/metrics: one valid exposition of all services, whose figures are those of the tiles."""

from dataclasses import replace

import aiohttp
import pytest
from fake_acd import FakeAcd, wall_ms
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.parser import text_string_to_metric_families
from running_site import RunningSite
from stories import Story, agent_state

from acd.core.agents import STATES
from hotline.web.metrics import joined

ACD = """# HELP hotline_acd_things_total Things
# TYPE hotline_acd_things_total counter
hotline_acd_things_total{kind="a"} 3.0
# HELP hotline_service_ready 1 when the service is ready
# TYPE hotline_service_ready gauge
hotline_service_ready{service="acd"} 1.0
"""


def values_of(families: list[Metric]) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    samples = [sample for family in families for sample in family.samples]
    values = {(one.name, tuple(sorted(one.labels.items()))): one.value for one in samples}
    assert len(values) == len(samples), "a sample stands there twice"
    return values


async def scrape(site: RunningSite, **headers: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    async with aiohttp.ClientSession(site.url) as browser, browser.get("/metrics", headers=headers) as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain")
        families = list(text_string_to_metric_families(await answer.text()))
    names = [family.name for family in families]
    assert len(names) == len(set(names)), "a family stands there twice"
    return values_of(families)


def some_calls(now_ms: int) -> list[Story]:
    began_ms = now_ms - 100_000
    served = Story("a", began_ms).starts().queues("sales").after(12_000).rings().answered().connected()
    served.after(30_000).segment_ends(30_000).ends("queued", digit=4)
    return [
        served,
        Story("b", began_ms).starts().queues("sales").after(3_000).leaves("abandoned").ends("queued"),
        Story("c", began_ms).starts().ends("closed"),
        Story("d", began_ms).starts().ends("voice_message"),
        Story("e", began_ms).starts().ends("something_new"),
        Story("f", began_ms + 60_000).starts().queues("service"),
    ]


async def test_figures_are_those_of_the_tiles(site: RunningSite, acd: FakeAcd):
    for story in some_calls(wall_ms()):
        acd.tell(*story.facts)
    acd.tell(agent_state(wall_ms(), "1002", "on_contact"), agent_state(wall_ms(), "1003", "unknown"))
    await acd.readers()
    async with (
        aiohttp.ClientSession(site.url, cookies=site.cookie()) as browser,
        browser.get("/api/picture") as answer,
    ):
        shown = (await answer.json())["board"]
    values = await scrape(site)

    def value(name: str, **labels: str) -> float:
        return values[name, tuple(sorted(labels.items()))]

    day = shown["day"]
    contacts = {
        dict(labels)["outcome"]: number
        for (name, labels), number in values.items()
        if name == "hotline_contacts_total"
    }
    assert sum(contacts.values()) == day["contacts"] == 6
    told = {outcome: number for outcome, number in contacts.items() if number}
    assert told == {"closed": 1, "voice_message": 1, "other": 1, "asked_agent": 3}
    assert value("hotline_queue_entries_total", queue="sales", how="answered") == day["answered"] == 1
    assert value("hotline_queue_entries_total", queue="sales", how="abandoned") == day["abandoned"] == 1
    offered = sum(value("hotline_queue_offered_total", queue=queue) for queue in shown["queues"])
    assert offered == day["offered"] == 3
    assert value("hotline_queue_timely_total", queue="sales") == day["timely_all"]["part"] == 1
    assert value("hotline_queue_waiting", queue="service") == shown["queues"]["service"]["waiting"] == 1
    assert value("hotline_queue_longest_wait_seconds", queue="service") == pytest.approx(40, abs=5)
    assert value("hotline_queue_longest_wait_seconds", queue="sales") == 0
    assert value("hotline_agents", state="on_contact") == value("hotline_agents", state="unknown") == 1
    assert sum(value("hotline_agents", state=state) for state in STATES) == 3
    assert value("hotline_answer_wait_seconds_bucket", queue="sales", le="10.0") == 0
    assert value("hotline_answer_wait_seconds_bucket", queue="sales", le="15.0") == 1
    assert value("hotline_answer_wait_seconds_count", queue="sales") == 1
    assert value("hotline_answer_wait_seconds_sum", queue="sales") == day["wait"]["mean_ms"] / 1000 == 12


async def test_a_queue_taken_out_of_the_settings_keeps_its_figures(site: RunningSite, acd: FakeAcd):
    for story in some_calls(wall_ms()):
        acd.tell(*story.facts)
    await acd.readers()
    site.service.replace_settings(replace(site.service.settings, queues=()))
    values = await scrape(site)
    assert values["hotline_queue_offered_total", (("queue", "sales"),)] == 2
    assert values["hotline_queue_offered_total", (("queue", "service"),)] == 1
    assert values["hotline_queue_waiting", (("queue", "service"),)] == 1


async def test_other_services_are_joined_and_silent_ones_told(site: RunningSite, acd: FakeAcd):
    acd.metrics = ACD
    values = await scrape(site)
    assert values["hotline_acd_things_total", (("kind", "a"), ("service", "acd"))] == 3
    assert values["hotline_service_ready", (("service", "acd"),)] == 1
    assert values["hotline_service_ready", (("service", "web"),)] == 1
    assert values["hotline_service_up", (("service", "acd"),)] == 1
    assert values["hotline_service_up", (("service", "ivr"),)] == 0
    acd.metrics = 'hotline_broken{a="b'
    values = await scrape(site)
    assert values["hotline_service_up", (("service", "acd"),)] == 0


async def test_without_acd_nothing_is_told_of_the_present(site: RunningSite):
    names = {name for name, _ in await scrape(site)}
    assert "hotline_queue_waiting" not in names
    assert "hotline_contacts_total" not in names


async def test_strangers_need_the_token(site: RunningSite):
    async with aiohttp.ClientSession(site.url) as browser:
        for headers, status in (
            ({"X-Forwarded-For": "192.0.2.1"}, 403),
            ({"Host": "rebound.example"}, 403),
            ({"X-Forwarded-For": "192.0.2.1", "Authorization": "Bearer wrong"}, 403),
            ({"X-Forwarded-For": "192.0.2.1", "Authorization": f"Bearer {site.secrets.metrics_token}"}, 200),
            ({"Host": "localhost:8080"}, 200),
        ):
            async with browser.get("/metrics", headers=headers) as answer:
                assert answer.status == status, headers


def test_a_family_of_another_kind_is_left_out():
    own = [GaugeMetricFamily("hotline_thing", "A thing", value=1)]
    registry = joined(own, {"acd": "# TYPE hotline_thing summary\nhotline_thing_sum 5\n", "ivr": None})
    assert registry.get_sample_value("hotline_thing") == 1
    assert registry.get_sample_value("hotline_thing_sum", {"service": "acd"}) is None
