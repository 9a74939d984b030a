"""The `satchel` command."""

from satchel.cli.main import main

__all__ = ["main"]
