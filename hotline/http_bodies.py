"""Reading the body of an HTTP answer whole, but never more of it than is wanted.

One `read` of a stream gives what has come so far: of a longer answer only its beginning. Must not know what
the bodies mean.
"""

from __future__ import annotations

import aiohttp


async def read_at_most(content: aiohttp.StreamReader, most_bytes: int) -> bytes:
    """The whole body, of a longer one its first most_bytes bytes. Raises what reading raises."""
    parts: list[bytes] = []
    left = most_bytes
    while left > 0 and (part := await content.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
