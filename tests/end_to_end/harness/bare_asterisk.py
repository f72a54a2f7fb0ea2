"""A plain Asterisk with a given configuration: what the harness itself is tried on, and app_queue's stage.

Knows nothing of the hotline but how to find an Asterisk.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.lifelines import end, ends_with_us
from hotline.asterisk_install import AsteriskInstall, find_install

START_LIMIT_S = 20.0
SUN_PATH_LIMIT = 107  # bytes in a Unix socket's path (man 7 unix)

MODULES = (
    *("res_timing_timerfd", "res_sorcery_config", "res_sorcery_memory", "res_sorcery_astdb", "res_pjproject"),
    *("res_pjsip", "res_pjsip_session", "res_pjsip_authenticator_digest", "res_pjsip_registrar"),
    *("res_pjsip_endpoint_identifier_ip", "res_pjsip_endpoint_identifier_user", "res_pjsip_caller_id"),
    *(
        "res_pjsip_sdp_rtp",
        "res_pjsip_dtmf_info",
        "res_pjsip_nat",
        "res_pjsip_pubsub",
        "res_pjsip_refer",
        "res_rtp_asterisk",
    ),
    *("chan_pjsip", "codec_alaw", "codec_ulaw", "codec_resample", "format_wav", "format_pcm", "format_sln"),
    *("bridge_simple", "bridge_native_rtp", "bridge_builtin_features", "res_musiconhold", "pbx_config"),
    *("app_dial", "app_playback", "app_echo", "app_read", "app_mixmonitor", "app_stack", "app_verbose"),
    *("func_channel", "func_callerid", "func_logic", "func_strings"),
)


class BareAsterisk:
    """Use as a context manager; the files in `configuration` (name: text) are its whole configuration."""

    def __init__(
        self, folder: Path, configuration: Mapping[str, str], *, modules: Sequence[str] = MODULES
    ) -> None:
        install = find_install()
        if install is None:
            raise RuntimeError("no Asterisk on this machine yet: type ./run --prepare")
        if len(str(folder / "run/asterisk.ctl")) > SUN_PATH_LIMIT:
            raise ValueError(f"{folder}: too long for Asterisk's control socket")
        self.folder, self._install, self._modules = folder, install, modules
        self._configuration = configuration
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Asterisk's process id."""
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> BareAsterisk:
        etc = self.folder / "etc"
        for name in ("etc", "var", "spool", "log", "run", "keys"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        loads = "".join(f"load={name}.so\n" for name in self._modules)
        files = {
            "asterisk.conf": _directories(self.folder, self._install),
            "modules.conf": f"[modules]\nautoload=no\n{loads}",
            "logger.conf": "[general]\n[logfiles]\nmessages => notice,warning,error\n",
            "musiconhold.conf": f"[default]\nmode=files\ndirectory={self._install.share}/moh\n",
            **self._configuration,
        }
        for name, text in files.items():
            (etc / name).write_text(text, "utf-8")
        with (self.folder / "log/stderr").open("wb") as complaints:
            self._process = subprocess.Popen(
                self._install.start(etc / "asterisk.conf"),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                preexec_fn=ends_with_us(),
            )
        try:
            self._wait_until_up(self._process)
        except BaseException:
            self.close()
            raise
        return self

    def _wait_until_up(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_LIMIT_S
        while "fully booted" not in self.console("core waitfullybooted"):
            if time.monotonic() > deadline or process.poll() is not None:
                raise RuntimeError(f"Asterisk does not start; see {self.folder}/log")
            time.sleep(0.1)
        missing = [name for name in self._modules if f"{name}.so" not in self.console("module show")]
        if missing:
            raise RuntimeError(f"Asterisk does not run {', '.join(missing)}; see {self.folder}/log/messages")

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop Asterisk, by force if it does not listen."""
        if self._process is None:
            return
        end(self._process)
        self._process = None

    def console(self, command: str) -> str:
        """What Asterisk answers to a console command; "" while it is not up."""
        words = self._install.console(self.folder / "etc/asterisk.conf", command)
        return subprocess.run(words, capture_output=True, text=True, timeout=10, check=False).stdout

    def channels(self) -> int:
        """How many channels live now."""
        return int(self.console("core show channels count").split(" active channel")[0].split()[-1])


@dataclass(frozen=True, slots=True)
class Stage:
    """A bare Asterisk as phones see it. recording: the raw stereo file of the newest recorded call."""

    asterisk: BareAsterisk
    server: tuple[str, int]
    recording: Path


def _directories(folder: Path, install: AsteriskInstall) -> str:
    return f"""[directories]
astetcdir => {folder}/etc
astmoddir => {install.modules}
astvarlibdir => {folder}/var
astdbdir => {folder}/var
astkeydir => {folder}/keys
astdatadir => {install.share}
astagidir => {folder}/var
astspooldir => {folder}/spool
astrundir => {folder}/run
astlogdir => {folder}/log

[options]
documentation_language = en_US
"""
