"""How many wrong passwords are borne, per address and per user, before further tries are refused unread.

A sliding window for each key. A user's own limit for one address is low; the limit for a user over all
addresses is high, so that strangers cannot lock a user out cheaply. This module must not know the clock.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict, deque
from dataclasses import dataclass

MAX_KEYS = 10_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Failures allowed within the window, by kind of key."""

    window_ms: int = 10 * 60 * 1000
    per_user_and_address: int = 5
    per_address: int = 20
    per_user: int = 100


class FailedSignIns:
    """Remembers failures; at most MAX_KEYS keys, the longest untouched is forgotten first."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._failures: OrderedDict[tuple[str, str], deque[int]] = OrderedDict()

    def wait_ms(self, user: str, address: str, now_ms: int) -> int:
        """0 when a try is allowed now, else how long until one is, in ms."""
        return max(self._wait_of(key, allowed, now_ms) for key, allowed in self._keys(user, address))

    def failed(self, user: str, address: str, now_ms: int) -> None:
        """Count one failure."""
        for key, allowed in self._keys(user, address):
            times = self._failures.setdefault(key, deque(maxlen=allowed))
            times.append(now_ms)
            self._failures.move_to_end(key)
        while len(self._failures) > MAX_KEYS:
            self._failures.popitem(last=False)

    def forgive(self, user: str, address: str) -> None:
        """Take back the latest failure counted: the try turned out to be none."""
        for key, _ in self._keys(user, address):
            times = self._failures.get(key)
            if times:
                times.pop()

    def succeeded(self, user: str, address: str) -> None:
        """The user is who they say they are: their failures from this address no longer count."""
        self._failures.pop(("both", f"{user}\n{network_of(address)}"), None)

    def _keys(self, user: str, address: str) -> tuple[tuple[tuple[str, str], int], ...]:
        network = network_of(address)
        return (
            (("both", f"{user}\n{network}"), self._limits.per_user_and_address),
            (("address", network), self._limits.per_address),
            (("user", user), self._limits.per_user),
        )

    def _wait_of(self, key: tuple[str, str], allowed: int, now_ms: int) -> int:
        times = self._failures.get(key)
        if times is None or len(times) < allowed:
            return 0
        return max(0, times[0] + self._limits.window_ms - now_ms)


def network_of(address: str) -> str:
    """The address as a key: IPv6 by its /64, since one subscriber owns all of it."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
