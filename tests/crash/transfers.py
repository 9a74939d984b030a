"""Moves money in transactions until it is killed: `python transfers.py PATH NAME SEED`; a line for each commit.

A transfer takes from an account of one database, gives to an account of another, and writes itself down in a third.
"""

from __future__ import annotations

import random
import sys
from functools import partial

from pymongo import WriteConcern
from pymongo.client_session import ClientSession

from satchel import MongoClient

ACCOUNTS = 5


def main(path: str, name: str, seed: int) -> None:
    """Transfer without an end in the file at `path`, as the writer `name`."""
    client = MongoClient(path)
    chance = random.Random(seed)
    print("ready", flush=True)
    number = client.journal.transfers.count_documents({"by": name})
    while True:
        number += 1
        entry = {
            "_id": f"{name}-{number}",
            "by": name,
            "from": chance.randrange(ACCOUNTS),
            "to": chance.randrange(ACCOUNTS),
            "amount": chance.randrange(1, 10),
        }
        with client.start_session() as session:
            concern = WriteConcern("majority" if number % 3 else 1)
            session.with_transaction(partial(_transfer, client, entry), write_concern=concern)
        print(entry["_id"], flush=True)


def _transfer(client: MongoClient, entry: dict, session: ClientSession) -> None:
    giver = client.east.accounts.find_one({"_id": entry["from"]}, session=session)
    change = {"$set": {"balance": giver["balance"] - entry["amount"]}, "$inc": {"count": 1}}
    client.east.accounts.update_one({"_id": entry["from"]}, change, session=session)
    change = {"$inc": {"balance": entry["amount"], "count": 1}}
    client.west.accounts.update_one({"_id": entry["to"]}, change, session=session)
    client.journal.transfers.insert_one(entry, session=session)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
