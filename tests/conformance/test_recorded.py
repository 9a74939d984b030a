"""Every recorded case, in every way: Satchel answers as MongoDB did, or differs as `known_differences.jsonl` says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from . import extended_json, language, replay
from .case import RECORDED, RecordedCase, case_modules, cases_of, recorded_cases, sets_of

FILES = sorted(path.stem for path in RECORDED.glob("*.jsonl"))
CASES = [case for file in FILES for case in recorded_cases(file)]
LANGUAGE_CASES = [case for case in CASES if language.can_run(case)]
DIFFERENCES = {
    entry["case"]: entry
    for entry in map(json.loads, (Path(__file__).parent / "known_differences.jsonl").read_text().splitlines())
}


@pytest.fixture(scope="session")
def command_way() -> Iterator[replay.Run]:
    with replay.way("command", "conformance") as run:
        yield run


def check(case: RecordedCase, run: replay.Run, way: str) -> None:
    difference = replay.mismatch(case, run(case), code_only=way == "language")
    known = DIFFERENCES.get(case.id)
    if known is not None and way in known["ways"]:
        assert difference is not None, f"{case.id} no longer differs: strike it from known_differences.jsonl"
    elif difference is not None:
        pytest.fail(f"{extended_json.dumps(case.command)}\n{difference}", pytrace=False)


@pytest.mark.parametrize("case", LANGUAGE_CASES, ids=lambda case: case.id)
def test_language(case: RecordedCase) -> None:
    try:
        check(case, language.run, "language")
    except language.UnsupportedError as reason:
        pytest.skip(str(reason))


@pytest.mark.skipif(not replay.driver_available(), reason="satchel.MongoClient does not exist yet")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_command(case: RecordedCase, command_way: replay.Run) -> None:
    check(case, command_way, "command")


@pytest.mark.parametrize("name", case_modules())
def test_recorded_file_is_up_to_date(name: str) -> None:
    with (RECORDED / f"{name}.jsonl").open(encoding="utf-8") as lines:
        recorded = [extended_json.loads(line) for line in lines]
    cases = cases_of(name)
    assert extended_json.dumps(recorded[0]) == extended_json.dumps({"sets": sets_of(cases)})
    without_results = [{field: value for field, value in case.items() if field != "result"} for case in recorded[1:]]
    assert [extended_json.dumps(case) for case in without_results] == [extended_json.dumps(case) for case in cases]


def test_known_differences_name_cases_and_documented_numbers() -> None:
    documented = (Path(__file__).parents[2] / "docs" / "differences.md").read_text()
    known_cases = {case.id for case in CASES}
    for name, entry in DIFFERENCES.items():
        assert name in known_cases
        assert f"\n## {entry['difference']}. " in documented
