"""A protocol fuzzer for the listener: clients that send mutated and broken messages, and one that must not notice.

python -m tests.server.fuzz --minutes 10 [--seed N]     against a server process, whose memory and threads are watched
"""

from __future__ import annotations

import argparse
import contextlib
import random
import socket
import struct
import sys
import tempfile
import time
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import bson

from tests.server.conftest import address_in
from tests.server.process import ServerProcess
from tests.wire.messages import body_section, op_compressed, op_msg, op_query, reply_document, sequence_section

Chance = random.Random

_COMMANDS: Final[tuple[dict[str, Any], ...]] = (
    {"hello": 1},
    {"ping": 1},
    {"buildInfo": 1},
    {"find": "things", "filter": {"n": {"$gt": 3}}, "batchSize": 2},
    {"aggregate": "things", "pipeline": [{"$group": {"_id": "$n", "c": {"$sum": 1}}}], "cursor": {}},
    {"update": "things", "updates": [{"q": {"n": 1}, "u": {"$set": {"m": 1}}}]},
    {"delete": "things", "deletes": [{"q": {"n": 7}, "limit": 1}]},
    {"getMore": bson.Int64(1), "collection": "things"},
    {"listCollections": 1, "cursor": {}},
    {"saslStart": 1, "mechanism": "SCRAM-SHA-256", "payload": b"n,,n=x,r=y"},
)
_INTERESTING: Final = (
    0,
    1,
    2,
    4,
    5,
    15,
    16,
    17,
    127,
    128,
    255,
    2**15,
    2**16,
    47_999_999,
    48_000_000,
    48_000_001,
    2**31 - 1,
)


def draw(chance: Chance) -> bytes:
    """Return the bytes of a client that is broken, or hostile, or just unusual."""
    data = chance.choice(_SHAPES)(chance)
    for _ in range(chance.choice((0, 1, 1, 2, 5))):
        data = chance.choice(_MUTATIONS)(chance, data)
    return data


def _well_formed(chance: Chance) -> bytes:
    command = {**chance.choice(_COMMANDS), "$db": chance.choice(("fuzz", "admin", "", "a" * 70))}
    return op_msg(body_section(command), flags=chance.choice((0, 0, 0, 1, 2, 1 << 16)))


def _with_sequence(chance: Chance) -> bytes:
    documents = [{"_id": chance.getrandbits(60), "n": chance.randrange(10)} for _ in range(chance.randrange(20))]
    body = body_section({"insert": "things", "$db": "fuzz"})
    sections = [body, sequence_section("documents", documents), sequence_section("x", [])]
    chance.shuffle(sections)
    return op_msg(*sections[: chance.randrange(1, 4)])


def _legacy(chance: Chance) -> bytes:
    return op_query(chance.choice(("admin.$cmd", "fuzz.things", "", "\xff")), chance.choice(_COMMANDS))


def _compressed(chance: Chance) -> bytes:
    body = _well_formed(chance)[16:]
    size = chance.choice((None, 0, len(body) + 1, 2**31 - 1, -1))
    data = chance.choice((zlib.compress(body), body, zlib.compress(bytes(1_000_000)), b""))
    return op_compressed(chance.choice((2013, 2004, 2012, 0)), body, chance.choice((0, 1, 2, 3, 9)), data, size)


def _noise(chance: Chance) -> bytes:
    return chance.randbytes(chance.choice((1, 15, 16, 17, 100, 5000)))


def _deep(chance: Chance) -> bytes:
    """Nest documents deeper than any encoder would."""
    depth = chance.choice((50, 200, 5000))
    inner = b"\x05\0\0\0\0"
    for _ in range(depth):
        inner = struct.pack("<i", len(inner) + 8) + b"\x03a\0" + inner + b"\0"
    body = b"\x03find\0" + inner + b"\x02$db\0\x02\0\0\0x\0"
    return op_msg(b"\0" + struct.pack("<i", len(body) + 5) + body + b"\0")


def _lying(chance: Chance) -> bytes:
    header = struct.pack("<iiii", chance.choice(_INTERESTING), 1, 0, chance.choice((2013, 2004, 2012, 1, 2001)))
    return header + chance.randbytes(chance.randrange(100))


_SHAPES: Final[tuple[Callable[[Chance], bytes], ...]] = (
    _well_formed, _well_formed, _with_sequence, _legacy, _compressed, _noise, _deep, _lying,
)  # fmt: skip


def _flip(chance: Chance, data: bytes) -> bytes:
    if not data:
        return data
    position = chance.randrange(len(data))
    return data[:position] + bytes([data[position] ^ (1 << chance.randrange(8))]) + data[position + 1 :]


def _cut(chance: Chance, data: bytes) -> bytes:
    return data[: chance.randrange(len(data) + 1)]


def _number(chance: Chance, data: bytes) -> bytes:
    """Put an interesting length or number somewhere."""
    if len(data) < 4:
        return data
    position = chance.randrange(len(data) - 3)
    return data[:position] + struct.pack("<I", chance.choice(_INTERESTING)) + data[position + 4 :]


def _insert(chance: Chance, data: bytes) -> bytes:
    position = chance.randrange(len(data) + 1)
    return data[:position] + chance.randbytes(chance.randrange(1, 20)) + data[position:]


def _mend_length(_chance: Chance, data: bytes) -> bytes:
    """Make the header's length right again, so that what is wrong lies deeper."""
    return struct.pack("<i", len(data)) + data[4:] if len(data) >= 16 else data


_MUTATIONS: Final[tuple[Callable[[Chance, bytes], bytes], ...]] = (
    _flip, _cut, _number, _insert, _mend_length, _mend_length,
)  # fmt: skip


def attack(address: tuple[str, int], chance: Chance) -> str:
    """Connect, send some messages, take what comes, go away in some way; tell how it ended."""
    with contextlib.closing(socket.create_connection(address, timeout=10)) as connection:
        try:
            for _ in range(chance.randrange(1, 4)):
                connection.sendall(draw(chance))
            if chance.random() < 0.2:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return "reset by us"
            connection.shutdown(socket.SHUT_WR)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        except OSError as error:
            if isinstance(error, TimeoutError):
                raise
            return "reset by the server"
        return "answered" if received else "closed"


def assert_well(address: tuple[str, int]) -> None:
    """Check that a proper client is served."""
    with contextlib.closing(socket.create_connection(address, timeout=60)) as connection:
        connection.sendall(op_msg(body_section({"ping": 1, "$db": "admin"})))
        received = b""
        while len(received) < 16 or len(received) < struct.unpack_from("<i", received)[0]:
            chunk = connection.recv(65536)
            assert chunk, "a proper client was not answered"
            received += chunk
        assert reply_document(received)["ok"] == 1.0


def run(address: tuple[str, int], seed: int, attacks: int) -> Counter[str]:
    """Attack a server a number of times, and return how often each end came."""
    chance = random.Random(seed)
    ends: Counter[str] = Counter()
    for number in range(attacks):
        ends[attack(address, chance)] += 1
        if number % 50 == 49:
            assert_well(address)
    return ends


def _resources(pid: int) -> tuple[int, int, int]:
    """Return the memory in KiB, the threads and the open files of a process."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(fields["VmRSS"].split()[0]), int(fields["Threads"]), len(list(Path(f"/proc/{pid}/fd").iterdir()))


def main() -> int:
    """Attack a server process for some minutes, and print what became of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.server.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    ends: Counter[str] = Counter()
    with (
        tempfile.TemporaryDirectory(prefix="satchel-fuzz-") as folder,
        ServerProcess(Path(folder) / "fuzz.db", "--log-level=error") as server,
    ):
        address, pid = address_in(server.uri), server.process.pid
        end, seed = time.monotonic() + options.minutes * 60, options.seed
        while time.monotonic() < end:
            ends += run(address, seed, 500)
            memory, threads, files = _resources(pid)
            if (seed - options.seed) % 20 == 0:
                print(
                    f"seed {seed}: {ends.total()} attacks, {memory} KiB, {threads} threads, {files} files",
                    flush=True,
                )
            seed += 1
        time.sleep(2)
        memory, threads, files = _resources(pid)
        errors = server.log()
    print(f"{dict(ends)}; at the end {memory} KiB, {threads} threads, {files} files")
    print(errors or "nothing logged as an error")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
