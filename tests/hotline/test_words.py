"""Operators read Chinese or English: how it is chosen, and that the command line has no other words."""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Formatter

import pytest

from hotline.catalogue import load_catalogue
from hotline.cli import COMMANDS, main, offered_commands
from hotline.core.phrases import phrase
from hotline.core.settings import Text
from hotline.core.settings_check import SettingsRefused, check_settings
from hotline.words import CHOICE, columns_of, in_words, language, padded, say, told

ROOT = Path(__file__).parents[2]
EXPLAINED = {
    f"explain_{part}"
    for part in ("part", "policy", "aimed", "deed", "left_out", "cause", "how", "overflow", "reason")
}
ROOMS = ("acd", "hotline", "ivr", "recording", "telephony", "wallboard")
SOURCES = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, "zh"),
        ({"LC_ALL": "", "LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "de_DE.UTF-8"}, "en"),
        ({"LANG": "C", CHOICE: "zh"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", CHOICE: "en"}, "en"),
    ],
)
def test_the_choice_goes_before_the_locale(environment: Mapping[str, str], expected: str) -> None:
    assert language(environment) == expected


def test_a_language_we_do_not_speak_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(CHOICE, "fr")
    monkeypatch.setenv("LC_ALL", "C")
    assert main(["status"]) == 2
    assert capsys.readouterr().err == "HOTLINE_LANG='fr': allowed zh, en\n"


def test_phrases_within_phrases_are_said_in_one_language(monkeypatch: pytest.MonkeyPatch) -> None:
    needs = phrase("allowed.between_of", least=1, most=20, unit=phrase("unit.rings"))
    assert in_words(needs) == "a number from 1 to 20 (rings)"
    monkeypatch.setenv(CHOICE, "zh")
    assert in_words(needs) == "1 到 20 之间的数（声）"


def test_whoever_asks_for_a_language_gets_it_to_the_last_value() -> None:
    """A page's reader, who is not the operator; a value may be a text of the settings."""
    why = phrase("explain.not_ready", since="9:00", reason=Text("午餐", "lunch"))
    told_why = phrase("explain.why", agent="1001", why=why)
    assert in_words(told_why, "zh") == "坐席 1001 为什么没有振铃：自 9:00 起置忙：午餐"
    assert in_words(told_why, "en") == "why agent 1001 did not ring: not ready since 9:00: lunch"


def test_refused_settings_are_told_in_chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsRefused) as refused:
        check_settings({"bogus": 1, "hotline": {"country": "xx"}}, file="a.toml", version=1)
    monkeypatch.setenv(CHOICE, "zh")
    first, second = told(refused.value).splitlines()
    assert first.startswith("a.toml：bogus：不允许的值 1；允许：没有这个键；此处可用的键：hotline, skills")
    assert second == "a.toml：hotline.country：不允许的值 'xx'；允许：cn, us, uk, jp, de"


def test_an_error_without_text_is_told_by_its_name() -> None:
    assert told(TimeoutError()) == "TimeoutError"
    assert told(OSError("no disk")) == "no disk"


def test_columns_count_chinese_characters_twice() -> None:
    assert columns_of("就绪 ok") == 7
    assert padded("就绪", 6) == "就绪  "
    assert padded("ready", 6) == "ready "
    assert padded("too long", 3) == "too long"


@pytest.mark.parametrize("command", [c.name for c in offered_commands()])
def test_help_is_chinese_from_the_first_word_on(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(CHOICE, "zh")
    main([])
    assert say(f"command.{command}") in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main([command, "--help"])
    text = capsys.readouterr().out
    assert text.startswith(f"用法：hotline {command}")
    assert "显示本帮助并退出" in text
    for word in ("usage", "options", "folder", "show"):
        assert word not in text


def test_what_is_not_understood_is_told_in_chinese(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(CHOICE, "zh")
    with pytest.raises(SystemExit):
        main(["status", "--fly"])
    assert "hotline status：错误：无法识别的参数：--fly" in capsys.readouterr().err


def test_argparse_has_the_words_that_we_translate() -> None:
    source = Path(argparse.__file__).read_text("utf-8")
    texts = [load_catalogue().both(key).en for key in load_catalogue().keys if key.startswith("argparse.")]
    lacking = [text for text in texts if repr(text)[1:-1] not in source]
    assert texts and lacking == []


# ---- the sources ----------------------------------------------------------------------------------------


def calls(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and called(node) in names:
            yield node


def called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else getattr(call.func, "attr", "")


def test_every_text_that_is_said_exists_and_gets_its_values() -> None:
    catalogue = load_catalogue()
    wrong = []
    for path in SOURCES:
        for call in calls(ast.parse(path.read_text("utf-8")), "say", "phrase"):
            key = call.args[0] if call.args else None
            if not (isinstance(key, ast.Constant) and isinstance(key.value, str) and "." in key.value):
                continue
            given = {keyword.arg for keyword in call.keywords}
            if key.value not in catalogue.keys:
                wrong.append(f"{path.name}:{call.lineno}: no text {key.value}")
            elif given != (needed := names_in(catalogue.both(key.value).en)):
                wrong.append(f"{path.name}:{call.lineno}: {key.value} needs {needed}, gets {given}")
    assert wrong == []


def names_in(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_no_text_of_the_command_line_is_left_over() -> None:
    pages = {"language", "sign_in", "account", "password", "error", "wallboard", "supervise"}
    said = {
        node.value
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    by_prefix = {"argparse", "command", "environment", "soak_promise", *EXPLAINED}  # not asked for key by key
    ours = {key for key in load_catalogue().keys if key.split(".")[0] not in pages | by_prefix}
    assert sorted(ours - said) == []
    assert {f"command.{command.name}" for command in COMMANDS} == {
        key for key in load_catalogue().keys if key.startswith("command.")
    }


SPEAKERS = (
    *("print", "complain", "not_ready", "write", "exit", "SystemExit"),
    *("CommandError", "SetupError", "DeploymentError", "InstallError", "FetchError", "PostgresError"),
    *("SecretsError", "ConfigurationError", "ConsoleError", "BackupError", "RestoreError", "ArchiveError"),
    *("ArchiveExists", "ArchiveRefused", "DatabaseIsNewer", "MigrationFailed", "NoSuchVersion"),
    *("FileUnreadable", "SpeechFailed", "LedgerBusy", "JournalOfAnother", "PartStatus"),
)
TELLERS = ("tell", "say")  # progress: (part, text) or (text)
OPTIONS = ("help", "description", "epilog", "title")
FILES = (
    *sorted((ROOT / "hotline").glob("*.py")),
    *sorted((ROOT / "hotline" / "supervisor").glob("*.py")),
    *sorted((ROOT / "hotline" / "database").glob("*.py")),
    *sorted((ROOT / "hotline" / "ledger").glob("*.py")),
    ROOT / "ivr" / "prompts_build.py",
    ROOT / "acd" / "service.py",
    ROOT / "recording" / "service.py",
)
ALLOWED = {
    "w",  # modes, units and the like are no words
    "http://",
    "hotline ",  # the program's own name, as in `hotline up`
    "hotline service ",
}


def test_no_literal_words_reach_the_operator() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}: {text!r}"
        for path in FILES
        for line, text in words_said(ast.parse(path.read_text("utf-8")))
    ]
    assert found == []


def words_said(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, text) of each literal with letters that somebody would read."""
    for call in calls(tree, *SPEAKERS):
        for argument in call.args:
            yield from literals(argument)
    for call in calls(tree, *TELLERS):
        if isinstance(call.func, ast.Attribute) or called(call) == "tell":  # not the catalogue's `say`
            for argument in call.args[-1:]:
                yield from literals(argument)
    for node in ast.walk(tree):
        if (isinstance(node, ast.keyword) and node.arg in OPTIONS) or (
            isinstance(node, ast.Assign)
            and any(isinstance(target, ast.Attribute) and target.attr in OPTIONS for target in node.targets)
        ):
            yield from literals(node.value)


def literals(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Literal texts with letters in an expression, outside calls that make words of a key."""
    if isinstance(node, ast.Call) and called(node) in ("say", "in_words", "told", "join", "get", "phrase"):
        return
    if isinstance(node, ast.FormattedValue):  # the format is no text, the value may be
        yield from literals(node.value)
        return
    if isinstance(node, ast.Subscript):
        return
    if isinstance(node, ast.Constant):
        text = node.value
        if isinstance(text, str) and any(map(str.isalpha, text)) and text not in ALLOWED:
            yield node.lineno, text
        return
    for child in ast.iter_child_nodes(node):
        yield from literals(child)


@pytest.mark.parametrize(
    "source",
    [
        'print("ready")',
        'print(f"{n} problems")',
        'raise CommandError(f"{file}: wrong")',
        'raise SetupError("a" if x else say("setup.database", why=x))',
        'self.say("postgres", "ready")',
        'tell("reading")',
        'parser.add_argument("--x", help="some words")',
        'parser.epilog = "some words"',
    ],
)
def test_literal_words_are_seen(source: str) -> None:
    assert list(words_said(ast.parse(source)))


@pytest.mark.parametrize(
    "source",
    [
        'print(say("up.ended"), flush=True)',
        'raise CommandError(say("cli.postgres", why=told(error)))',
        'self.say("postgres", say("start.ready"))',
        'print(f"{version:>5}  {at:%Y-%m-%d}")',
        'parser.add_argument("--x", help=say("up.demo"))',
    ],
)
def test_words_of_the_catalogue_are_not(source: str) -> None:
    assert list(words_said(ast.parse(source))) == []
