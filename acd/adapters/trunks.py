"""Watches the trunks: does each answer our OPTIONS, is each registered, and where does each come from?

Asterisk sends the OPTIONS (qualify_s of the trunk). Its ContactStatus and Registry events are hints only: at
each, and every PERIOD_S, the state itself is asked for, so that neither a lost event nor a restart leaves a
wrong one. (Asterisk registers before acd is there to hear of it, and not again for ten minutes.)
Must not know what is done about a trunk's addresses (`security` never shuts them out).
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import re
import socket
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge

from acd.adapters.heard_trunks import HeardTrunks
from hotline.core.settings import Settings, Trunk
from telephony.ami import AmiReply
from telephony.errors import AmiError

logger = logging.getLogger(__name__)

EVENTS = frozenset({"ContactStatus", "Registry"})
PERIOD_S = 10.0
RESOLVE_EVERY_S = 300.0
REACHABLE, UNREACHABLE = "Reachable", "Unreachable"  # other statuses: not asked yet


class Link(Protocol):
    """What is needed of the AMI link; `telephony.ami.AmiLink` is one."""

    @property
    def connected(self) -> bool: ...
    async def action(self, name: str, fields: Mapping[str, str], *, timeout_s: float = ...) -> AmiReply: ...
    async def list_action(
        self, name: str, fields: Mapping[str, str], *, complete_event: str, timeout_s: float = ...
    ) -> list[Mapping[str, str]]: ...


class TrunkWatch:
    """One per acd process; `run()` goes on until cancelled."""

    def __init__(
        self,
        link: Link,
        settings: Settings,
        registry: CollectorRegistry,
        on_addresses: Callable[[Iterable[str]], None],
        heard: HeardTrunks,
    ) -> None:
        """on_addresses is told the addresses and networks of all trunks whenever they change."""
        self._link = link
        self._on_addresses = on_addresses
        self._heard = heard
        self._up = Gauge(
            "hotline_trunk_up", "1 while the trunk answers OPTIONS, else 0", ["trunk"], registry=registry
        )
        self._losses = Counter(
            "hotline_trunk_losses_total",
            "How often a trunk stopped answering OPTIONS",
            ["trunk"],
            registry=registry,
        )
        self._registered = Gauge(
            "hotline_trunk_registered",
            "1 while we are registered at the trunk, else 0",
            ["trunk"],
            registry=registry,
        )
        self._awaited = Gauge(
            "hotline_trunk_awaited",
            "1 while a trunk that registers with us has never done so, else 0",
            ["trunk"],
            registry=registry,
        )
        self._is_up: dict[str, bool] = {}
        self._is_registered: dict[str, bool] = {}
        self._has_come: dict[str, bool] = {}  # of trunks that register with us
        self._contact_hosts: dict[str, frozenset[str]] = {}
        self._resolved: dict[str, frozenset[str]] = {}
        self._resolved_at_s = 0.0
        self._told: frozenset[str] | None = None
        self._hinted = asyncio.Event()
        self._trunks: dict[str, Trunk] = {}
        self.on_settings(settings)

    def on_settings(self, settings: Settings) -> None:
        """Other trunks from now on; those that are gone are forgotten."""
        self._trunks = {trunk.name: trunk for trunk in settings.trunks}
        for name in {*self._is_up, *self._contact_hosts} - self._trunks.keys():
            self._contact_hosts.pop(name, None)
            if self._is_up.pop(name, None) is not None:
                self._up.remove(name)
        for name in self._is_registered.keys() - self._registering():
            del self._is_registered[name]
            self._registered.remove(name)
        comers = {name for name, trunk in self._trunks.items() if _comes_to_us(trunk)}
        for name in self._has_come.keys() - comers:
            del self._has_come[name]
            self._awaited.remove(name)
        self._heard.keep_only(comers)
        self._resolved_at_s = 0.0
        self._tell_addresses()
        self.hint()

    def hint(self) -> None:
        """Something may have changed: ask soon."""
        self._hinted.set()

    def on_message(self, message: Mapping[str, str]) -> None:
        """Look at one AMI event; anything but a trunk's is passed over."""
        event = message.get("Event")
        if event == "Registry" or (event == "ContactStatus" and message.get("AOR") in self._trunks):
            self.hint()

    # ---- asking ------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Ask at each hint and every PERIOD_S, forever."""
        while True:
            with contextlib.suppress(TimeoutError):  # nothing was hinted at: asked all the same
                async with asyncio.timeout(PERIOD_S):
                    await self._hinted.wait()
            self._hinted.clear()
            await self._resolve()
            if self._link.connected:
                await self.ask_all()

    async def ask_all(self) -> None:
        """Ask for the state of every trunk; an unanswered question changes nothing."""
        for name, trunk in tuple(self._trunks.items()):
            try:
                contacts = await self._contacts(name)
                statuses = [await self._get(f"PJSIP_CONTACT({one},status)") for one in contacts]
                uris = [await self._get(f"PJSIP_CONTACT({one},uri)") for one in contacts]
            except AmiError as error:
                logger.warning("trunk_not_asked", extra={"trunk": name, "error": str(error)})
                continue
            if self._trunks.get(name) is not trunk:
                continue  # other settings came meanwhile
            self._contact_hosts[name] = frozenset(filter(None, map(address_in_uri, uris)))
            if trunk.qualify_s:
                self._judge(trunk, statuses)
        self._tell_addresses()
        if self._registering():
            await self._ask_registrations()

    async def _ask_registrations(self) -> None:
        """The answer has the passwords too (AuthDetail): nothing else of it is looked at or kept."""
        try:
            listed = await self._link.list_action(
                "PJSIPShowRegistrationsOutbound",
                {},
                complete_event="OutboundRegistrationDetailComplete",
                timeout_s=2.0,
            )
        except AmiError as error:
            logger.warning("registrations_not_told", extra={"error": str(error)})
            return
        registering = self._registering()
        for one in listed:
            name = one.get("ObjectName", "")
            if one.get("Event") == "OutboundRegistrationDetail" and name in registering:
                self._judge_registration(name, one.get("Status", ""))

    def _registering(self) -> set[str]:
        """The trunks at which we register."""
        return {name for name, trunk in self._trunks.items() if trunk.kind == "registered"}

    def _judge_registration(self, name: str, status: str) -> None:
        """status: in Asterisk's words. Source: res_pjsip_outbound_registration."""
        before = self._is_registered.get(name)
        if before is None and status == "Unregistered":
            return  # not tried yet
        registered = status == "Registered"
        self._is_registered[name] = registered
        self._registered.labels(name).set(registered)
        if registered is before:
            return
        if registered:
            logger.info("trunk_registered", extra={"trunk": name})
        else:
            logger.error("trunk_not_registered", extra={"trunk": name, "status": status})

    def _judge(self, trunk: Trunk, statuses: list[str]) -> None:
        signed_off = trunk.kind == "peer" and not statuses
        if REACHABLE in statuses:
            up = True
        elif signed_off or UNREACHABLE in statuses:
            up = False
        else:
            return  # Asterisk has not asked the far side yet, or does not know this trunk yet
        if _comes_to_us(trunk):
            if statuses:
                self._heard.add(trunk.name)
            self._has_come[trunk.name] = trunk.name in self._heard
            self._awaited.labels(trunk.name).set(not self._has_come[trunk.name])
        before = self._is_up.get(trunk.name)
        self._is_up[trunk.name] = up
        self._up.labels(trunk.name).set(up)
        if before is up or (before is None and signed_off and not self._has_come.get(trunk.name)):
            return  # a peer that has not come yet is no loss
        if up:
            logger.info("trunk_up", extra={"trunk": trunk.name})
        else:
            self._losses.labels(trunk.name).inc()
            logger.error("trunk_down", extra={"trunk": trunk.name, "signed_off": signed_off})

    async def _contacts(self, name: str) -> list[str]:
        """The ids of a trunk's contacts."""
        return [one for one in (await self._get(f"PJSIP_AOR({name},contact)")).split(",") if one]

    async def _get(self, function: str) -> str:
        reply = await self._link.action("Getvar", {"Variable": function}, timeout_s=2.0)
        return reply.fields.get("Value", "")

    # ---- addresses ---------------------------------------------------------------------------------------

    async def _resolve(self) -> None:
        """Look up host names among the trunks' sources, now and then; a failed look-up keeps the last one."""
        loop = asyncio.get_running_loop()
        if self._resolved_at_s and loop.time() - self._resolved_at_s < RESOLVE_EVERY_S:
            return
        self._resolved_at_s = loop.time()
        names = {source for trunk in self._trunks.values() for source in _sources(trunk)}
        resolved: dict[str, frozenset[str]] = {}
        for name in sorted(name for name in names if not _is_network(name)):
            try:
                async with asyncio.timeout(5.0):
                    found = await loop.getaddrinfo(name, None, type=socket.SOCK_DGRAM)
                resolved[name] = frozenset(str(place[0]) for *_, place in found)
            except (OSError, TimeoutError) as error:
                logger.warning("trunk_not_resolved", extra={"host": name, "error": str(error)})
                resolved[name] = self._resolved.get(name, frozenset())
        self._resolved = resolved
        self._tell_addresses()

    def _tell_addresses(self) -> None:
        addresses: set[str] = set()
        for name, trunk in self._trunks.items():
            for source in _sources(trunk):
                addresses |= {source} if _is_network(source) else self._resolved.get(source, frozenset())
            if trunk.kind == "peer":  # it proved itself by its password
                addresses |= self._contact_hosts.get(name, frozenset())
        if self._told is None or addresses != self._told:
            self._told = frozenset(addresses)
            self._on_addresses(sorted(addresses))


def _comes_to_us(trunk: Trunk) -> bool:
    """Is it known where this trunk is only once it has registered?"""
    return trunk.kind == "peer" and not trunk.address


def _sources(trunk: Trunk) -> tuple[str, ...]:
    """Where a trunk's requests come from, as the settings have it."""
    if trunk.kind == "peer" and trunk.address:
        return (*trunk.match, address_in_uri(f"sip:{trunk.address}") or trunk.address.partition(":")[0])
    return trunk.sources


def address_in_uri(uri: str) -> str:
    """The IP address that a SIP URI leads to; "" when it names a host, or is no URI."""
    found = re.match(r"sips?:(?:[^@]*@)?(?:\[([0-9A-Fa-f:.]+)\]|([^:;>?]+))", uri)
    host = (found[1] or found[2]) if found else ""
    return host if _is_address(host) else ""


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True
