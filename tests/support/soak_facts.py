"""Facts of one contact, as a soak reads them back."""

from typing import Any

from hotline.journal import Envelope


def fact(kind: str, at_ms: int = 0, **body: Any) -> Envelope:
    return Envelope("acd", 1, 1, kind, 1, "id", body.get("contact"), at_ms * 1000, 0, body)


def one_contact(
    contact: str = "c1", caller: str = "131", by: str = "caller", began_ms: int = 0
) -> list[Envelope]:
    """A contact that was queued, offered, connected and ended."""
    return [
        fact("ContactStarted", began_ms, contact=contact, caller=f"ref-{caller}"),
        fact("CallerIdentified", caller=f"ref-{caller}", number=caller),
        fact("CallQueued", contact=contact, entry=1),
        fact("CallOffered", contact=contact, offer="1-1"),
        fact("OfferEnded", contact=contact, offer="1-1"),
        fact("CallOffered", contact=contact, offer="1-2"),
        fact("CallConnected", contact=contact, segment="1-2"),
        fact("CallLeftQueue", contact=contact, entry=1, how="answered"),
        fact("SegmentEnded", contact=contact, segment="1-2", hung_up_by="transfer", talk_ms=900, hold_ms=100),
        fact("ContactEnded", contact=contact, hung_up_by=by),
    ]
