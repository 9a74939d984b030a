"""The command line: what it takes, and which function does it."""

from __future__ import annotations

import argparse
import importlib
import sys
import sysconfig
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

from satchel.cli import serve
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


class _Version(argparse.Action):
    """Prints the version, which is looked for only then: that takes longer than starting a server may."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the version")

    def __call__(self, parser: argparse.ArgumentParser, *_arguments: object) -> None:
        """Print it and leave."""
        print(f"satchel {version('satchel')}")
        parser.exit()


def _module(name: str) -> ModuleType:
    """Import the module of a command when it is called for: most load PyMongo."""
    return importlib.import_module(f"satchel.cli.{name}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="satchel", description="MongoDB's API and GridFS in one SQLite file.")
    parser.add_argument("--version", action=_Version)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    each = commands.add_parser("serve", help="serve a file to MongoDB's drivers and tools")
    serve.add_arguments(each)
    each.set_defaults(run=serve.run)

    each = commands.add_parser("shell", help="open a Python prompt with `client` and `db`")
    each.add_argument("path", metavar="path-or-url", help="a file, or the URL of a server")
    each.set_defaults(run=lambda options: _module("shell").run(options.path))

    each = commands.add_parser("check", help="check a file: SQLite's pages, every document, every index key")
    each.add_argument("path", type=Path, help="the file")
    each.set_defaults(run=lambda options: _module("check").run(options.path))

    each = commands.add_parser("info", help="list what is in a file, with counts and sizes")
    each.add_argument("path", type=Path, help="the file")
    each.set_defaults(run=lambda options: _module("info").run(options.path))

    each = commands.add_parser("compact", help="give a file's free pages back to the file system")
    each.add_argument("path", type=Path, help="the file")
    each.set_defaults(run=lambda options: _module("info").compact(options.path))

    each = commands.add_parser("demo", help="store Python's standard library through GridFS, ask, read back, compare")
    each.add_argument("path", type=Path, help="the file to make; one that is there already is not touched")
    each.add_argument(
        "--source", type=Path, default=Path(sysconfig.get_path("stdlib")), help="the folder to store (%(default)s)"
    )
    each.set_defaults(run=lambda options: _module("demo").run(options.path, options.source))
    return parser
