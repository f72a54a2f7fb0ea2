"""Shuts out the addresses that acd bans: into a named ACL file, then into the running Asterisk.

acd decides (`acd.core.shut_out`) and writes DATA/asterisk/banned.json; only the supervisor touches Asterisk's
configuration. Must not know why an address is banned.
"""

from __future__ import annotations

import ipaddress
import json
from pathlib import Path

MAX_ADDRESSES = 1000


class BannedFileError(Exception):
    """banned.json is not what it should be; the text names the file and what is wrong."""


def banned_now(file: Path, now_s: float) -> tuple[str, ...]:
    """Addresses and networks banned at `now_s` (seconds since 1970), sorted; the latest ends when too many.

    Raises BannedFileError. No file: nobody is banned.
    """
    try:
        addresses = json.loads(file.read_text("utf-8"))["addresses"]
        until = {_spelled(text): float(at_s) for text, at_s in addresses.items()}
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BannedFileError(f"{file}: {type(error).__name__}: {error}") from error
    current = [address for address, until_s in until.items() if until_s > now_s]
    current.sort(key=lambda address: (-until[address], address))
    return tuple(sorted(current[:MAX_ADDRESSES]))


def _spelled(text: str) -> str:
    """The one spelling of an address or a network; raises ValueError for anything else."""
    network = ipaddress.ip_network(text)
    return str(network.network_address) if network.num_addresses == 1 else str(network)
