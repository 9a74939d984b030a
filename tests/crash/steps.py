"""What a writer that is going to be killed does: steps on the database, and what each leaves behind.

A step is written into the writer's log before it begins and once it is acknowledged. So after a kill all steps but the
last are known to have happened, and the last has happened or not, but not by half.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gridfs import GridFSBucket
from pymongo import MongoClient
from pymongo.write_concern import WriteConcern

CONCERNS = [WriteConcern(w=1), WriteConcern(w=1, j=True), WriteConcern(w="majority")]
BATCH = 20


@dataclass
class Left:
    """What a writer has left in the database.

    Attributes:
        documents: The number of times that each document was updated, by its number.
        indexes: The numbers of its indexes.
        collections: The numbers of the collections that are its own.
        files: The numbers of its files.
    """

    documents: dict[int, int] = field(default_factory=dict)
    indexes: set[int] = field(default_factory=set)
    collections: set[int] = field(default_factory=set)
    files: set[int] = field(default_factory=set)


Step = tuple[str, int, int]
"""A kind, a number that is new, and the number of what it is done to."""


def content(number: int) -> bytes:
    """Return the bytes of a file."""
    return hashlib.sha256(b"%d" % number).digest() * (number * 37 % 10_000)


class Writer:
    """One process's view of the database."""

    def __init__(self, client: MongoClient[Any], me: int) -> None:
        self.me = me
        self.database = client.crash
        self.things = self.database.things
        self.files = GridFSBucket(client.files, chunk_size_bytes=64 * 1024)

    def perform(self, step: Step) -> None:
        """Do a step."""
        kind, new, old = step
        things = self.things.with_options(write_concern=CONCERNS[new % 3])
        actions: dict[str, Callable[[], object]] = {
            "insert": lambda: things.insert_one(self._document(new)),
            "batch": lambda: things.insert_many([self._document(new + more) for more in range(BATCH)]),
            "update": lambda: things.update_one({"_id": self._id(old)}, {"$inc": {"v": 1}, "$push": {"tags": new}}),
            "delete": lambda: things.delete_one({"_id": self._id(old)}),
            "index": lambda: things.create_index([("n", 1), (f"of{self.me}_{old}", 1)], name=f"i{self.me}_{old}"),
            "unindex": lambda: things.drop_index(f"i{self.me}_{old}"),
            "create": lambda: self._own(new).insert_many([{"_id": each} for each in range(BATCH)]),
            "rename": lambda: self._own(old).rename(self._own(new).name),
            "drop": lambda: self._own(old).drop(),
            "store": lambda: self.files.upload_from_stream_with_id(
                self._id(new), "file", content(new), metadata={"me": self.me, "n": new}
            ),
            "remove": lambda: self.files.delete(self._id(old)),
        }
        actions[kind]()

    def _id(self, number: int) -> str:
        return f"{self.me}-{number}"

    def _own(self, number: int) -> Any:
        return self.database[f"own{self.me}_{number}"]

    def _document(self, number: int) -> dict[str, Any]:
        tags = [number % 5, number % 7]
        return {"_id": self._id(number), "me": self.me, "n": number, "v": 0, "u": self._id(number), "tags": tags}

    def found(self) -> Left:
        """Return what is there, having read all of it."""
        left = Left({each["n"]: each["v"] for each in self.things.find({"me": self.me})})
        left.indexes = set(_numbers(f"i{self.me}_", self.things.index_information()))
        left.collections = set(_numbers(f"own{self.me}_", self.database.list_collection_names()))
        for number in left.collections:
            assert self._own(number).count_documents({}) == BATCH, "half a collection"
        for file in self.files.find({"metadata.me": self.me}):
            number = file.metadata["n"]
            assert file.read() == content(number), "half a file"
            left.files.add(number)
        return left


def _numbers(prefix: str, names: Any) -> Iterator[int]:
    return (int(name.removeprefix(prefix)) for name in names if name.startswith(prefix))


def applied(left: Left, step: Step) -> Left:
    """Return what is left after one more step."""
    kind, new, old = step
    after = Left(dict(left.documents), set(left.indexes), set(left.collections), set(left.files))
    changes: dict[str, Callable[[], object]] = {
        "insert": lambda: after.documents.update({new: 0}),
        "batch": lambda: after.documents.update(dict.fromkeys(range(new, new + BATCH), 0)),
        "update": lambda: after.documents.update({old: after.documents[old] + 1}),
        "delete": lambda: after.documents.pop(old),
        "index": lambda: after.indexes.add(old),
        "unindex": lambda: after.indexes.discard(old),
        "create": lambda: after.collections.add(new),
        "rename": lambda: after.collections.symmetric_difference_update({old, new}),
        "drop": lambda: after.collections.discard(old),
        "store": lambda: after.files.add(new),
        "remove": lambda: after.files.discard(old),
    }
    changes[kind]()
    return after


def chosen(chance: random.Random, new: int, left: Left) -> Step:
    """Draw a step that makes sense after what was done."""
    targets = {
        "update": left.documents,
        "delete": left.documents,
        "unindex": left.indexes,
        "rename": left.collections,
        "drop": left.collections,
        "remove": left.files,
    }
    fresh = ["insert", "insert", "batch", "index", "create", "store"]
    while True:
        kind = chance.choice([*fresh, *targets, "update", "update", "delete"])
        if kind not in targets:
            return kind, new, new % 3
        if targets[kind]:
            return kind, new, chance.choice(sorted(targets[kind]))


def write_until_killed(client: MongoClient[Any], me: int, log: Path, first: int, left: Left) -> None:
    """Do step after step, noting each before and after it."""
    chance, writer, new = random.Random(first + me), Writer(client, me), first
    with log.open("a", buffering=1) as notes:
        while True:
            step = chosen(chance, new, left)
            notes.write(json.dumps(["begun", step]) + "\n")
            writer.perform(step)
            notes.write(json.dumps(["done", step]) + "\n")
            left = applied(left, step)
            new += BATCH


def read_log(log: Path) -> tuple[list[Step], Step | None]:
    """Return the steps that were acknowledged and the one, if there is one, that was under way."""
    done, begun = [], None
    for line in log.read_text().splitlines():
        with suppress(ValueError):  # a kill may have cut the last line short
            what, step = json.loads(line)
            begun = step if what == "begun" else None
            if what == "done":
                done.append(step)
    return done, begun
