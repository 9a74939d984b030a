"""Writes until it is killed: `python writer.py PATH FIRST`; after each acknowledged step it prints one line.

A step inserts document `n`, updates document `n // 2`, every fifth time deletes one, every seventh inserts a batch.
"""

from __future__ import annotations

import sys

from pymongo import WriteConcern

from satchel import MongoClient

_CONCERNS = [WriteConcern(w=1), WriteConcern(w=1, j=True), WriteConcern(w="majority")]


def main(path: str, first: int) -> None:
    """Write to the file at `path`, beginning with document `first`."""
    client = MongoClient(path)
    things = client.crash.things
    things.create_index("tags")
    things.create_index([("n", -1), ("text", 1)])
    things.create_index("n", unique=True, name="unique")
    print("ready", flush=True)
    number = first
    while True:
        table = things.with_options(write_concern=_CONCERNS[number % 3])
        table.insert_one(
            {"_id": number, "n": number, "tags": [number % 5, number % 7], "text": "x" * (number % 300), "v": 0}
        )
        print("insert", number, flush=True)
        table.update_one({"_id": number // 2}, {"$inc": {"v": 1}, "$push": {"tags": number}})
        print("update", number // 2, number, flush=True)
        if number % 5 == 0:
            table.delete_one({"_id": number - 3})
            print("delete", number - 3, flush=True)
        if number % 7 == 0:
            table.insert_many([{"_id": f"{number}-{i}", "n": f"{number}-{i}", "tags": [i]} for i in range(50)])
            print("batch", number, flush=True)
        number += 1


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
