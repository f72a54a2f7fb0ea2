"""What the web process gives each room: the application, texts and templates, access, live picture.

This module must not know any room.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import jinja2
from aiohttp import web

from hotline.catalogue import LANGUAGES, Catalogue, in_language
from hotline.core.alarms import Alarm
from hotline.core.settings import Settings
from hotline.core.shown_text import shown_text
from hotline.web.access import Access, set_cookie
from hotline.web.live_picture import LivePicture

LANGUAGE_COOKIE = "hotline_language"


@dataclass(frozen=True)
class Site:
    """One per web process; a room's `mount(site)` adds its routes and templates to it."""

    app: web.Application
    settings: Callable[[], Settings]
    live: LivePicture
    access: Access
    catalogue: Catalogue
    alarms: Callable[[], Mapping[Alarm, int]]  # what is wrong, since when (ms on acd's clock)
    _loaders: dict[str, jinja2.BaseLoader] = field(default_factory=dict)
    _cache: dict[str, jinja2.Environment] = field(default_factory=dict)

    def add_room(self, name: str, package: str) -> None:
        """Serve PACKAGE/static as /static/NAME/ and know PACKAGE/templates as NAME/…"""
        folder = Path(str(resources.files(package)))
        self._loaders[name] = jinja2.FileSystemLoader(folder / "templates")
        self.app.router.add_static(f"/static/{name}", folder / "static")

    def language(self, request: web.Request) -> str:
        """The language of whoever asks: ?lang=, else what was chosen before, the browser's, the house's."""
        for wish in (request.query.get("lang"), request.cookies.get(LANGUAGE_COOKIE)):
            if wish in LANGUAGES:
                return wish
        for wish in request.headers.get("Accept-Language", "")[:200].split(","):
            tag = wish.strip()[:2].lower()
            if tag in LANGUAGES:
                return tag
        spoken = self.settings().hotline.languages
        return spoken[0] if spoken and spoken[0] in LANGUAGES else LANGUAGES[0]

    def render(
        self, request: web.Request, template: str, *, status: int = 200, **values: object
    ) -> web.Response:
        """A page in the asker's language; templates get t(key, …), language, house_name,
        timezone and `values`."""
        language = self.language(request)
        house_name = in_language(self.settings().hotline.name, language)
        other = next(other for other in LANGUAGES if other != language)
        cookies: dict[str, str] = {}
        common: dict[str, object] = {
            "t": lambda key, **more: self.catalogue.text(key, language, **more),
            "language": language,
            "other_language": other,
            "language_link": str(request.rel_url.update_query(lang=other)),
            "house_name": shown_text(house_name),
            "timezone": self.settings().hotline.timezone,
            "form_token": self.access.form_token(request, cookies),
        }
        body = self._environment().get_template(template).render(common | values)
        response = web.Response(text=body, content_type="text/html", charset="utf-8", status=status)
        if request.query.get("lang") in LANGUAGES:
            cookies[LANGUAGE_COOKIE] = language
        for name, value in cookies.items():
            set_cookie(request, response, name, value)
        return response

    def _environment(self) -> jinja2.Environment:
        if "pages" not in self._cache:
            self._cache["pages"] = jinja2.Environment(
                loader=jinja2.PrefixLoader(self._loaders),
                autoescape=True,
                undefined=jinja2.StrictUndefined,
                trim_blocks=True,
                lstrip_blocks=True,
            )
        return self._cache["pages"]
