"""The `hotline` command: finds the subcommand's module, imports only that, and runs it.

A subcommand is one line in COMMANDS. Its module offers `add_arguments(parser, command)` and
`run(arguments) -> exit status`; one module may serve several commands. Must not know what they do.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hotline.deployment import Deployment, DeploymentError


@dataclass(frozen=True, slots=True)
class Command:
    """A subcommand: its name, the module that runs it, and its line in the overview."""

    name: str
    module: str
    summary: str


COMMANDS = (
    Command("up", "hotline.cli_up", "set up what is missing, start everything and watch it"),
    Command("down", "hotline.cli_down", "end everything, also what a killed supervisor left"),
    Command("status", "hotline.cli_status", "what runs and whether it is ready"),
    Command("check", "hotline.cli_check", "look for problems: modules, prompts, secrets, ports, settings"),
    Command("demo", "hotline.cli_up", "up --demo: a living hotline with simulated callers and agents"),
    Command("backup", "hotline.cli_backup", "copy facts, settings, secrets and recordings while running"),
    Command("restore", "hotline.cli_backup", "restore a backup into an empty data folder"),
    Command("ledger", "hotline.cli_ledger", "rebuild contacts, segments and totals from the facts"),
    Command("settings", "hotline.cli_settings", "import, export or check settings as TOML"),
    Command("simulate", "hotline.cli_simulate", "try settings against simulated callers, without telephony"),
    Command("soak", "hotline.cli_soak", "thousands of real calls, then a look for leaks"),
)


def offered_commands() -> list[Command]:
    """The commands whose modules are part of this installation."""
    return [command for command in COMMANDS if importlib.util.find_spec(command.module)]


class CommandError(Exception):
    """A command cannot do what it was asked; the text is for the user."""


def add_data_argument(parser: argparse.ArgumentParser) -> None:
    """The option that every command has."""
    parser.add_argument(
        "--data", metavar="DIR", help="data folder (default: environment HOTLINE_DATA, else ./data)"
    )


def existing_deployment(data: str | None) -> Deployment:
    """The deployment in a data folder that must exist. Raises CommandError, DeploymentError."""
    deployment = Deployment.load(chosen_folder(data))
    if not deployment.file.exists():
        raise CommandError(
            f"{deployment.data}: no hotline here (no deployment.toml); start one with `hotline up`"
        )
    return deployment


def chosen_folder(data: str | None, default: str = "data") -> Path:
    """The data folder: the option, else HOTLINE_DATA, else `default` beside ./run or here."""
    chosen = data or os.environ.get("HOTLINE_DATA")
    return Path(chosen) if chosen else Path(os.environ.get("HOTLINE_HOME") or ".") / default


def main(words: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0 done, 1 not done, 2 not understood."""
    words = sys.argv[1:] if words is None else list(words)
    commands = offered_commands()
    parser = argparse.ArgumentParser(
        prog="hotline",
        description="An open-source contact-center server on Asterisk.",
        epilog="commands:\n"
        + "\n".join(f"  {c.name:<10} {c.summary}" for c in commands)
        + "\n\n`hotline COMMAND --help` explains a command.",
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
        description=f"{command.summary[0].upper()}{command.summary[1:]}.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    module.add_arguments(parser, command.name)
    arguments = parser.parse_args(words)
    try:
        status: int = module.run(arguments)
    except (CommandError, DeploymentError) as error:
        print(f"hotline {command.name}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"hotline {command.name}: interrupted", file=sys.stderr)
        return 130
    return status


if __name__ == "__main__":
    sys.exit(main())
