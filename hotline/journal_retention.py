"""Deleting journal files that nobody needs: written to PostgreSQL, before the last checkpoint, and old.

All three must hold: the ledger reads on from its offset, the writer recovers from its last checkpoint, and
two days are kept for whoever wants to look, or to restore an older database. Must not know the ledger.
"""

from __future__ import annotations

from pathlib import Path

from hotline.journal_reader import Position, file_numbers, file_path, last_checkpoint

KEEP_S = 2 * 24 * 3600.0


def delete_old_files(folder: Path, confirmed: Position, *, now_s: float, keep_s: float = KEEP_S) -> list[int]:
    """Deletes what may go; returns the files' numbers. confirmed: the ledger's offset; now_s: wall clock."""
    _, needed_from = last_checkpoint(folder)
    deleted = []
    for number in file_numbers(folder)[:-1]:
        path = file_path(folder, number)
        if number >= confirmed.file or (needed_from and number >= needed_from):
            break
        if now_s - path.stat().st_mtime < keep_s:
            break
        path.unlink()
        deleted.append(number)
    return deleted
