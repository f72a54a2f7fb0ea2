"""`GET /api/explain/CONTACT?agent=B`: every offer of a contact with its proof, as JSON, for people signed in.

One question is answered at a time, since an answer may read many facts. Must not know how it comes about.
"""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter

from hotline.core.phrases import Phrase
from hotline.core.settings_check import SettingsRefused
from hotline.deployment import Deployment
from hotline.explain import ContactUnknown, ExplainError, explain
from hotline.explained import document
from hotline.web.access import PEOPLE
from hotline.web.site import Site
from hotline.words import in_words

PATH = "/api/explain/{contact}"
MOST_WAITING = 4
"""So many questions wait for the one that is answered; further ones are told that we are busy."""

log = logging.getLogger(__name__)


class ExplainPages:
    """Handlers of the explanations' route."""

    def __init__(self, site: Site, deployment: Deployment, registry: CollectorRegistry) -> None:
        self._site = site
        self._deployment = deployment
        self._one_at_a_time = asyncio.Lock()
        self._waiting = 0
        self._mismatches = Counter(
            "hotline_web_explain_mismatches_total",
            "Explanations in which a proof said otherwise than its facts",
            registry=registry,
        )

    def mount(self) -> None:
        """Add the route; wall screens may not ask."""
        self._site.app.router.add_get(PATH, self._site.access.allow(*PEOPLE)(self.explain))

    async def explain(self, request: web.Request) -> web.StreamResponse:
        """200 with the explanation; 404 for an unknown contact, 400 for a malformed one, 503 when busy."""
        if self._waiting >= MOST_WAITING:
            raise web.HTTPServiceUnavailable
        contact, agent = request.match_info["contact"], request.query.get("agent", "")
        self._waiting += 1
        try:
            async with self._one_at_a_time:
                found = await explain(self._deployment, contact, agent)
        except ContactUnknown:
            raise web.HTTPNotFound from None
        except ExplainError:
            raise web.HTTPBadRequest from None
        except (OSError, SettingsRefused) as error:
            log.exception("explain_failed")
            raise web.HTTPServiceUnavailable from error
        finally:
            self._waiting -= 1
        if found.explainer.mismatched:
            self._mismatches.inc()
            log.error("explain_proof_mismatch", extra={"contact": contact})
        language = self._site.language(request)

        def words(phrase: Phrase) -> str:
            return in_words(phrase, language)

        values = document(found.explainer, words, found.clock)
        return web.json_response({**values, "from_journal": bool(found.without_database)})
