"""What the wall shows: figures against stories of contacts, and the changes told to viewers."""

from dataclasses import replace

from stories import DAY_MS, Story, agent_state

from acd.core.fact_codec import to_body
from acd.core.facts import HelpAsked, HelpEnded
from acd.core.picture import Picture
from hotline.core.settings import Agent, Hotline, Queue, Reason, Settings, Text
from wallboard.core.board import board, changes

SETTINGS = Settings(
    version=1,
    hotline=Hotline(name=Text("热线", "Hotline"), target_rings=3, service_level_s=20),
    not_ready_reasons={"1": Reason("小休", "Break")},
    queues=(
        Queue("sales", Text("销售", "Sales")),
        Queue("service", Text("咨询", "Service"), target_rings=2),
    ),
    agents=(Agent("1001", "王伟"), Agent("1002", "李娜")),
)
REASONS = {"login": Text("刚登录", "just signed in")}


def picture_of(*stories: Story) -> Picture:
    picture = Picture(lambda now_ms: DAY_MS)
    for fact in sorted((fact for story in stories for fact in story.facts), key=lambda fact: fact.at_ms):
        picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))
    return picture


def answered(contact: str, wait_ms: int, digit: int = 0, asked: bool = False, talk_ms: int = 60_000) -> Story:
    story = Story(contact).starts().queues().after(wait_ms).rings().answered().connected()
    return story.after(talk_ms).segment_ends(talk_ms).ends("queued", digit=digit, asked=asked)


def test_the_days_figures_and_the_counts_they_come_from():
    picture = picture_of(
        answered("in-time", 15_000, digit=5),
        answered("late", 15_001, digit=2),
        answered("silent", 30_000, asked=True),
        Story("gave-up").starts().queues().after(20_000).leaves("abandoned").ends("queued"),
        Story("in-menu").starts().ends(),
        Story("waits").after(190_000).starts().queues(),
    )
    day = board(picture, SETTINGS, REASONS, DAY_MS + 200_000)["day"]
    assert (day["contacts"], day["offered"], day["answered"], day["abandoned"]) == (6, 5, 3, 1)
    in_flow = sum(day["ended_in_flow"].values()) + day["open_in_flow"]
    assert day["in_flow"] == in_flow
    assert (day["blocked"], day["closed"], in_flow, day["asked"]) == (0, 0, 1, 5)
    assert day["timely_all"] == {"part": 1, "of": 6, "share": 1 / 6}
    assert day["timely_asked"] == {"part": 1, "of": 5, "share": 0.2}
    assert day["sl1"] == {"part": 3, "of": 4, "share": 0.75}  # 15.0, 15.001 and the one abandoned at 20.0
    assert day["wait"] == {"mean_ms": 20_000, "count": 3}
    assert day["talk"] == {"mean_ms": 60_000, "count": 3}
    assert day["satisfaction"] == {"part": 1, "of": 2, "share": 0.5, "answers": 2, "asked": 3}
    # Who still waits is neither answered nor abandoned, and counts in neither rate.
    assert day["answer_rate"]["share"] == 0.75
    assert day["abandon_rate"]["share"] == 0.25


def test_a_day_without_calls_has_no_rates():
    day = board(picture_of(), SETTINGS, REASONS, DAY_MS)["day"]
    assert day["timely_all"] == {"part": 0, "of": 0, "share": None}
    assert day["wait"] == {"mean_ms": None, "count": 0}
    assert day["satisfaction"]["share"] is None


def test_queues_stand_in_the_order_of_the_settings_with_their_oldest_call():
    first = Story("a").after(1_000).starts().queues("service")
    second = Story("b").after(5_000).starts().queues("service").rings()
    queues = board(picture_of(first, second), SETTINGS, REASONS, DAY_MS + 9_000)["queues"]
    assert [queues[name]["order"] for name in ("sales", "service")] == [0, 1]
    service = queues["service"]
    assert service["waiting"] == 2  # a ringing agent has not answered: still waiting
    assert service["since_ms"] == DAY_MS + 1_000
    assert service["target_ms"] == 10_000
    assert queues["sales"] == {
        "title": {"zh": "销售", "en": "Sales"},
        "order": 0,
        "waiting": 0,
        "since_ms": None,
        "target_ms": 15_000,
        "offered": 0,
        "answered": 0,
        "abandoned": 0,
        "short_abandoned": 0,
        "timely": {"part": 0, "of": 0, "share": None},
    }


def test_a_queue_that_left_the_settings_is_shown_while_somebody_waits_there():
    waiting = Story("a").starts().queues("old")
    assert board(picture_of(waiting), SETTINGS, REASONS, DAY_MS)["queues"]["old"]["waiting"] == 1
    waiting.after(1_000).leaves("abandoned")
    assert "old" not in board(picture_of(waiting), SETTINGS, REASONS, DAY_MS)["queues"]


def test_agents_have_name_state_reason_and_time():
    picture = picture_of()
    for fact in (
        agent_state(DAY_MS + 1, "1001", "not_ready", reason="1"),
        agent_state(DAY_MS + 2, "1003", "not_ready", reason="login"),
        agent_state(DAY_MS + 3, "1004", "offline"),
    ):
        picture.apply("AgentStateChanged", fact.at_ms, to_body(fact))
    agents = board(picture, SETTINGS, REASONS, DAY_MS + 9)["agents"]
    assert agents["1001"] == {
        "name": "王伟",
        "state": "not_ready",
        "reason": {"zh": "小休", "en": "Break"},
        "since_ms": DAY_MS + 1,
        "until_ms": 0,
        "overdue": False,
        "asks_help": False,
    }
    assert agents["1002"] == {"name": "李娜", "state": "offline"}  # never heard of: offline
    assert agents["1003"]["name"] == "1003"  # not in the settings any more, but at work
    assert agents["1003"]["reason"] == {"zh": "刚登录", "en": "just signed in"}
    assert "1004" not in agents


def test_agents_who_ask_for_help_or_rest_too_long_are_marked():
    picture = picture_of()
    resting = replace(agent_state(DAY_MS + 1, "1001", "not_ready", reason="1"), overdue=True)
    picture.apply("AgentStateChanged", resting.at_ms, to_body(resting))
    asked = HelpAsked(DAY_MS + 2, "1001", "", "")
    picture.apply("HelpAsked", asked.at_ms, to_body(asked))
    agent = board(picture, SETTINGS, REASONS, DAY_MS + 9)["agents"]["1001"]
    assert (agent["overdue"], agent["asks_help"]) == (True, True)
    helped = HelpEnded(DAY_MS + 5002, "1001", "9001", 5000)
    picture.apply("HelpEnded", helped.at_ms, to_body(helped))
    assert not board(picture, SETTINGS, REASONS, DAY_MS + 5009)["agents"]["1001"]["asks_help"]
    day = picture.day_by_agent["1001"]
    assert (day.helps, day.help_ms) == (1, 5000)


def test_hostile_names_are_cut_and_their_marks_shown():
    settings = Settings(
        version=1,
        queues=(Queue("q", Text("甲\u202e乙", "x" * 4096)),),
        agents=(Agent("1", "<img onerror=alert(1)>\r\n"),),
    )
    shown = board(picture_of(), settings, {}, DAY_MS)
    assert shown["queues"]["q"]["title"] == {"zh": "甲\ufffd乙", "en": "x" * 39 + "…"}
    assert shown["agents"]["1"]["name"] == "<img onerror=alert(1)>\ufffd\ufffd"


def test_midnight_empties_the_day_without_a_fact():
    midnights = iter((DAY_MS, DAY_MS + 86_400_000))
    picture = Picture(lambda now_ms: next(midnights))
    for fact in answered("a", 1_000).facts:
        picture.apply(type(fact).__name__, fact.at_ms, to_body(fact))
    assert board(picture, SETTINGS, REASONS, DAY_MS + 80_000)["day"]["answered"] == 1
    assert board(picture, SETTINGS, REASONS, DAY_MS + 86_400_000)["day"]["answered"] == 0


def test_changes_are_the_rows_that_differ_and_those_gone():
    old = {"day": {"offered": 1, "answered": 0}, "agents": {"1": {"state": "ready"}, "2": {"state": "acw"}}}
    new = {"day": {"offered": 2, "answered": 0}, "agents": {"1": {"state": "ready"}, "3": {"state": "ready"}}}
    told = changes(old, new)
    assert told == {"day": {"offered": 2}, "agents": {"3": {"state": "ready"}, "2": None}}
    assert changes(new, new) == {}
