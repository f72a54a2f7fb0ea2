"""The stand-alone AGI script of the static fallback: one ledger line, needing no service of ours.

Asterisk starts it itself, as a plain AGI script with pyst2, when none of our services answered for
`fallback_after_s`. It writes one line to the fallback journal, which the ledger picks up when it is back.
It must import nothing that could fail because a service is down: no sockets, no database.
"""

from __future__ import annotations

import sys
from pathlib import Path

from asterisk.agi import AGI

from hotline.fallback_journal import append_fallback_line

DEEDS = ("started", "message", "answered")


def main(folder: Path, arguments: list[str]) -> int:
    """Write what happened; arguments: deed, contact, number, queue. 0 when written, 1 when refused."""
    agi = AGI()
    deed, contact, number, queue = ([*arguments, "", "", "", ""])[:4]
    if deed not in DEEDS or not contact:
        agi.verbose(f"fallback: deed {deed!r} of contact {contact!r} refused; {', '.join(DEEDS)} are allowed")
        return 1
    body = {"contact": contact, "number": number, "queue": queue}
    append_fallback_line(folder, f"Fallback{deed.capitalize()}", body, contact=contact)
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
