"""What came out: counts per module and group, as a table, and the failures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.conformance_pymongo.causes import CAUSES, UNEXPLAINED, cause


@dataclass(slots=True)
class Outcome:
    """The result of one module.

    Attributes:
        module: Its name.
        passed: How many tests passed.
        skipped: How many did not apply.
        failures: Name and message of those that failed.
    """

    module: str
    passed: int = 0
    skipped: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)

    @property
    def ran(self) -> int:
        """How many tests ran."""
        return self.passed + len(self.failures)


def read_outcome(module: str, junit: Path, output: str) -> Outcome:
    """Read pytest's JUnit file of one module; a module that left none failed as a whole."""
    outcome = Outcome(module)
    if not junit.exists():
        outcome.failures.append(("(module)", _last_line(output)))
        return outcome
    for case in ET.parse(junit).iter("testcase"):
        name = f"{case.get('classname', '').rpartition('.')[2]}.{case.get('name')}"
        problems = [element for kind in ("failure", "error") for element in case.findall(kind)]
        if problems:
            outcome.failures.append((name, _message(problems[0])))
        elif case.find("skipped") is not None:
            outcome.skipped += 1
        else:
            outcome.passed += 1
    return outcome


def _last_line(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else "no output"


def _message(problem: ET.Element) -> str:
    text = " ".join((problem.get("message") or "").split())
    return re.sub(r", full error: .*", "", text)[:300]


def table(groups: dict[str, Sequence[Outcome]]) -> str:
    """Return the Markdown table."""
    lines = ["| Module | Ran | Passed | Failed | Skipped | Passed of those that ran |", "|---|--:|--:|--:|--:|--:|"]
    for group, outcomes in groups.items():
        lines += [_row(f"**{group}**", outcomes)]
        lines += [_row(outcome.module, [outcome]) for outcome in outcomes]
    everything = [outcome for outcomes in groups.values() for outcome in outcomes]
    return "\n".join([*lines, _row("**All**", everything)])


def _row(name: str, outcomes: Iterable[Outcome]) -> str:
    listed = list(outcomes)
    ran = sum(outcome.ran for outcome in listed)
    passed = sum(outcome.passed for outcome in listed)
    skipped = sum(outcome.skipped for outcome in listed)
    share = f"{100 * passed / ran:.1f} %" if ran else "-"
    return f"| {name} | {ran} | {passed} | {ran - passed} | {skipped} | {share} |"


def failures(groups: dict[str, Sequence[Outcome]]) -> str:
    """Return the failed tests as Markdown, by cause; those without a known one come first, with their messages."""
    by_cause: dict[str, list[tuple[str, str]]] = {title: [] for title in (UNEXPLAINED, *(title for title, _ in CAUSES))}
    for outcomes in groups.values():
        for outcome in outcomes:
            for name, message in outcome.failures:
                by_cause[cause(outcome.module, name, message)].append((f"{outcome.module}: {name}", message))
    return "\n\n".join(_cause_section(title, failed) for title, failed in by_cause.items() if failed)


def _cause_section(title: str, failed: Sequence[tuple[str, str]]) -> str:
    unexplained = title == UNEXPLAINED
    lines = [f"- `{name}`" + (f": {_plain(message)}" if unexplained else "") for name, message in failed]
    return f"### {title} ({len(failed)})\n\n" + "\n".join(lines)


def _plain(message: str) -> str:
    return message.replace("|", "\\|").replace("<", "&lt;")[:160]
