"""What is not supported says so, and changes nothing."""

from __future__ import annotations

import pytest
from pymongo.client_session import ClientSession
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


def test_a_transaction_is_refused_and_writes_nothing(satchel_client: MongoClient[dict[str, object]]) -> None:
    users = satchel_client.shop.users

    def insert(session: ClientSession) -> None:
        users.insert_one({"_id": 1}, session=session)

    with satchel_client.start_session() as session, pytest.raises(OperationFailure) as caught:
        session.with_transaction(insert)
    assert caught.value.code == 238
    assert users.count_documents({}) == 0
