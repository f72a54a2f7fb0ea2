"""References of callers: the same number gives the same reference, which tells nothing without the key."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable


def caller_references(key: str) -> Callable[[str], str]:
    """A caller's number to its reference, 24 hexadecimal digits."""

    def reference(number: str) -> str:
        return hmac.new(key.encode(), number.encode(), hashlib.sha256).hexdigest()[:24]

    return reference
