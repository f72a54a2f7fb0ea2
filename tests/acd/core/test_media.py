"""RTP figures and silence."""

import pytest

from acd.core.media import SILENT_AFTER_MS, Quality, SilenceWatch, parse_quality, received_by_report


def test_quality_is_read_into_ms() -> None:
    text = "ssrc=1;themssrc=2;lp=3;rxjitter=0.002;rxcount=500;txjitter=0.004;txcount=499;rlp=1;rtt=0.025"
    quality = parse_quality(text)
    assert (quality.rx_packets, quality.tx_packets, quality.rx_loss, quality.tx_loss) == (500, 499, 3, 1)
    assert (quality.rx_jitter_ms, quality.tx_jitter_ms, quality.rtt_ms) == pytest.approx((2.0, 4.0, 25.0))


@pytest.mark.parametrize("text", ["", "garbage", "rxcount=;lp", "rxcount=x"])
def test_what_cannot_be_read_is_zero(text: str) -> None:
    assert parse_quality(text) == Quality()


def test_silence_is_told_once_and_again_after_audio() -> None:
    watch = SilenceWatch()
    assert watch.sample("leg", 10, 0) is None
    assert watch.sample("leg", 10, SILENT_AFTER_MS - 1) is None
    assert watch.sample("leg", 10, SILENT_AFTER_MS) == SILENT_AFTER_MS
    assert watch.sample("leg", 10, SILENT_AFTER_MS * 2) is None
    assert watch.sample("leg", 11, SILENT_AFTER_MS * 2) is None
    assert watch.sample("leg", 11, SILENT_AFTER_MS * 3) == SILENT_AFTER_MS


def test_another_source_is_no_sound_and_the_same_silence_is_told_once() -> None:
    watch = SilenceWatch()
    watch.sample("leg", 0, 0, source="asked")
    assert watch.sample("leg", 0, 5_000, source="asked") == 5_000
    assert watch.sample("leg", 17, 8_000, source="reported") is None
    assert watch.sample("leg", 17, 13_000, source="reported") is None
    assert watch.sample("leg", 18, 14_000, source="reported") is None
    assert watch.sample("leg", 18, 19_000, source="reported") == 5_000


@pytest.mark.parametrize(
    ("cycles", "last", "lost", "received"),
    [
        ("0", "9376", "0", 9376),
        ("0", "9400", "24", 9376),  # 24 packets that could not be decrypted
        ("1", "3", "0", 65_539),
        (None, None, None, 0),  # no report block: nothing has come
        ("0", "x", "0", None),
    ],
)
def test_what_a_report_says_was_received(
    cycles: str | None, last: str | None, lost: str | None, received: int | None
) -> None:
    fields = {"SequenceNumberCycles": cycles, "HighestSequence": last, "CumulativeLost": lost}
    report = {f"Report0{name}": value for name, value in fields.items() if value is not None}
    assert received_by_report(report) == received


def test_a_leg_on_hold_starts_anew() -> None:
    watch = SilenceWatch()
    watch.sample("leg", 10, 0)
    watch.forget("leg")
    assert watch.sample("leg", 10, 60_000) is None


def test_a_leg_without_any_packet_is_silent_since_it_was_joined() -> None:
    watch = SilenceWatch()
    assert watch.sample("mute", 0, SILENT_AFTER_MS - 1, since_ms=1) is None
    assert watch.sample("mute", 0, SILENT_AFTER_MS + 1, since_ms=1) == SILENT_AFTER_MS
    assert watch.sample("heard", 7, SILENT_AFTER_MS - 1, since_ms=1) is None
    assert watch.sample("heard", 7, SILENT_AFTER_MS + 1, since_ms=1) is None


def test_legs_that_are_gone_are_forgotten() -> None:
    watch = SilenceWatch()
    watch.sample("gone", 10, 0)
    watch.sample("here", 10, 0)
    watch.keep({"here", "new"})
    assert watch.sample("gone", 10, 60_000) is None
    assert watch.sample("here", 10, 60_000) == 60_000
