"""Who is shut out after too many failed registrations: counted by address, for a while, bounded.

Pure: instants come in, the picture of shut-out addresses goes out. An address of a configured trunk, and
loopback, are never shut out: a forged source address could otherwise cut our own carrier off.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict, deque
from collections.abc import Iterable

FAILURES = 10
WINDOW_MS = 60_000
SHUT_OUT_MS = 600_000
ADDRESSES_LIMIT = 10_000


class ShutOut:
    """Counts failures per address; `failed` tells whether the address has just been shut out."""

    def __init__(self, exempt: Iterable[str] = ()) -> None:
        self._exempt = [ipaddress.ip_network(one, strict=False) for one in exempt]
        self._failures: OrderedDict[str, deque[int]] = OrderedDict()
        self._until_ms: dict[str, int] = {}

    def failed(self, address: str, now_ms: int) -> bool:
        """Note one failure; True when this one shuts the address out. An unreadable address is no address."""
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        if parsed.is_loopback or any(parsed in network for network in self._exempt):
            return False
        if self._until_ms.get(address, 0) > now_ms:
            return False
        recent = self._failures.setdefault(address, deque(maxlen=FAILURES))
        self._failures.move_to_end(address)
        if len(self._failures) > ADDRESSES_LIMIT:
            self._failures.popitem(last=False)  # the one quiet for longest
        recent.append(now_ms)
        if len(recent) < FAILURES or now_ms - recent[0] > WINDOW_MS:
            return False
        del self._failures[address]
        self._until_ms[address] = now_ms + SHUT_OUT_MS
        return True

    def shut_out(self, now_ms: int) -> dict[str, int]:
        """Addresses shut out now, with the end of each in ms since the epoch."""
        self._until_ms = {one: until for one, until in self._until_ms.items() if until > now_ms}
        return dict(self._until_ms)
