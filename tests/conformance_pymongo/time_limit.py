"""A pytest plugin that ends a test that takes too long; PyMongo's suite knows no time limit."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

TEST_TIME_LIMIT_S = int(os.environ.get("SATCHEL_TEST_TIME_LIMIT_S", "45"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Iterator[None]:
    """Interrupt the test, wherever it is."""

    def expire(_signal: int, _frame: object) -> None:
        raise TimeoutError(f"the test took more than {TEST_TIME_LIMIT_S} s")

    signal.signal(signal.SIGALRM, expire)
    signal.alarm(TEST_TIME_LIMIT_S)
    try:
        return (yield)
    finally:
        signal.alarm(0)
