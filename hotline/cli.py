"""The `hotline` command: finds the subcommand's module, imports only that, and runs it.

A subcommand is one line in COMMANDS and one text `command.NAME` of the catalogue. Its module offers
`add_arguments(parser, command)` and `run(arguments) -> exit status`; one module may serve several commands.
Must not know what they do.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import io
import logging
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hotline.catalogue import LANGUAGES
from hotline.deployment import Deployment, DeploymentError
from hotline.words import CHOICE, say, speak_in_argparse, told


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand: its name and the module that runs it."""

    name: str
    module: str

    @property
    def summary(self) -> str:
        """Its line in the overview."""
        return say(f"command.{self.name}")


COMMANDS = (
    Command("up", "hotline.cli_up"),
    Command("down", "hotline.cli_down"),
    Command("status", "hotline.cli_status"),
    Command("check", "hotline.cli_check"),
    Command("demo", "hotline.cli_up"),
    Command("backup", "hotline.cli_backup"),
    Command("restore", "hotline.cli_backup"),
    Command("ledger", "hotline.cli_ledger"),
    Command("settings", "hotline.cli_settings"),
    Command("user", "hotline.cli_user"),
    Command("explain", "hotline.cli_explain"),
    Command("recalls", "hotline.cli_recalls"),
    Command("callbacks", "hotline.cli_callbacks"),
    Command("simulate", "hotline.cli_simulate"),
    Command("soak", "hotline.cli_soak"),
)


def offered_commands() -> list[Command]:
    """The commands whose modules are part of this installation."""
    return [command for command in COMMANDS if importlib.util.find_spec(command.module)]


class CommandError(Exception):
    """A command cannot do what it was asked; the text is for the user."""


def add_data_argument(parser: argparse.ArgumentParser, default: str = "data") -> None:
    """The option that commands on a data folder have; `default` as for chosen_folder."""
    parser.add_argument("--data", metavar="DIR", help=say("cli.data", default=default))


def existing_deployment(data: str | None) -> Deployment:
    """The deployment in a data folder that must exist. Raises CommandError, DeploymentError."""
    deployment = Deployment.load(chosen_folder(data))
    if not deployment.file.exists():
        raise CommandError(say("cli.no_hotline", data=deployment.data))
    return deployment


def chosen_folder(data: str | None, default: str = "data") -> Path:
    """The data folder: the option, else HOTLINE_DATA, else `default` beside ./run or here."""
    chosen = data or os.environ.get("HOTLINE_DATA")
    return Path(chosen) if chosen else Path(os.environ.get("HOTLINE_HOME") or ".") / default


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0 done, 1 not done, 2 not understood."""
    words = sys.argv[1:] if words is None else list(words)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a character must not end us
    if os.environ.get(CHOICE, "") not in ("", *LANGUAGES):
        print(say("cli.no_language", value=repr(os.environ[CHOICE])), file=sys.stderr)
        return 2
    if not logging.getLogger().handlers:
        logging.getLogger().addHandler(logging.NullHandler())  # a command tells in words, not in log lines
    speak_in_argparse()
    commands = offered_commands()
    parser = argparse.ArgumentParser(
        prog="hotline",
        description=say("cli.description"),
        epilog="\n".join(
            [
                say("cli.commands"),
                *(f"  {command.name:<10} {command.summary}" for command in commands),
                "",
                say("cli.explain"),
            ]
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=[c.name for c in commands], metavar="COMMAND")
    if not words:
        parser.print_help()
        return 2
    chosen = parser.parse_args(words[:1])
    command = next(c for c in commands if c.name == chosen.command)
    return _run(command, words[1:])


def _run(command: Command, words: Sequence[str]) -> int:
    module = importlib.import_module(command.module)
    parser = argparse.ArgumentParser(
        prog=f"hotline {command.name}",
        description=say("cli.sentence", text=command.summary[0].upper() + command.summary[1:]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser, command.name)
    arguments = parser.parse_args(words)
    try:
        status: int = module.run(arguments)
    except (CommandError, DeploymentError) as error:
        print(say("cli.complaint", command=command.name, why=told(error)), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(say("cli.complaint", command=command.name, why=say("cli.interrupted")), file=sys.stderr)
        return 130
    return status


if __name__ == "__main__":
    # By its name: commands raise hotline.cli.CommandError, which is another class than that of __main__.
    from hotline.cli import main as main_by_name

    sys.exit(main_by_name())
