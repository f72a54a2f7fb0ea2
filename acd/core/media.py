"""What Asterisk says of a leg's RTP, read into numbers; and who has been silent for too long. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

SILENT_AFTER_MS = 5_000


@dataclass(frozen=True, slots=True)
class Quality:
    """RTP of one leg: packets, losses, jitter and round trip in ms."""

    rx_packets: int = 0
    tx_packets: int = 0
    rx_loss: int = 0
    tx_loss: int = 0
    rx_jitter_ms: float = 0.0
    tx_jitter_ms: float = 0.0
    rtt_ms: float = 0.0


def parse_quality(text: str) -> Quality:
    """Read `CHANNEL(rtcp,all)`; what is missing or unreadable stays 0.

    Source: res_rtp_asterisk.c, ast_rtp_get_quality: "ssrc=…;themssrc=…;lp=lost by them as we see it;
    rxjitter=s;rxcount=;txjitter=s;txcount=;rlp=lost as they report;rtt=s".
    """
    values: dict[str, float] = {}
    for part in text.split(";"):
        name, _, value = part.partition("=")
        try:
            values[name.strip()] = float(value)
        except ValueError:
            continue
    return Quality(
        rx_packets=int(values.get("rxcount", 0)),
        tx_packets=int(values.get("txcount", 0)),
        rx_loss=int(values.get("lp", 0)),
        tx_loss=int(values.get("rlp", 0)),
        rx_jitter_ms=values.get("rxjitter", 0.0) * 1000,
        tx_jitter_ms=values.get("txjitter", 0.0) * 1000,
        rtt_ms=values.get("rtt", 0.0) * 1000,
    )


def received_by_report(report: Mapping[str, str]) -> int | None:
    """What grows with every packet received, from AMI's RTCPSent; 0: none so far, None: unreadable.

    The last packet's number less those lost, which is a constant more than how many came: it stands still
    also where packets come that cannot be decrypted.
    Source: rtp_engine.c, rtcp_report_to_ami; res_rtp_asterisk.c, calculate_lost_packet_statistics.
    """
    names = ("SequenceNumberCycles", "HighestSequence", "CumulativeLost")
    try:
        cycles, last, lost = (int(report.get(f"Report0{name}", 0)) for name in names)
    except ValueError:
        return None
    return (cycles << 16 | last) - lost


class SilenceWatch:
    """Remembers when each leg's count of received packets last grew."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, int, int]] = {}
        self._told: set[str] = set()

    def sample(self, leg: str, packets: int, now_ms: int, since_ms: int = 0, source: str = "") -> int | None:
        """Note a count; the length of the silence in ms when it is first too long, else None.

        since_ms: when the leg began to be listened to (0: now); one without a packet is silent since then.
        source: who counts; another one's count is no sign of sound, nor of silence so far.
        """
        last = self._seen.get(leg)
        if last is None or (source, packets) != last[:2]:
            is_mute = last is None and packets == 0
            self._seen[leg] = (source, packets, (since_ms or now_ms) if is_mute else now_ms)
            if last is not None and source == last[0]:
                self._told.discard(leg)
            return None
        silent_ms = now_ms - last[2]
        if silent_ms < SILENT_AFTER_MS or leg in self._told:
            return None
        self._told.add(leg)
        return silent_ms

    def forget(self, leg: str) -> None:
        """The leg is gone or on hold."""
        self._seen.pop(leg, None)
        self._told.discard(leg)

    def keep(self, legs: Collection[str]) -> None:
        """Forget all legs but these: the others are gone."""
        self._seen = {leg: last for leg, last in self._seen.items() if leg in legs}
        self._told &= self._seen.keys()
