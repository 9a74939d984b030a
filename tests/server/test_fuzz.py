"""The protocol fuzzer for a moment; `python -m tests.server.fuzz` goes on for longer."""

from __future__ import annotations

import logging

import pytest

from satchel.server.server import Server
from tests.server import fuzz


@pytest.mark.parametrize("seed", [1, 2])
def test_broken_clients_harm_nobody(
    server: Server, address: tuple[str, int], seed: int, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "satchel"):
        ends = fuzz.run(address, seed, 150)
    assert not caplog.records
    assert ends["answered"]
    assert ends["closed"] + ends["reset by the server"]
    fuzz.assert_well(address)
    assert server.wait_until_empty(60)
