"""`satchel backup`: a copy of a file as it is now, compared with it."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from satchel.cli.info import existing, size_text
from satchel.cli.progress import ProgressBar
from satchel.deployment import backup_file


def run(options: Namespace, key: str | bytes | None = None) -> int:
    """Copy a file while others use it, compare the copy with it, and print where it is.

    Raises:
        FileExistsError: There is a file at the target, and it is not to be overwritten.
    """
    path = existing(options.path)
    target: Path = options.target
    if target.is_dir():
        target /= options.path.name
    with ProgressBar(str(target), of_bytes=False) as bar:
        backup_file(path, str(target), key, overwrite=options.overwrite, progress=bar.show)
    print(f"{target}: {size_text(target.stat().st_size)}, the same as {path} when this began")
    return 0
