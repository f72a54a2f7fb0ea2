"""Failed sign-ins: how many are borne, by whom, and for how long."""

from hotline.core import sign_in_limits
from hotline.core.sign_in_limits import FailedSignIns, Limits, network_of

LIMITS = Limits(window_ms=1_000, per_user_and_address=2, per_address=4, per_user=5)


def test_the_second_failure_of_a_user_from_an_address_closes_it_for_the_window():
    failures = FailedSignIns(LIMITS)
    failures.failed("wei", "192.0.2.1", 100)
    assert failures.wait_ms("wei", "192.0.2.1", 150) == 0
    failures.failed("wei", "192.0.2.1", 200)
    assert failures.wait_ms("wei", "192.0.2.1", 300) == 800
    assert failures.wait_ms("wei", "192.0.2.9", 300) == 0
    assert failures.wait_ms("wei", "192.0.2.1", 1_100) == 0


def test_one_address_trying_many_users_is_closed():
    failures = FailedSignIns(LIMITS)
    for user in "abcd":
        failures.failed(user, "192.0.2.1", 0)
    assert failures.wait_ms("e", "192.0.2.1", 1) == 999


def test_many_addresses_trying_one_user_are_closed_at_the_higher_limit():
    failures = FailedSignIns(LIMITS)
    for last in range(5):
        assert failures.wait_ms("wei", "198.51.100.7", 1) == 0
        failures.failed("wei", f"192.0.2.{last}", 0)
    assert failures.wait_ms("wei", "198.51.100.7", 1) == 999


def test_a_success_forgives_only_the_user_at_that_address():
    failures = FailedSignIns(LIMITS)
    for _ in range(2):
        failures.failed("wei", "192.0.2.1", 0)
        failures.failed("lan", "192.0.2.1", 0)
    failures.succeeded("wei", "192.0.2.1")
    assert failures.wait_ms("lan", "192.0.2.7", 1) == 0
    assert failures.wait_ms("wei", "192.0.2.1", 1) == 999  # the address has failed four times


def test_a_forgiven_try_counts_nowhere():
    failures = FailedSignIns(LIMITS)
    for number in range(10):
        failures.failed("wei", "192.0.2.1", number)
        failures.forgive("wei", "192.0.2.1")
    assert failures.wait_ms("wei", "192.0.2.1", 11) == 0
    failures.forgive("lan", "192.0.2.1")  # nothing counted: nothing taken back


def test_the_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(sign_in_limits, "MAX_KEYS", 30)
    failures = FailedSignIns(LIMITS)
    for number in range(1_000):
        failures.failed(f"user{number}", f"192.0.2.{number % 250}", number)
    assert len(failures._failures) <= 30


def test_an_ipv6_subscriber_is_one_key():
    assert network_of("2001:db8:1:2:aaaa::1") == network_of("2001:db8:1:2:bbbb::2") == "2001:db8:1:2::/64"
    assert network_of("::ffff:192.0.2.1") == "192.0.2.1"
    assert network_of("fe80::1%eth0") == "fe80::/64"
    assert network_of("somewhere") == "somewhere"
