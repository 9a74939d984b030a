"""Every number in `docs/differences.md` is held by recorded cases, by `test_behaviour.py`, or names its test."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
SECTIONS = re.findall(
    r"^## (\d+)\. (.+?)$(.*?)(?=^## |\Z)", (ROOT / "docs" / "differences.md").read_text(), re.MULTILINE | re.DOTALL
)
HELD_HERE = {
    int(number) for number in re.findall(r"def test_(\d+)_", Path(__file__).with_name("test_behaviour.py").read_text())
}
HELD_HERE = {
    int(number) for number in re.findall(r"def test_(\d+)_", Path(__file__).with_name("test_behaviour.py").read_text())
}
CASES = (ROOT / "tests" / "conformance" / "known_differences.jsonl").read_text().splitlines()
NUMBERS_WITH_CASES = {json.loads(line)["difference"] for line in CASES}


def test_numbers_are_consecutive() -> None:
    assert [int(number) for number, _, _ in SECTIONS] == list(range(1, len(SECTIONS) + 1))


def test_every_difference_is_held() -> None:
    elsewhere = {int(number) for number, _, text in SECTIONS if re.search(r"Tests?: `", text)}
    held = elsewhere | NUMBERS_WITH_CASES | HELD_HERE
    assert [int(number) for number, _, _ in SECTIONS if int(number) not in held] == []


def test_named_tests_exist() -> None:
    named = [path for _, _, text in SECTIONS for path in re.findall(r"`(tests/[^`:]+)(?:::[^`]+)?`", text)]
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_known_cases_are_listed_once() -> None:
    cases = [json.loads(line)["case"] for line in CASES]
    assert len(cases) == len(set(cases))
