"""Session descriptions: what a phone offers, and what it reads from the far side.

One audio stream of G.711 (G.722 may be named, to see what Asterisk chooses) with RFC 4733 digits.
"""

from __future__ import annotations

from dataclasses import dataclass

PAYLOAD_TYPES = {"PCMU": 0, "PCMA": 8, "G722": 9}
DTMF_PAYLOAD_TYPE = 101


@dataclass(frozen=True, slots=True)
class Audio:
    """One side of an audio stream: where it listens, what it speaks, in order of preference."""

    address: str
    port: int
    codecs: tuple[str, ...]
    direction: str = "sendrecv"
    dtmf_payload_type: int | None = DTMF_PAYLOAD_TYPE


def write_sdp(audio: Audio, *, session: int, version: int) -> str:
    """The session description; a new version of the same session replaces the one before."""
    types = [PAYLOAD_TYPES[codec] for codec in audio.codecs]
    lines = [
        "v=0",
        f"o=- {session} {version} IN IP4 {audio.address}",
        "s=-",
        f"c=IN IP4 {audio.address}",
        "t=0 0",
    ]
    dtmf = audio.dtmf_payload_type
    numbers = [*types, dtmf] if dtmf is not None else types
    lines.append(f"m=audio {audio.port} RTP/AVP {' '.join(map(str, numbers))}")
    lines += [f"a=rtpmap:{PAYLOAD_TYPES[codec]} {codec}/8000" for codec in audio.codecs]
    if dtmf is not None:
        lines += [f"a=rtpmap:{dtmf} telephone-event/8000", f"a=fmtp:{dtmf} 0-16"]
    lines += ["a=ptime:20", f"a={audio.direction}", ""]
    return "\r\n".join(lines)


def read_sdp(text: str) -> Audio:
    """The first audio stream of a session description. Raises ValueError when there is none."""
    address, media_address, port, types = "", "", 0, list[int]()
    names, direction = {number: name for name, number in PAYLOAD_TYPES.items()}, "sendrecv"
    in_audio = False
    for line in text.splitlines():
        kind, _, value = line.partition("=")
        if kind == "m":
            if in_audio:
                break
            words = value.split()
            in_audio = words[0] == "audio"
            if in_audio:
                port, types = int(words[1]), [int(word) for word in words[3:]]
        elif kind == "c":
            host = value.split()[-1]
            address, media_address = (address, host) if in_audio else (host, media_address)
        elif kind == "a" and value in ("sendrecv", "sendonly", "recvonly", "inactive"):
            direction = value
        elif kind == "a" and in_audio and value.startswith("rtpmap:"):
            number, _, name = value.removeprefix("rtpmap:").partition(" ")
            names[int(number)] = name.split("/")[0]
    if not port:
        raise ValueError("no audio stream in the session description")
    known = [names.get(number, "") for number in types]
    dtmf = next((number for number in types if names.get(number) == "telephone-event"), None)
    codecs = tuple(name for name in known if name in PAYLOAD_TYPES)
    return Audio(media_address or address, port, codecs, direction, dtmf)
