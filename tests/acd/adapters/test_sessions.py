"""Where a waiting caller waits, whom it prefers, and where it is sent on."""

import pytest

from acd.adapters.sessions import destination_of, preferences, queue_of
from hotline.core.settings import Number, Queue, Settings, Team, Text


def test_who_waits_in_a_queue_that_the_settings_no_longer_name_waits_on() -> None:
    queue = Queue("service", Text("业务", "Service"), music="calm")
    settings = Settings(1, queues=(queue,))
    assert queue_of(settings, "service", "") is queue
    assert queue_of(settings, "gone", "gone").name == "gone"
    with pytest.raises(ValueError, match="'gone'"):
        queue_of(settings, "gone", "service")


@pytest.mark.parametrize(
    ("brought", "agents", "teams"),
    [
        ((), ("1001", "1002"), ("vip",)),
        (("1003",), ("1003",), ()),
        (("keys", "1002"), ("1002", "1003"), ("keys",)),
        (("gone",), ("gone",), ("gone",)),  # settings have changed since: nobody of that name is waited for
    ],
)
def test_what_a_caller_brings_counts_before_the_queue_s_preference(
    brought: tuple[str, ...], agents: tuple[str, ...], teams: tuple[str, ...]
) -> None:
    settings = Settings(1, teams=(Team("vip", ("1001", "1002")), Team("keys", ("1002", "1003"))))
    queue = Queue("service", Text("业务", "Service"), prefer=("vip",))
    assert preferences(settings, queue, brought) == (agents, teams)


@pytest.mark.parametrize(
    ("to", "leads_to"),
    [
        ("queue:a", "queue:a"),
        ("number:4001", "flow:main"),
        ("number:4002", "queue:b"),
        ("number:4009", "hangup"),
        ("voicemail", "voicemail"),
    ],
)
def test_a_number_of_ours_is_the_flow_or_queue_behind_it(to: str, leads_to: str) -> None:
    numbers = (Number("4001", flow="main"), Number("4002", direct_queue="b"))
    assert destination_of(Settings(1, numbers=numbers), to) == leads_to
