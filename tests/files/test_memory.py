"""Files go through FileStorage and the command line in little memory."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

STREAM = """
import hashlib, resource, sys
from satchel import MongoClient
from satchel.files import FileStorage
from satchel.files.resume import ResumableUpload

path, source, size = sys.argv[1], sys.argv[2], int(sys.argv[3])

class Sink:
    def __init__(self):
        self.digest = hashlib.sha256()
    def write(self, data):
        self.digest.update(data)

with MongoClient(path) as client:
    storage = FileStorage(client.files)
    storage.upload("warm-up", bytes(6 << 20))
    storage.read("warm-up")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with open(source, "rb") as stream:
        info = storage.upload("a", stream)
    ResumableUpload(storage, "b", source).run()
    for name in "ab":
        sink = Sink()
        storage.download(name, sink)
        assert sink.digest.hexdigest() == info.sha256
        assert storage.stat(name).length == size
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss has other units elsewhere")
def test_streams_in_little_memory(tmp_path: Path) -> None:
    source = tmp_path / "source.bin"
    size = 64 << 20
    with source.open("wb") as file:
        for number in range(size >> 20):
            file.write(number.to_bytes(8, "big") * (1 << 17))
    command = [sys.executable, "-c", STREAM, str(tmp_path / "app.db"), str(source), str(size)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr
    assert int(finished.stdout) < 56 * 1024
