"""What browsers and programs send us: forms and JSON objects, or a plain refusal of anything else.

Must not know what the values mean.
"""

from __future__ import annotations

from typing import Any

from aiohttp import web

from hotline.web.access import from_our_site

_UNREADABLE = (ValueError, LookupError, RecursionError)
"""Not what it says it is, in an encoding that nobody knows, or nested without end."""


async def json_object(request: web.Request) -> dict[str, Any]:
    """The JSON object that a program sent. Raises HTTPForbidden, or HTTPBadRequest when it is none.

    Another site's page cannot send this content type without asking first, so no form token is needed.
    """
    if request.content_type != "application/json" or not from_our_site(request):
        raise web.HTTPForbidden
    try:
        found = await request.json()
    except _UNREADABLE as error:
        raise web.HTTPBadRequest from error
    if not isinstance(found, dict):
        raise web.HTTPBadRequest
    return found


async def form_fields(request: web.Request) -> dict[str, str]:
    """The texts of a form, by name; none of one that is not of our pages' kind. Raises HTTPBadRequest."""
    if request.content_type != "application/x-www-form-urlencoded":
        return {}  # our forms send no files, so nobody's parts need to be taken apart
    try:
        form = await request.post()
    except _UNREADABLE as error:
        raise web.HTTPBadRequest from error
    return {name: value for name, value in form.items() if isinstance(value, str)}
