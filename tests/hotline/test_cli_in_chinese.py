"""What an operator with a Chinese terminal reads of each command: Chinese, and no English sentence in it."""

from __future__ import annotations

import re
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from hotline import asterisk_install
from hotline.cli import main
from hotline.core.settings import Agent, Number, Phone, Settings
from hotline.deployment import Deployment, Ports
from hotline.secrets import Secrets
from hotline.supervisor.report import Progress, summary
from hotline.words import CHOICE

ENGLISH = re.compile(r"[A-Za-z']+ [a-z']+ [a-z']+")  # three words in a row


@pytest.fixture(autouse=True)
def _chinese(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("DATABASE_URL", "HOTLINE_DATA", "HOTLINE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(CHOICE, "zh")
    monkeypatch.setenv("HOTLINE_CACHE", str(tmp_path / "no-cache"))
    monkeypatch.setattr(asterisk_install, "SYSTEM_PROGRAMS", str(tmp_path / "no-programs"))


@pytest.fixture
def data(tmp_path: Path) -> str:
    with socket.socket() as nobody:  # another test's PostgreSQL must not answer
        nobody.bind(("127.0.0.1", 0))
        ports = replace(Ports.from_base(31000), postgres=nobody.getsockname()[1])
    deployment = Deployment(tmp_path / "data", ports=ports)
    deployment.make_folders()
    deployment.save()
    Secrets.load(deployment)
    return str(deployment.data)


def english_in(text: str) -> list[str]:
    """English sentences in a text; what stands in `quotes` is to be typed."""
    return ENGLISH.findall(re.sub(r"`[^`]*`", "", text))


@pytest.mark.parametrize(
    ("words", "status", "expected"),
    [
        ([], 2, "命令："),
        (["down"], 0, "没有任何程序在运行"),
        (["status"], 3, "没有监管进程"),
        (["check"], 1, "本机没有 Asterisk；请运行 `hotline up --prepare`"),
        (["up", "--port-base", "80"], 1, "端口起点 80：允许 1024 … 64536"),
        (["backup", "/dev/null"], 1, "/dev/null：已存在；备份从不覆盖文件"),
        (["restore", "none.tar"], 1, "不是空文件夹；恢复从不覆盖任何内容"),
        (["user", "list"], 1, "PostgreSQL 没有应答（热线启动了吗？）"),
        (["ledger", "rebuild"], 1, "PostgreSQL："),
    ],
)
def test_commands(
    words: list[str], status: int, expected: str, data: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*words, "--data", data] if words else []) == status
    told = capsys.readouterr()
    assert expected in told.out + told.err
    foreign = ("Connect", "Errno")  # PostgreSQL's and the system's own words
    lines = [line for line in (told.out + told.err).splitlines() if not any(word in line for word in foreign)]
    assert english_in("\n".join(lines)) == []


def test_settings(data: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('skills = ["a b", "and"]\n[hotline]\ntarget_rings = 99\n[[hours]]\nmonday = 3\n')
    assert main(["settings", "check", str(file)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 5
    assert english_in("\n".join(lines)) == []
    assert f"{file}：hotline.target_rings：不允许的值 99；允许：1 到 20 之间的数（声）" in "\n".join(lines)
    file.write_text("[[]")
    assert main(["settings", "check", str(file)]) == 1
    assert f"{file}：不是有效的 TOML" in capsys.readouterr().err


def test_a_wrong_deployment_file(data: str, capsys: pytest.CaptureFixture[str]) -> None:
    file = Path(data) / "deployment.toml"
    for text in (
        "colour = 1",
        "bind = 'x'",
        "ports = 1",
        "[ports]\nx = 1",
        "[ports]\nsip = 0",
        "database_url = 1",
    ):
        file.write_text(text + "\n")
        assert main(["status", "--data", data]) == 1
        told = capsys.readouterr().err
        assert told.startswith(f"hotline status：{file}：")
        assert "允许" in told
        assert english_in(told) == []


def test_the_lines_of_a_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = Settings(
        version=1,
        numbers=(Number("95500", flow="main"), Number("95501", direct_queue="service")),
        phones=tuple(Phone(f"10{n:02}") for n in range(14)),
        agents=(Agent("1024", "Li"),),
    )
    lines = list(summary(Deployment(tmp_path, "192.0.2.7"), settings, demo=True))
    assert english_in("\n".join(lines)) == []
    assert lines[0] == "拨打       sip:95500@192.0.2.7:5060  （流程 main）"
    assert lines[1] == "拨打       sip:95501@192.0.2.7:5060  （直达队列 service）"
    assert lines[2].endswith("1011 及另外 2 部  位于 192.0.2.7:5060")
    Progress().say("语音", "就绪")
    assert re.fullmatch(r" +\d+\.\d 秒 语音      就绪\n", capsys.readouterr().out)
