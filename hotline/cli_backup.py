"""`hotline backup` and `hotline restore`."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from hotline.backup import Backup, BackupError, make_backup
from hotline.cli import CommandError, add_data_argument, chosen_folder, existing_deployment
from hotline.restore import RestoreError, restore_backup

SHOWN = 10


def add_arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """Options of `backup` or `restore`."""
    parser.set_defaults(command=command)
    if command == "backup":
        parser.add_argument(
            "file",
            type=Path,
            metavar="TARGET.tar",
            help="a new file; it holds secrets and personal data (mode 0600). Calls go on meanwhile",
        )
    else:
        parser.add_argument("file", type=Path, metavar="BACKUP.tar", help="a file made by `hotline backup`")
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
        raise CommandError(str(error)) from error
    took_s = time.monotonic() - started_s
    what = f"{restored.facts} facts, {restored.files} files"
    print(f"restored the moment {restored.at}: {what}, in {took_s:.1f} s")
    _tell_lack(restored.missing, restored.damaged)
    return 0


def _tell_backup(backup: Backup, took_s: float) -> int:
    size_mb = backup.bytes / 1e6
    print(
        f"{backup.target}: {backup.facts} facts, {backup.recordings} recordings,"
        f" {size_mb:.1f} MB, in {took_s:.1f} s"
    )
    if backup.behind:
        print(f"not in the backup: {backup.behind} facts that the ledger has not written; does it run?")
    _tell_lack(backup.missing, backup.damaged)
    return 1 if backup.behind or backup.missing or backup.damaged else 0


def _tell_lack(missing: list[str], damaged: list[str]) -> None:
    for what, names in (("missing in the data folder", missing), ("not as it was recorded", damaged)):
        for name in names[:SHOWN]:
            print(f"{what}: {name}")
        if len(names) > SHOWN:
            print(f"{what}: {len(names) - SHOWN} more")
