"""`hotline explain`: every offer of a contact with its proof, and why a certain agent did not ring."""

from __future__ import annotations

import argparse
import asyncio
import json

from hotline.cli import CommandError, add_data_argument, existing_deployment
from hotline.core.settings_check import SettingsRefused
from hotline.explain import Explained, ExplainError, explain
from hotline.explained import document, lines, text
from hotline.words import in_words, say, told


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """The contact, the agent, and where."""
    parser.add_argument("contact", metavar="CONTACT", help=say("explain.contact"))
    parser.add_argument("--agent", metavar="B", default="", help=say("explain.agent"))
    parser.add_argument("--json", action="store_true", help=say("explain.json"))
    add_data_argument(parser)
    parser.epilog = say("explain.exit")


def run(arguments: argparse.Namespace) -> int:
    """Returns 0, or 1 when a proof does not match its facts. Raises CommandError for an unknown contact."""
    deployment = existing_deployment(arguments.data)
    try:
        found = asyncio.run(explain(deployment, arguments.contact, arguments.agent))
    except (ExplainError, SettingsRefused, OSError) as error:
        raise CommandError(told(error)) from error
    print(_json(found) if arguments.json else _text(found))
    return 1 if found.explainer.mismatched else 0


def _text(found: Explained) -> str:
    said = text(lines(found.explainer, found.clock), in_words)
    if found.without_database:
        return f"{say('explain.from_journal', why=found.without_database)}\n{said}"
    return said


def _json(found: Explained) -> str:
    values = document(found.explainer, in_words, found.clock)
    return json.dumps(values, ensure_ascii=False, indent=1)
