"""Write docs/operators.md and docs/commands.md from the registries; with --check tell whether they are up to date."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from satchel.commands import families as _families  # noqa: F401 - registers the commands
from satchel.commands.command import COMMANDS, Command
from satchel.commands.params import GENERIC_FIELDS, wire_name
from satchel.commands.unsupported import UNSUPPORTED
from satchel.mql.expressions import OPERATORS as EXPRESSIONS
from satchel.mql.match import FIELD_OPERATORS, TOP_LEVEL_OPERATORS
from satchel.mql.match.json_schema import KEYWORDS
from satchel.mql.pipeline.accumulators.registry import ACCUMULATORS
from satchel.mql.pipeline.stage import STAGES
from satchel.mql.pipeline.unsupported import UNSUPPORTED_STAGES
from satchel.mql.pipeline.window_functions.registry import WINDOW_FUNCTIONS
from satchel.mql.registry import Registry
from satchel.mql.update.modifier import OPERATORS as MODIFIERS

DOCS = Path(__file__).parent.parent / "docs"
NOTE = "Made by `scripts/generate_docs.py` from the registries; not edited by hand."


def main(arguments: list[str]) -> int:
    """Write the pages, or (`--check`) return 1 when one of them is out of date."""
    pages = {DOCS / "operators.md": operators_page(), DOCS / "commands.md": commands_page()}
    if "--check" not in arguments:
        for path, text in pages.items():
            path.write_text(text)
        return 0
    stale = [path for path, text in pages.items() if not path.exists() or path.read_text() != text]
    for path in stale:
        print(f"{path} is out of date: run scripts/generate_docs.py", file=sys.stderr)
    return 1 if stale else 0


def operators_page() -> str:
    """Return the page of every operator of the language."""
    sections = (
        ("Query operators on fields", FIELD_OPERATORS),
        ("Query operators at the top level", TOP_LEVEL_OPERATORS),
        ("`$jsonSchema` keywords", KEYWORDS),
        ("Update operators", MODIFIERS),
        ("Aggregation stages", STAGES),
        ("Expressions", EXPRESSIONS),
        ("Accumulators", ACCUMULATORS),
        ("Window functions", WINDOW_FUNCTIONS),
    )
    lines = ["# Operators", "", NOTE, "", "What knowingly differs from MongoDB is in [differences.md](differences.md)."]
    for title, registry in sections:
        lines += ["", f"## {title} ({len(registry)})", "", "| Name | What it does |", "|---|---|", *_rows(registry)]
    lines += ["", "## Stages that answer NotImplemented (238)", "", "| Name | Because |", "|---|---|"]
    lines += [f"| `{name}` | {_cell(reason)} |" for name, reason in sorted(UNSUPPORTED_STAGES.items())]
    return "\n".join(lines) + "\n"


def _rows(registry: Registry[Callable[..., object]]) -> Iterator[str]:
    for name in sorted(registry):
        yield f"| `{name}` | {_cell(_summary(registry.get(name)))} |"


def _summary(entry: object) -> str:
    return (entry.__doc__ or "").strip().partition("\n\n")[0].replace("\n", " ")


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def commands_page() -> str:
    """Return the page of every command with its fields."""
    lines = ["# Commands", "", NOTE, "", "Every command also takes the generic fields: " + _names(GENERIC_FIELDS) + "."]
    supported = (command for command in COMMANDS if command.name not in UNSUPPORTED)
    for command in sorted(supported, key=lambda command: command.name.lower()):
        lines += _command(command)
    lines += ["", "## Not supported", "", "| Name | Code | Because |", "|---|---|---|"]
    lines += [f"| `{name}` | {code:d} | {_cell(reason)} |" for name, (code, reason) in sorted(UNSUPPORTED.items())]
    return "\n".join(lines) + "\n"


def _command(command: Command) -> list[str]:
    used = {wire_name(field) for field in dataclasses.fields(command.params)}  # type: ignore[arg-type]
    used -= {command.name, *command.aliases}
    lines = ["", f"## {command.name}", "", _cell(_summary(command.run))]
    facts = [
        ("Also", _names(command.aliases)),
        ("Fields", _names(used)),
        ("Accepted, without effect here", _names(command.params.IGNORED)),
        ("Refused", _names(command.params.REFUSED)),
    ]
    return (
        [*lines, "", *(f"* {title}: {names}" for title, names in facts if names)] if any(n for _, n in facts) else lines
    )


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
