"""Write docs/operators.md and docs/commands.md from the registries; with --check tell whether they are up to date."""

from __future__ import annotations

import dataclasses
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from satchel.commands import families as _families  # noqa: F401 - registers the commands
from satchel.commands.command import COMMANDS, Command
from satchel.commands.generic import GenericArguments
from satchel.commands.params import GENERIC_FIELDS, Params, wire_name
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
        lines += ["", f"## {title} ({len(registry)})", ""]
        lines += ["| Name | What it does | Differs |", "|---|---|---|", *_rows(registry)]
    lines += ["", "## Stages that answer NotImplemented (238)", "", "| Name | Because |", "|---|---|"]
    lines += [f"| `{name}` | {_cell(reason)} |" for name, reason in sorted(UNSUPPORTED_STAGES.items())]
    return "\n".join(lines) + "\n"


def _rows(registry: Registry[Callable[..., object]]) -> Iterator[str]:
    for name in sorted(registry):
        entry = registry.get(name)
        summary = f"**NotImplemented.** {_summary(entry)}" if _is_refused(entry) else _summary(entry)
        yield f"| `{name}` | {_cell(summary)} | {_differences(name)} |"


def _is_refused(entry: object) -> bool:
    """Tell whether an operator always answers NotImplemented: the end of a line of its `Raises` says so."""
    return bool(re.search(r"NotImplemented \(238\)(, always)?\.$", entry.__doc__ or "", re.MULTILINE))


def _differences(name: str) -> str:
    """Return links to the numbered differences that name an operator."""
    return ", ".join(f"[{number}](differences.md#{anchor})" for number, anchor in DIFFERENCES.get(name, ()))


def _numbered_differences() -> dict[str, list[tuple[str, str]]]:
    """Return which sections of docs/differences.md name which operators, as `(number, anchor)`."""
    found: dict[str, list[tuple[str, str]]] = {}
    for section in (DOCS / "differences.md").read_text().split("\n## ")[1:]:
        heading = section.partition("\n")[0]
        anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for name in sorted(set(re.findall(r"\$[a-zA-Z]+", "".join(re.findall(r"`[^`]*`", section))))):
            found.setdefault(name, []).append((heading.partition(".")[0], anchor))
    return found


def _summary(entry: object) -> str:
    return (entry.__doc__ or "").strip().partition("\n\n")[0].replace("\n", " ")


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def commands_page() -> str:
    """Return the page of every command with its fields."""
    lines = ["# Commands", "", NOTE, "", "## Any command", "", "Fields that every command takes.", ""]
    lines += _fields(GenericArguments, also_used=("$db", "lsid"), also_ignored=GENERIC_FIELDS)
    supported = (command for command in COMMANDS if command.name not in UNSUPPORTED)
    for command in sorted(supported, key=lambda command: command.name.lower()):
        lines += _command(command)
    lines += ["", "## Not supported", "", "| Name | Code | Because |", "|---|---|---|"]
    lines += [f"| `{name}` | {code:d} | {_cell(reason)} |" for name, (code, reason) in sorted(UNSUPPORTED.items())]
    return "\n".join(lines) + "\n"


def _command(command: Command) -> list[str]:
    facts = [f"Also: {_names(command.aliases)}"] if command.aliases else []
    if command.is_admin_only:
        facts.append("Only on the database `admin`")
    facts.append(f"Rights: {command.access.summary}")
    facts += [fact.removeprefix("* ") for fact in _fields(command.params, names=(command.name, *command.aliases))]
    lines = ["", f"## {command.name}", "", _cell(_summary(command.run))]
    return [*lines, "", *(f"* {fact}" for fact in facts)] if facts else lines


def _fields(
    params: type[Params],
    *,
    names: Sequence[str] = (),
    also_used: Iterable[str] = (),
    also_ignored: Iterable[str] = (),
) -> list[str]:
    declared = {wire_name(field): field.metadata["ignored"] for field in dataclasses.fields(params)}  # type: ignore[arg-type]
    used = {name for name, ignored in declared.items() if not ignored and name not in names} | set(also_used)
    ignored = {name for name, ignored in declared.items() if ignored} | params.IGNORED | set(also_ignored)
    facts = [
        ("Fields", used),
        ("Accepted, without effect here", ignored - used),
        ("Refused (NotImplemented)", params.REFUSED),
    ]
    return [f"* {title}: {_names(found)}" for title, found in facts if found]


def _names(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


DIFFERENCES = _numbered_differences()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
