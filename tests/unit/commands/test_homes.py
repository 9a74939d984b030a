"""What is imported late is found all the same."""

from __future__ import annotations

import subprocess
import sys

import pytest

from satchel.commands.command import _HOMES, COMMANDS


@pytest.mark.parametrize("name", _HOMES)
def test_the_commonest_commands_are_where_they_are_looked_for(name: str) -> None:
    command = COMMANDS.get(name)
    assert command is not None
    assert command.run.__module__ == f"satchel.commands.{_HOMES[name]}"


@pytest.mark.parametrize(
    ("registry", "name"),
    [
        ("satchel.mql.expressions import OPERATORS", "$zip"),
        ("satchel.mql.pipeline.stage import STAGES as OPERATORS", "$fill"),
        ("satchel.commands.command import COMMANDS as OPERATORS", "usersInfo"),
        ("satchel.commands.command import COMMANDS as OPERATORS", "findAndModify"),
    ],
)
def test_a_registry_is_complete_when_it_is_asked(registry: str, name: str) -> None:
    code = f"from {registry}; assert OPERATORS.get({name!r}) is not None; assert OPERATORS.get('nothing') is None"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_first_insert_needs_few_languages() -> None:
    code = """
import sys
from satchel import MongoClient
with MongoClient(":memory:") as client:
    client.a.b.insert_many([{}, {}])
needless = ("satchel.mql.expressions.families", "satchel.mql.pipeline.stages.families", "satchel.commands.families")
print(*[name for name in needless if name in sys.modules])
"""
    found = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert found.stdout.split() == []
