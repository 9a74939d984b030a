"""Every recorded case, in every way: Satchel answers as MongoDB did, or differs as `known_differences.jsonl` says.

One test runs all cases of a file, as there are tens of thousands of them; `python -m tests.conformance.replay FILE`
with `--only CASE` runs a few.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import pytest

from satchel import MongoClient

from . import extended_json, language, replay
from .case import RECORDED, RecordedCase, case_modules, cases_of, recorded_cases, sets_of
from .server import ServerRunner

FILES = sorted(path.stem for path in RECORDED.glob("*.jsonl"))
SHOWN_FAILURES = 10
DIFFERENCES = {
    entry["case"]: entry
    for entry in map(json.loads, (Path(__file__).parent / "known_differences.jsonl").read_text().splitlines())
}


@pytest.fixture(scope="module")
def clients() -> Iterator[Callable[[str], MongoClient]]:
    with ExitStack() as stack:
        yield cache(lambda way: stack.enter_context(replay.open_client(way)))


@cache
def recorded(file: str) -> list[RecordedCase]:
    return list(recorded_cases(file))


def problem(case: RecordedCase, run: replay.Run, way: str) -> str | None:
    """Run a case; return what is wrong, if anything is."""
    try:
        difference = replay.mismatch(case, run(case), code_only=way == "language")
    except language.UnsupportedError:
        return None
    known = DIFFERENCES.get(case.id)
    if known is not None and way in known["ways"]:
        return "no longer differs: strike it from known_differences.jsonl" if difference is None else None
    return difference


def check(file: str, run: replay.Run, way: str) -> None:
    problems = []
    for case in recorded(file):
        found = problem(case, run, way)
        if found is not None:
            problems.append(f"{case.id}\n command {extended_json.dumps(case.command)[:1000]}\n{found[:2000]}")
    if problems:
        shown = "\n\n".join(problems[:SHOWN_FAILURES])
        pytest.fail(f"{len(problems)} of {len(recorded(file))} cases:\n\n{shown}", pytrace=False)


@pytest.mark.parametrize("file", [file for file in FILES if file not in language.ENGINE_FILES])
def test_language(file: str) -> None:
    check(file, language.run, "language")


def check_client(client: MongoClient, file: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL, logger="satchel")
    runner = ServerRunner(client, f"conformance_{file}")
    check(file, runner.run, "command")
    runner.close()


@pytest.mark.parametrize("file", FILES)
def test_command(file: str, clients: Callable[[str], MongoClient], caplog: pytest.LogCaptureFixture) -> None:
    check_client(clients("command"), file, caplog)


# The language does not depend on the way: the files about commands are enough.
@pytest.mark.parametrize("file", sorted(language.ENGINE_FILES))
def test_message(file: str, clients: Callable[[str], MongoClient], caplog: pytest.LogCaptureFixture) -> None:
    check_client(clients("message"), file, caplog)


@pytest.mark.parametrize("name", case_modules())
def test_recorded_file_is_up_to_date(name: str) -> None:
    with (RECORDED / f"{name}.jsonl").open(encoding="utf-8") as lines:
        found = [extended_json.loads(line) for line in lines]
    cases = cases_of(name)
    assert extended_json.dumps(found[0]) == extended_json.dumps({"sets": sets_of(cases)})
    without_results = [{field: value for field, value in case.items() if field != "result"} for case in found[1:]]
    assert [extended_json.dumps(case) for case in without_results] == [extended_json.dumps(case) for case in cases]


def test_known_differences_name_cases_and_documented_numbers() -> None:
    documented = (Path(__file__).parents[2] / "docs" / "differences.md").read_text()
    known_cases = {case.id for file in FILES for case in recorded(file)}
    for name, entry in DIFFERENCES.items():
        assert name in known_cases
        assert f"\n## {entry['difference']}. " in documented
