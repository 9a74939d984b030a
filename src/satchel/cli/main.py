"""The command line: what it takes, and which function does it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path

from satchel.cli import check, demo, info
from satchel.errors import ServerError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the `satchel` command and return its exit status: 0 done, 1 found something wrong, 2 bad usage or input."""
    options = _parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except ServerError as error:
        print(f"satchel: {options.path}: {error.message} ({error.code_name})", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"satchel: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("satchel: interrupted", file=sys.stderr)
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="satchel", description="MongoDB's API and GridFS in one SQLite file.")
    parser.add_argument("--version", action="version", version=f"satchel {version('satchel')}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    each = commands.add_parser("check", help="check a file: SQLite's pages, every document, every index key")
    each.add_argument("path", type=Path, help="the file")
    each.set_defaults(run=lambda options: check.run(options.path))

    each = commands.add_parser("info", help="list what is in a file, with counts and sizes")
    each.add_argument("path", type=Path, help="the file")
    each.set_defaults(run=lambda options: info.run(options.path))

    each = commands.add_parser("compact", help="give a file's free pages back to the file system")
    each.add_argument("path", type=Path, help="the file")
    each.set_defaults(run=lambda options: info.compact(options.path))

    each = commands.add_parser("demo", help="store Python's standard library through GridFS, ask, read back, compare")
    each.add_argument("path", type=Path, help="the file to make; one that is there already is not touched")
    each.add_argument("--source", type=Path, default=demo.STANDARD_LIBRARY, help="the folder to store (%(default)s)")
    each.set_defaults(run=lambda options: demo.run(options.path, options.source))
    return parser
