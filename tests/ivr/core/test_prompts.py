"""Families of prompts filled from the settings, and hours put into words."""

from hotline.core.settings import Agent, Hotline, Hours, Queue, Settings, Text
from ivr.core.prompts import closed_prompt, position_prompt, prompts_of, queue_prompt, say_hours

OFFICE = (("08:30", "18:00"),)
HOURS = Hours("office_a", (OFFICE,) * 5 + ((("09:00", "12:00"), ("13:30", "24:00")), ()))
SETTINGS = Settings(
    version=1,
    hotline=Hotline(name=Text("某{x}热线", "Some {x} line")),
    not_ready_reasons={"1": Text("小休", "a break"), "2": Text("用餐", "a meal")},
    queues=(Queue("bulk_orders", Text("大宗", "Bulk orders")),),
    agents=(Agent("1024", "somebody"),),
    hours=(HOURS,),
)
CATALOGUE = {
    "greeting": Text("致电{hotline}", "Calling {hotline}"),
    "enter-reason": Text("{reasons}", "{reasons}"),
    "position-{position}": Text("第{position}位", "number {position}"),
    "agent-{agent}": Text("工号{agent}", "agent {agent}"),
    "queue-{queue}": Text("{queue}", "{queue}"),
    "closed-{hours}": Text("{hours}", "{hours}"),
    "offer-{digit}": Text("请按{digit}", "press {digit}"),
    "digit-{spoken}": Text("{spoken}。", "{spoken}."),
}


def test_every_family_is_filled() -> None:
    prompts = prompts_of(CATALOGUE, SETTINGS)
    assert len(prompts) == 2 + 30 + 1 + 1 + 1 + 10 + 10
    assert prompts["greeting"] == Text("致电某{x}热线", "Calling Some {x} line")  # braces in names are text
    assert prompts["enter-reason"] == Text("小休请按1，用餐请按2", "for a break press 1, for a meal press 2")
    assert prompts["position-30"] == Text("第30位", "number 30")
    assert prompts["agent-1024"] == Text("工号一零二四", "agent 1 0 2 4")  # digit by digit
    assert prompts["queue-bulk-orders"] == Text("大宗", "Bulk orders")
    assert "closed-office-a" in prompts
    assert prompts["offer-1"] == Text("请按1", "press 1")
    assert (prompts["digit-1"], prompts["digit-7"]) == (Text("幺。", "1."), Text("七。", "7."))


def test_hours_are_grouped_by_weekdays_of_equal_hours() -> None:
    assert say_hours(HOURS, "zh") == "周一至周五8点30分到18点，周六9点到12点和13点30分到24点"
    assert say_hours(HOURS, "en") == (
        "Monday to Friday from 8:30 to 18 o'clock, Saturday from 9 o'clock to 12 o'clock "
        "and from 13:30 to midnight"
    )


def test_hours_that_are_always_or_never() -> None:
    always = Hours("always", ((("00:00", "24:00"),),) * 7)
    never = Hours("never", ((),) * 7)
    assert (say_hours(always, "zh"), say_hours(always, "en")) == ("每天全天", "every day all day")
    assert (say_hours(never, "zh"), say_hours(never, "en")) == ("暂不开放", "closed until further notice")


def test_keys_have_no_underscore_and_far_positions_share_one() -> None:
    assert queue_prompt("a_b") == "queue-a-b"
    assert closed_prompt("a_b") == "closed-a-b"
    assert [position_prompt(n) for n in (1, 30, 31)] == ["position-1", "position-30", "position-many"]
