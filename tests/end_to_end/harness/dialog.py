"""One SIP dialog of a phone: who speaks with whom, and the messages within it.

Knows no audio and no progress of a call. Routes are not followed: the far side is always the one we met.
"""

from __future__ import annotations

import random
import secrets
from collections.abc import Sequence

from harness import sip
from harness.sip_socket import Address, SipSocket

Headers = Sequence[tuple[str, str]]


class Dialog:
    """Local and remote are the From and To of our requests, tags included; target is their URI."""

    def __init__(
        self,
        socket: SipSocket,
        far: Address,
        *,
        call_id: str,
        local: str,
        remote: str,
        target: str,
        user: str,
    ) -> None:
        self.socket, self.far = socket, far
        self.call_id, self.local, self.remote, self.target = call_id, local, remote, target
        self.tag = sip.parameter(local, "tag")
        host, port = socket.shown
        self.contact = f"<sip:{user}@{host}:{port}>"
        self._sequence = random.randrange(1, 1000)

    def request(self, method: str, *, sequence: int = 0, body: str = "", extra: Headers = ()) -> sip.Message:
        """Our next request; an ACK names the sequence of its INVITE."""
        if not sequence:
            self._sequence += 1
        headers = [
            ("Via", self.socket.via()),
            ("Max-Forwards", "70"),
            ("From", self.local),
            ("To", self.remote),
            ("Call-ID", self.call_id),
            ("CSeq", f"{sequence or self._sequence} {method}"),
            ("Contact", self.contact),
            *extra,
        ]
        return sip.Message(method, self.target, headers=headers, body=body)

    def response(
        self, request: sip.Message, status: int, reason: str, *, body: str = "", extra: Headers = ()
    ) -> sip.Message:
        """Our response to a request of the far side."""
        headers = [("Via", via) for via in request.all("Via")]
        to = request.header("To")
        if self.tag and status > 100 and not sip.parameter(to, "tag"):
            to += f";tag={self.tag}"
        headers += [
            ("From", request.header("From")),
            ("To", to),
            ("Call-ID", self.call_id),
            ("CSeq", request.header("CSeq")),
            ("Contact", self.contact),
            *extra,
        ]
        if body:
            headers.append(("Content-Type", "application/sdp"))
        return sip.Message(status=status, reason=reason, headers=headers, body=body)

    def answer(
        self, request: sip.Message, status: int, reason: str, *, body: str = "", extra: Headers = ()
    ) -> int:
        """Send our response, repeated whenever the request is; returns the time in µs."""
        return self.socket.answer(self.response(request, status, reason, body=body, extra=extra), self.far)

    def acknowledge(self, invite: sip.Message, response: sip.Message) -> None:
        """The ACK of a refused INVITE: part of its transaction."""
        headers = _kept(invite, "Via", "From", "Call-ID", "Max-Forwards")
        headers += [("To", response.header("To")), ("CSeq", f"{invite.cseq[0]} ACK")]
        self.socket.send(sip.Message("ACK", invite.uri, headers=headers), self.far)

    def cancel(self, invite: sip.Message) -> sip.Message:
        """The CANCEL of an INVITE of ours."""
        headers = _kept(invite, "Via", "From", "To", "Call-ID", "Max-Forwards")
        return sip.Message("CANCEL", invite.uri, headers=[*headers, ("CSeq", f"{invite.cseq[0]} CANCEL")])

    def with_password(
        self, request: sip.Message, challenge: sip.Message, user: str, password: str
    ) -> sip.Message:
        """The request once more, in a new transaction, with the answer to a 401 or 407."""
        self._sequence = request.cseq[0] + 1
        asked = challenge.header("WWW-Authenticate") or challenge.header("Proxy-Authenticate")
        name = "Authorization" if challenge.status == 401 else "Proxy-Authorization"
        answer = sip.digest_answer(
            asked,
            user=user,
            password=password,
            method=request.method,
            uri=request.uri,
            cnonce=secrets.token_hex(8),
        )
        replaced = {"Via": self.socket.via(), "CSeq": f"{self._sequence} {request.method}"}
        headers = [(n, replaced.get(n, v)) for n, v in request.headers if n != name]
        return sip.Message(request.method, request.uri, headers=[*headers, (name, answer)], body=request.body)

    async def ask(self, request: sip.Message, *, user: str, password: str) -> sip.Message:
        """Send a request and wait for its final response, with the password if it is asked for."""
        response = await self.socket.request(request, self.far)
        if response.status in (401, 407) and password:
            if request.method == "INVITE":
                self.acknowledge(request, response)
            request = self.with_password(request, response, user, password)
            response = await self.socket.request(request, self.far)
        if request.method == "INVITE":
            if response.status < 300:
                self.socket.send(self.request("ACK", sequence=response.cseq[0]), self.far)
            else:
                self.acknowledge(request, response)
        return response


def _kept(message: sip.Message, *names: str) -> list[tuple[str, str]]:
    return [(name, value) for name, value in message.headers if name in names]


def q850_cause(message: sip.Message) -> int:
    """The Q.850 cause of a Reason header, 0 if it names none."""
    for value in message.all("Reason"):
        cause = sip.parameter(value, "cause")
        if value.startswith("Q.850") and cause.isdigit():
            return int(cause)
    return 0
