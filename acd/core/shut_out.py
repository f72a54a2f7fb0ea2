"""Who is shut out after too many refused SIP requests: counted by address, for a while, bounded.

Of IPv6 the /64 network counts, for whoever has one address there has all of them. Pure: instants come in,
the picture of shut-out addresses goes out. An address of a trunk, and loopback, are never shut out: a forged
source address could otherwise cut our own carrier off.
"""

from __future__ import annotations

import ipaddress
from collections import OrderedDict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

ADDRESSES_LIMIT = 10_000
IPV6_PREFIX = 64

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Limits:
    """So many failures within the window shut an address out for shut_out_ms; 0 ms: nobody is shut out."""

    failures: int = 10
    window_ms: int = 60_000
    shut_out_ms: int = 600_000


class ShutOut:
    """Counts failures per address; `failed` tells whether the address has just been shut out."""

    def __init__(self, limits: Limits | None = None, exempt: Iterable[str] = ()) -> None:
        self._limits = limits or Limits()
        self._exempt: tuple[Network, ...] = ()
        self._failures: OrderedDict[str, deque[int]] = OrderedDict()
        self._until_ms: OrderedDict[str, int] = OrderedDict()  # in the order in which they were shut out
        self.exempt(exempt)

    def limit(self, limits: Limits) -> None:
        """Other limits from now on; who is shut out stays so until the end that was set then."""
        self._limits = limits
        self._failures.clear()

    def exempt(self, networks: Iterable[str]) -> bool:
        """These addresses and networks are never shut out from now on; True when one of them was.

        Raises ValueError for what is no address or network.
        """
        self._exempt = tuple(ipaddress.ip_network(one, strict=False) for one in networks)
        freed = [one for one in self._until_ms if self._is_exempt(one)]
        for address in freed:
            del self._until_ms[address]
        return bool(freed)

    def restore(self, until_ms: Mapping[str, int]) -> None:
        """Addresses that an earlier life of this process shut out, with the end of each."""
        for address, end_ms in until_ms.items():
            if not self._is_exempt(address):
                self._bar(address, end_ms)

    def failed(self, source: str, now_ms: int) -> bool:
        """Note one failure; True when this one shuts the address out. An unreadable address is no address."""
        address = counted_as(source)
        if self._is_exempt(source) or self._is_exempt(address) or self._until_ms.get(address, 0) > now_ms:
            return False
        limits = self._limits
        if not limits.shut_out_ms:
            return False
        recent = self._failures.setdefault(address, deque(maxlen=limits.failures))
        self._failures.move_to_end(address)
        if len(self._failures) > ADDRESSES_LIMIT:
            self._failures.popitem(last=False)  # the one quiet for longest
        recent.append(now_ms)
        if len(recent) < limits.failures or now_ms - recent[0] > limits.window_ms:
            return False
        del self._failures[address]
        self._bar(address, now_ms + limits.shut_out_ms)
        return True

    def shut_out(self, now_ms: int) -> dict[str, int]:
        """Addresses shut out now, with the end of each in ms since the epoch."""
        for address in [one for one, until_ms in self._until_ms.items() if until_ms <= now_ms]:
            del self._until_ms[address]
        return dict(self._until_ms)

    def _bar(self, address: str, until_ms: int) -> None:
        self._until_ms[address] = until_ms
        self._until_ms.move_to_end(address)
        if len(self._until_ms) > ADDRESSES_LIMIT:
            self._until_ms.popitem(last=False)

    def _is_exempt(self, address: str) -> bool:
        try:
            network = ipaddress.ip_network(address)
        except ValueError:
            return True
        return network.is_loopback or any(
            network.version == known.version and network.overlaps(known) for known in self._exempt
        )


def counted_as(address: str) -> str:
    """An IPv4 address itself, of an IPv6 address its network; what is no address stays as it is."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((parsed, IPV6_PREFIX), strict=False))
