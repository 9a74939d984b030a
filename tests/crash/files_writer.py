"""Stores files until it is killed: `python files_writer.py PATH FIRST`; prints a line after each acknowledged step."""

from __future__ import annotations

import random
import sys

from satchel import MongoClient
from satchel.files import FileStorage
from satchel.gridfs import GridFSBucket


def content_of(number: int) -> bytes:
    """Return the bytes that step `number` stores."""
    size = (0, 10, 70_000, 700_000)[number % 4]
    return random.Random(number // 3).randbytes(size)


def main(path: str, first: int) -> None:
    """Store, copy, move and delete files, beginning with step `first`."""
    client = MongoClient(path)
    storage = FileStorage(client.crash, deduplicate=True, chunk_size_bytes=50_000)
    bucket = GridFSBucket(client.crash, "plain", chunk_size_bytes=50_000)
    print("ready", flush=True)
    number = first
    while True:
        name = f"f{number % 2}/{number % 5}"
        storage.upload(name, content_of(number), metadata={"step": number})
        print("upload", name, number, flush=True)
        storage.copy(name, f"copies/{number % 3}")
        print("upload", f"copies/{number % 3}", number, flush=True)
        if number % 4 == 0:
            storage.move(name, f"moved/{number % 3}")
            print("move", name, f"moved/{number % 3}", number, flush=True)
        if number % 7 == 0:
            storage.delete(f"copies/{number % 3}")
            print("delete", f"copies/{number % 3}", flush=True)
        bucket.upload_from_stream_with_id(number, "a", content_of(number))
        print("plain", number, flush=True)
        number += 1


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
