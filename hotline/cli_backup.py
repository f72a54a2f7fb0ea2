"""`hotline backup` and `hotline restore`."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from hotline.backup import Backup, BackupError, make_backup
from hotline.cli import CommandError, add_data_argument, chosen_folder, existing_deployment
from hotline.restore import RestoreError, restore_backup
from hotline.words import say, told

SHOWN = 10


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """Options of `backup` or `restore`."""
    parser.set_defaults(command=command)
    if command == "backup":
        parser.add_argument(
            "file",
            type=Path,
            metavar="TARGET.tar",
            help=say("backup.target"),
        )
        parser.epilog = say("backup.exit")
    else:
        parser.add_argument("file", type=Path, metavar="BACKUP.tar", help=say("backup.source"))
    add_data_argument(parser)


def run(arguments: argparse.Namespace) -> int:
    """Returns 0; 1 for a backup that lacks something. Raises CommandError."""
    os.umask(0o077)
    started_s = time.monotonic()
    try:
        if arguments.command == "backup":
            backup = make_backup(existing_deployment(arguments.data), arguments.file.resolve())
            return _tell_backup(backup, time.monotonic() - started_s)
        restored = restore_backup(arguments.file, chosen_folder(arguments.data))
    except (BackupError, RestoreError) as error:
        raise CommandError(told(error)) from error
    took_s = f"{time.monotonic() - started_s:.1f}"
    print(say("backup.restored", at=restored.at, facts=restored.facts, files=restored.files, took_s=took_s))
    _tell_lack(restored.missing, restored.damaged)
    return 0


def _tell_backup(backup: Backup, took_s: float) -> int:
    print(
        say(
            "backup.done",
            target=backup.target,
            facts=backup.facts,
            recordings=backup.recordings,
            size_mb=f"{backup.bytes / 1e6:.1f}",
            took_s=f"{took_s:.1f}",
        )
    )
    if backup.behind:
        print(say("backup.behind", count=backup.behind))
    _tell_lack(backup.missing, backup.damaged)
    return 1 if backup.behind or backup.missing or backup.damaged else 0


def _tell_lack(missing: list[str], damaged: list[str]) -> None:
    for line in _shown(missing):
        print(say("backup.missing", name=line))
    for line in _shown(damaged):
        print(say("backup.damaged", name=line))


def _shown(names: list[str]) -> list[str]:
    more = len(names) - SHOWN
    return names if more <= 0 else [*names[:SHOWN], say("backup.and_more", count=more)]
