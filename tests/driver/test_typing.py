"""The clients as a type checker sees them."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.mark.slow
def test_mypy_agrees() -> None:
    api = pytest.importorskip("mypy.api")
    output, errors, status = api.run(["--strict", "--no-incremental", str(Path(__file__).with_name("typing_cases.py"))])
    assert (status, errors) == (0, ""), output
