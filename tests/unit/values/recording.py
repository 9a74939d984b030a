"""Reads what `record.py` recorded."""

from __future__ import annotations

import json
from typing import Any

from .record import RECORDED


def lines(name: str) -> list[Any]:
    """Return the JSON values of `recorded/<name>.jsonl`."""
    with (RECORDED / f"{name}.jsonl").open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]
