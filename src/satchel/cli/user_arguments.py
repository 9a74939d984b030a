"""The arguments of `satchel user`, apart from what it does, which loads the engine."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Final

from satchel.cli.keys import add_key_option

PASSWORD_VARIABLE: Final = "SATCHEL_PASSWORD"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what the subcommands take."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    for action, help_text, takes in (
        ("add", "make a user", ("name", "role", "password")),
        ("list", "show the users and their roles", ()),
        ("remove", "remove a user", ("name",)),
        ("passwd", "give a user another password", ("name", "password")),
        ("roles", "give a user other roles", ("name", "role")),
    ):
        each = actions.add_parser(action, help=help_text)
        each.add_argument("path", type=Path, help="the file")
        add_key_option(each)
        if "name" in takes:
            each.add_argument("name", metavar="NAME[@DATABASE]", help="the user; the database is admin if not given")
        if "role" in takes:
            each.add_argument("--role", action="append", metavar="ROLE[@DATABASE]", help="a role (repeatable)")
        if "password" in takes:
            each.add_argument(
                "--password-file", metavar="FILE", help=f"its first line; else ${PASSWORD_VARIABLE}, else a prompt"
            )
