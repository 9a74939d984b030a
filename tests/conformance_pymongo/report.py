"""What came out: counts per module, group and way, as a table; where the ways differ; the failures."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TypeAlias
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


WAYS: Final = ("in process", "TCP")
Results: TypeAlias = dict[str, dict[str, list[Outcome]]]
"""Outcomes by way and group."""


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


def table(results: Results) -> str:
    """Return the Markdown table."""
    head = "| Module |" + "".join(f" {way}: ran | passed | failed | skipped | share |" for way in results)
    lines = [head, "|---|" + "--:|" * (5 * len(results))]
    for group in next(iter(results.values())):
        by_way = [groups[group] for groups in results.values()]
        lines.append(_row(f"**{group}**", by_way))
        lines += [_row(each[0].module, [[outcome] for outcome in each]) for each in zip(*by_way, strict=True)]
    everything = [[outcome for outcomes in groups.values() for outcome in outcomes] for groups in results.values()]
    return "\n".join([*lines, _row("**All**", everything)])


def _row(name: str, by_way: Iterable[Iterable[Outcome]]) -> str:
    return f"| {name} | " + " | ".join(_counts(list(outcomes)) for outcomes in by_way) + " |"


def _counts(outcomes: Sequence[Outcome]) -> str:
    ran = sum(outcome.ran for outcome in outcomes)
    passed = sum(outcome.passed for outcome in outcomes)
    skipped = sum(outcome.skipped for outcome in outcomes)
    share = f"{100 * passed / ran:.1f} %" if ran else "-"
    return f"{ran} | {passed} | {ran - passed} | {skipped} | {share}"


def _failed(results: Results) -> dict[tuple[str, str], dict[str, str]]:
    """Return the failed tests, module and name, with the message of each way in which they failed."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for way, groups in results.items():
        for outcomes in groups.values():
            for outcome in outcomes:
                for name, message in outcome.failures:
                    found.setdefault((outcome.module, name), {})[way] = message
    return found


def differences(results: Results) -> str:
    """Return, as Markdown, the tests that fail in one way alone."""
    alone: dict[str, list[tuple[str, str]]] = {way: [] for way in results}
    for test, messages in _failed(results).items():
        if len(messages) == 1 and len(results) > 1:
            alone[next(iter(messages))].append(test)
    sections = [
        f"### {way} ({len(tests)})\n\n" + "\n".join(f"- `{module}: {name}`" for module, name in tests)
        for way, tests in alone.items()
        if tests
    ]
    return "\n## What fails in one way alone\n\n" + "\n\n".join(sections) + "\n" if sections else ""


def failures(results: Results) -> str:
    """Return the failed tests as Markdown, by cause; those without a known one come first, with their messages."""
    by_cause: dict[str, list[tuple[str, str]]] = {title: [] for title in (UNEXPLAINED, *(title for title, _ in CAUSES))}
    for (module, name), messages in _failed(results).items():
        message = next(iter(messages.values()))
        by_cause[cause(module, name, message)].append((f"{module}: {name}", message))
    sections = [_cause_section(title, failed) for title, failed in by_cause.items() if failed]
    return "\n## What fails\n\n" + "\n\n".join(sections) + "\n" if sections else ""


def _cause_section(title: str, failed: Sequence[tuple[str, str]]) -> str:
    unexplained = title == UNEXPLAINED
    lines = [f"- `{name}`" + (f": {_plain(message)}" if unexplained else "") for name, message in failed]
    return f"### {title} ({len(failed)})\n\n" + "\n".join(lines)


def _plain(message: str) -> str:
    return message.replace("|", "\\|").replace("<", "&lt;")[:160]
