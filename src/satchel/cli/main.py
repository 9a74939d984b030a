"""The command line: what it takes, and which function does it."""

from __future__ import annotations

import argparse
import importlib
import sys
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeAlias

from satchel.cli import serve
from satchel.cli.keys import NEW_KEY_VARIABLE, NoKeyError, add_key_option, read_key
from satchel.errors import ServerError

if TYPE_CHECKING:
    Subparsers: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the `satchel` command and return its exit status: 0 done, 1 found something wrong, 2 bad usage or input."""
    options = _parser(sys.argv[1:] if arguments is None else arguments).parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = options.run
    try:
        return run(options)
    except ServerError as error:
        print(f"satchel: {options.path}: {error.message} ({error.code_name})", file=sys.stderr)
        return 2
    except (OSError, NoKeyError) as error:
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
        metadata = importlib.import_module("importlib.metadata")
        print(f"satchel {metadata.version('satchel')}")
        parser.exit()


def _module(name: str) -> ModuleType:
    """Import the module of a command when it is called for: most load PyMongo."""
    return importlib.import_module(f"satchel.cli.{name}")


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser; commands with many arguments declare them only when they are called for."""
    parser = argparse.ArgumentParser(prog="satchel", description="MongoDB's API and GridFS in one SQLite file.")
    parser.add_argument("--version", action=_Version)
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    each = commands.add_parser("serve", help="serve a file to MongoDB's drivers and tools")
    serve.add_arguments(each)
    add_key_option(each)
    each.set_defaults(run=lambda options: serve.run(options, read_key(options.key_file)))

    each = commands.add_parser("shell", help="open a Python prompt with `client` and `db`")
    each.add_argument("path", metavar="path-or-url", help="a file, or the URL of a server")
    add_key_option(each)
    each.set_defaults(run=lambda options: _module("shell").run(options.path, read_key(options.key_file)))

    each = commands.add_parser("user", help="make, change, list and remove who may log in to a server of a file")
    _declare("user", each, arguments)
    each.set_defaults(run=lambda options: _module("user").run(options))

    each = commands.add_parser("files", help="store files, list them, get them back")
    _declare("files", each, arguments)
    each.set_defaults(run=lambda options: _module("files").run(options, read_key(options.key_file)))

    _add_care(commands)
    return parser


def _declare(name: str, parser: argparse.ArgumentParser, arguments: Sequence[str]) -> None:
    if name in arguments:
        _module(f"{name}_arguments").add_arguments(parser)


def _add_care(commands: Subparsers) -> None:
    """Add the commands that look after a file."""
    each = _on_file(commands, "check", "check a file: SQLite's pages, documents, index keys, stored files")
    each.add_argument("--repair", action="store_true", help="remove what writers that died left behind")
    each.add_argument(
        "--older-than",
        type=float,
        default=24,
        metavar="HOURS",
        help="while others have the file open: how old an unfinished upload has to be to count as dead (%(default)s)",
    )
    each.set_defaults(run=lambda options: _module("check").run(options, read_key(options.key_file)))

    each = _on_file(commands, "info", "list what is in a file, with counts and sizes")
    each.set_defaults(run=lambda options: _module("info").run(options.path, read_key(options.key_file)))

    each = _on_file(commands, "stats", "count what is in a file: documents, bytes, indexes, stored files")
    each.add_argument("--json", action="store_true", help="print one JSON document")
    each.set_defaults(run=lambda options: _module("stats").run(options, read_key(options.key_file)))

    each = _on_file(commands, "backup", "copy a file as it is now, while others use it, and compare the copy with it")
    each.add_argument("target", type=Path, help="where the copy goes, or the folder that it goes to")
    each.add_argument("--overwrite", action="store_true", help="replace a file that is there")
    each.set_defaults(run=lambda options: _module("backup").run(options, read_key(options.key_file)))

    each = _on_file(commands, "compact", "give a file's free pages back to the file system")
    each.set_defaults(run=lambda options: _module("info").compact(options.path, read_key(options.key_file)))

    each = _on_file(commands, "rekey", "encrypt a file, decrypt it, or change its key")
    how = each.add_mutually_exclusive_group()
    how.add_argument("--new-key-file", type=Path, metavar="FILE", help=f"the key that it gets (or {NEW_KEY_VARIABLE})")
    how.add_argument("--decrypt", action="store_true", help="leave it without a key")
    each.set_defaults(run=lambda options: _module("rekey").run(options))

    each = _on_file(commands, "demo", "store Python's standard library in a new file through GridFS, ask, read back")
    standard_library = Path(sysconfig.get_path("stdlib"))
    each.add_argument("--source", type=Path, default=standard_library, help="the folder to store (%(default)s)")
    each.set_defaults(run=lambda options: _module("demo").run(options.path, options.source, read_key(options.key_file)))


def _on_file(commands: Subparsers, name: str, purpose: str) -> argparse.ArgumentParser:
    """Add a command that works on one file, which may be encrypted."""
    parser = commands.add_parser(name, help=purpose)
    parser.add_argument("path", type=Path, help="the file")
    add_key_option(parser)
    return parser
