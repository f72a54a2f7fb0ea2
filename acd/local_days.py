"""The hotline's local days: when one began, and the folder of a recording that begins in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from hotline.core.settings import Settings


def day_starts(settings: Callable[[], Settings]) -> Callable[[int], int]:
    """Local midnight before an instant, in ms since the epoch, in the hotline's time zone."""

    def day_starts_ms(at_ms: int) -> int:
        zone = ZoneInfo(settings().hotline.timezone)
        local = datetime.fromtimestamp(at_ms / 1000, zone)
        return int(local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)

    return day_starts_ms


def recording_path(settings: Callable[[], Settings]) -> Callable[[str, int], str]:
    """Where the keeper will put a recording that begins at an instant: YYYY/MM/DD/OFFER, local date."""

    def path(offer: str, at_ms: int) -> str:
        zone = ZoneInfo(settings().hotline.timezone)
        return f"{datetime.fromtimestamp(at_ms / 1000, zone):%Y/%m/%d}/{offer}"

    return path
