"""What the commands of `satchel files` take; `files.py`, which loads PyMongo, does them."""

from __future__ import annotations

import argparse
from typing import Final

from satchel.cli.keys import add_key_option

BUCKET: Final = "files"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the commands below `satchel files`."""
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def command(name: str, purpose: str) -> argparse.ArgumentParser:
        each = commands.add_parser(name, help=purpose, description=purpose)
        each.add_argument("path", metavar="DATABASE", help="the file that has them, or a mongodb:// URL")
        each.add_argument("--database", default=BUCKET, help="the database in it (%(default)s)")
        each.add_argument("--bucket", default=BUCKET, help="what the collections' names begin with (%(default)s)")
        add_key_option(each)
        each.set_defaults(command=name)
        return each

    _add_put(command("put", "store files and folders; - is standard input"))
    each = command("get", "copy stored files and folders to disk; - is standard output")
    each.add_argument("sources", nargs="+", metavar="PATH", help="a stored file or folder")
    each.add_argument("target", metavar="TARGET", help="a path on disk")

    each = command("ls", "list stored files")
    each.add_argument("folder", nargs="?", default="", help="the folder, or a file")
    each.add_argument("-l", "--long", action="store_true", help="with size, time, type")
    each.add_argument("-r", "--recursive", action="store_true", help="everything below, by path")

    each = command("rm", "delete stored files")
    each.add_argument("sources", nargs="+", metavar="PATH", help="a stored file, or an empty folder")
    each.add_argument("-r", "--recursive", action="store_true", help="folders with all that is in them")

    each = command("mv", "give a stored file or folder another path")
    each.add_argument("source", help="its path")
    each.add_argument("target", help="its new path, or a folder to put it in")
    each.add_argument("--no-overwrite", action="store_true", help="fail when there is a file already")

    each = command("cat", "write stored files to standard output")
    each.add_argument("sources", nargs="+", metavar="PATH", help="a stored file")

    each = command("stat", "print what is known of stored files and folders, a JSON document each")
    each.add_argument("sources", nargs="+", metavar="PATH", help="a stored file or folder")

    each = command("verify", "read stored files and compare them with their checksums")
    each.add_argument("sources", nargs="*", metavar="PATH", help="a stored file or folder; without any, all")


def _add_put(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sources", nargs="+", metavar="SOURCE", help="a file or folder on disk, or -")
    parser.add_argument("target", metavar="TARGET", help="the path of the stored file, or a folder, or / for the root")
    parser.add_argument("--no-overwrite", action="store_true", help="fail when there is a file already")
    parser.add_argument("--deduplicate", action="store_true", help="store the same bytes once")
    parser.add_argument("--content-type", help="the MIME type; otherwise it is guessed")
    parser.add_argument("--metadata", metavar="JSON", help="a JSON document that goes with each file")
