"""What is not supported says so, and changes nothing."""

from __future__ import annotations

import pytest
from pymongo.errors import OperationFailure

from satchel import MongoClient
from satchel.commands.unsupported import UNSUPPORTED


@pytest.mark.parametrize("name", UNSUPPORTED)
def test_an_unsupported_command_answers_with_its_code(
    name: str, satchel_client: MongoClient[dict[str, object]]
) -> None:
    with pytest.raises(OperationFailure) as caught:
        satchel_client.admin.command(name, 1)
    assert caught.value.code == UNSUPPORTED[name][0]
