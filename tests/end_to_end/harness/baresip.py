"""baresip as an agent's phone: a complete softphone that is not ours, headless, driven over a socket.

It registers, answers by itself (or is told to), says a tone and writes what it hears to a file.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from harness import sound
from harness.lifelines import ends_with_us
from harness.networks import inside, tcp_socket
from harness.ports import free_udp_port
from harness.waiting import until

MODULES = ("g711", "g722", "aufile", "sndfile", "srtp")  # sndfile writes down what is said and heard
MODULE_FOLDERS = ("/usr/lib/baresip/modules", "/usr/lib64/baresip/modules", "/usr/local/lib/baresip/modules")
MAX_EVENTS = 10_000
STOP_LIMIT_S = 5.0


class BaresipError(Exception):
    """baresip is missing, does not start, or refused a command."""


@dataclass(frozen=True, slots=True)
class Softphone:
    """What to start. media_encryption: "", "srtp" or "srtp-mand". answers: by itself, at once."""

    user: str
    password: str
    server: tuple[str, int]
    address: str = "127.0.0.1"
    transport: str = "udp"
    media_encryption: str = ""
    codecs: tuple[str, ...] = ("PCMU", "PCMA")
    tone_hz: int = 1000
    answers: bool = True
    register_s: int = 300


@dataclass(slots=True)
class _Link:
    """The control socket: commands out, answers and events in."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    events: list[dict[str, str]] = field(default_factory=list)
    answers: asyncio.Queue[dict[str, object]] = field(default_factory=asyncio.Queue)


class Baresip:
    """Use as `async with Baresip(Softphone(...), folder) as phone`; registered when entered."""

    def __init__(self, phone: Softphone, folder: Path) -> None:
        self.phone, self.folder = phone, folder
        self._process: asyncio.subprocess.Process | None = None
        self._link: _Link | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def events(self) -> list[dict[str, str]]:
        """All events so far: dictionaries with `type` (REGISTER_OK, CALL_INCOMING, CALL_ESTABLISHED, …)."""
        return self._link.events if self._link else []

    @property
    def heard(self) -> Path:
        """What it heard in its newest call: a WAV file that is complete when the call is over."""
        return max(self.folder.glob("dump-*-dec.wav"), key=lambda file: file.stat().st_mtime_ns)

    async def __aenter__(self) -> Baresip:
        port = free_udp_port()
        program = _configure(self.phone, self.folder, port)
        with (self.folder / "screen.log").open("wb") as screen:
            self._process = await asyncio.create_subprocess_exec(
                *inside(self.phone.address),
                program,
                "-f",
                str(self.folder),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=screen,
                stderr=asyncio.subprocess.STDOUT,
                cwd=self.folder,
                preexec_fn=ends_with_us(),
            )
        try:
            self._link = await self._connect(port)
            self._reading = asyncio.get_running_loop().create_task(_read(self._link))
            await self._registered()
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End it: it hangs up and takes its registration back."""
        if self._reading:
            self._reading.cancel()
        if self._link:
            self._link.writer.close()
        if self._process and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.terminate()
            try:
                async with asyncio.timeout(STOP_LIMIT_S):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()

    async def event(self, kind: str, *, count: int = 1, within_s: float = 5.0) -> dict[str, str]:
        """Wait until so many events of this type have come; returns the newest. Raises TimeoutError."""

        def found() -> list[dict[str, str]]:
            return [event for event in self.events if event.get("type") == kind]

        def told() -> str:
            return f"baresip {self.phone.user}: {count} {kind}, came {[e.get('type') for e in self.events]}"

        await until(lambda: len(found()) >= count, told, within_s)
        return found()[-1]

    async def command(self, name: str, parameters: str = "") -> str:
        """A command of baresip's menu: dial, accept, hangup, hold, resume, sndcode (digits), transfer."""
        if self._link is None:
            raise BaresipError(f"baresip {self.phone.user} is not running")
        text = json.dumps({"command": name, "params": parameters}).encode()
        self._link.writer.write(b"%d:%s," % (len(text), text))
        await self._link.writer.drain()
        async with asyncio.timeout(5):
            answer = await self._link.answers.get()
        if not answer.get("ok"):
            raise BaresipError(f"baresip {self.phone.user}: {name} {parameters}: {answer.get('data')}")
        return str(answer.get("data", ""))

    async def _registered(self) -> None:
        """It may have registered before we could listen to its events, so it is asked."""
        for _ in range(100):
            if "OK" in await self.command("reginfo"):
                return
            await asyncio.sleep(0.1)
        raise BaresipError(f"baresip {self.phone.user} is not registered: {self.folder / 'screen.log'}")

    async def _connect(self, port: int) -> _Link:
        for _ in range(100):
            link = tcp_socket(self.phone.address)
            link.setblocking(False)
            try:
                await asyncio.get_running_loop().sock_connect(link, ("127.0.0.1", port))
                return _Link(*await asyncio.open_connection(sock=link))
            except ConnectionRefusedError:
                link.close()
            if self._process is None or self._process.returncode is not None:
                break
            await asyncio.sleep(0.05)
        raise BaresipError(f"baresip does not start: {self.folder / 'screen.log'}")


async def _read(link: _Link) -> None:
    """Netstrings of JSON, until the socket closes."""
    with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
        while len(link.events) < MAX_EVENTS:
            length = int((await link.reader.readuntil(b":"))[:-1])
            message = json.loads(await link.reader.readexactly(length))
            await link.reader.readexactly(1)
            if message.get("event"):
                link.events.append(message)
            else:
                link.answers.put_nowait(message)


def _configure(phone: Softphone, folder: Path, control_port: int) -> str:
    """Write baresip's files; returns the program. Raises BaresipError."""
    program = shutil.which("baresip")
    modules = next((name for name in MODULE_FOLDERS if Path(name).is_dir()), None)
    if program is None or modules is None:
        raise BaresipError("baresip is not installed (Debian: baresip-core)")
    folder.mkdir(parents=True, exist_ok=True)
    sound.write_wav(folder / "said.wav", sound.tone(phone.tone_hz, 60 * sound.SAMPLES_PER_S))
    lines = [
        "poll_method epoll",
        f"sip_listen {phone.address}:{free_udp_port(phone.address)}",
        "call_max_calls 4",
        f"audio_source aufile,{folder}/said.wav",
        f"snd_path {folder}",
        "ausrc_srate 8000",
        "auplay_srate 8000",
        "jitter_buffer_delay 1-5",
        f"module_path {modules}",
        *(f"module {name}.so" for name in MODULES),
        "module_tmp account.so",
        "module_app menu.so",
        "module_app ctrl_tcp.so",
        f"ctrl_tcp_listen 127.0.0.1:{control_port}",
    ]
    (folder / "config").write_text("\n".join(lines) + "\n", "utf-8")
    host, port = phone.server
    parameters = {
        "auth_user": phone.user,
        "auth_pass": phone.password,
        "answermode": "auto" if phone.answers else "manual",
        "regint": phone.register_s,
        "audio_codecs": ",".join(phone.codecs),
        **({"mediaenc": phone.media_encryption} if phone.media_encryption else {}),
    }
    account = f"<sip:{phone.user}@{host}:{port};transport={phone.transport}>"
    account += "".join(f";{name}={value}" for name, value in parameters.items())
    (folder / "accounts").write_text(account + "\n", "utf-8")
    (folder / "contacts").write_text("", "utf-8")
    return program
