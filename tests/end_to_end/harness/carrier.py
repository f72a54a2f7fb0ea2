"""A carrier's exchange: a second Asterisk, with one line of each kind to a hotline.

What a caller dials there begins with the line's digit: 1 by address, 2 registered (the hotline signs in
here), 3 peer (this exchange signs in at the hotline), 4 by address with keys as tones in the sound.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from harness.bare_asterisk import MODULES, BareAsterisk
from harness.ports import free_udp_port

MORE_MODULES = (
    *("res_pjsip_outbound_registration", "res_pjsip_outbound_authenticator_digest", "codec_g722"),
    *("codec_a_mu", "func_dialplan"),
)
PASSWORD = "known-to-both-sides"
CALLER = "127.0.0.60"  # who calls through the exchange


@dataclass(frozen=True, slots=True)
class Line:
    """One trunk, as both sides see it. address: the exchange's own on this line."""

    digit: str
    name: str
    kind: str
    address: str
    codec: str
    dtmf: str


LINES = (
    Line("1", "by-address", "address", "127.0.0.51", "alaw", "rfc4733"),
    Line("2", "registered", "registered", "127.0.0.52", "ulaw", "info"),
    Line("3", "peer", "peer", "127.0.0.53", "g722", "rfc4733"),
    Line("4", "tones", "address", "127.0.0.54", "alaw", "inband"),
)


class Carrier:
    """The exchange's configuration; `start()` runs it."""

    def __init__(self, folder: Path, hotline: tuple[str, int], account: str) -> None:
        """account: the number of the hotline's own under which it signs in at the exchange."""
        self._folder, self._hotline, self._account = folder, hotline, account
        self.port = free_udp_port()

    def trunk_settings(self, line: Line) -> str:
        """The trunk as the hotline's settings (TOML) have it; it is asked every second whether it lives."""
        far = f'address = "{line.address}:{self.port}"\n' if line.kind != "peer" else ""
        username = f'username = "{self._account}"\n' if line.kind == "registered" else ""
        return f"""
[[trunk]]
name = "{line.name}"
kind = "{line.kind}"
{far}{username}codecs = ["{line.codec}"]
dtmf = "{line.dtmf}"
qualify_s = 1
"""

    def exchange(self) -> BareAsterisk:
        """The Asterisk, to be used as a context manager."""
        files = {"pjsip.conf": self._pjsip(), "extensions.conf": self._dialplan(), "rtp.conf": _RTP}
        self._folder.mkdir(parents=True, exist_ok=True)
        return BareAsterisk(self._folder, files, modules=(*MODULES, *MORE_MODULES))

    def _dialplan(self) -> str:
        ways = {line.digit: f"${{EXTEN:1}}@{line.name}" for line in LINES}
        ways["2"] = self._account  # a registered contact is called as it registered
        lines = [f"exten => _{digit}X.,1,Dial(PJSIP/{way},120)" for digit, way in ways.items()]
        return "[callers]\n" + "\n".join(lines) + "\n[nowhere]\n"

    def _pjsip(self) -> str:
        parts = [_CALLER.format(address=CALLER)]
        parts += [self._line(line) for line in LINES]
        return "\n".join(parts)

    def _line(self, line: Line) -> str:
        host, port = self._hotline
        name = self._account if line.kind == "registered" else line.name
        text = f"""
[transport-{line.digit}]
type=transport
protocol=udp
bind={line.address}:{self.port}
[{name}]
type=endpoint
transport=transport-{line.digit}
context=nowhere
disallow=all
allow={line.codec}
dtmf_mode={line.dtmf}
direct_media=no
media_address={line.address}
aors={name}
"""
        if line.kind != "address":
            text += f"{'auth' if line.kind == 'registered' else 'outbound_auth'}={name}\n"
        contact = "max_contacts=1" if line.kind == "registered" else f"contact=sip:{host}:{port}"
        text += f"[{name}]\ntype=aor\n{contact}\n"
        if line.kind != "address":
            text += f"[{name}]\ntype=auth\nauth_type=digest\nusername={name}\npassword={PASSWORD}\n"
        if line.kind == "peer":
            text += f"""[{name}]
type=registration
transport=transport-{line.digit}
server_uri=sip:{host}:{port}
client_uri=sip:{name}@{host}:{port}
outbound_auth={name}
contact_user={name}
retry_interval=1
"""
        return text


_CALLER = """
[caller]
type=endpoint
transport=transport-1
context=callers
disallow=all
allow=ulaw
direct_media=no
[caller]
type=identify
endpoint=caller
match={address}
"""
_RTP = "[general]\nrtpstart=31000\nrtpend=31400\n"
