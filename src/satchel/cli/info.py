"""`satchel info` and `satchel compact`."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from satchel.deployment import open_service
from satchel.engine.stats import collection_sizes


def existing(path: Path) -> str:
    """Return the path of a file that is there.

    Raises:
        FileNotFoundError: There is no such file (opening it would make one).
    """
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file")
    return str(path)


def size_text(size_bytes: float) -> str:
    """Return a size for people: `1.5 MiB`."""
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if size_bytes < 1024 or unit == "GiB":
            break
        size_bytes /= 1024
    return f"{size_bytes:.0f} {unit}" if unit == "bytes" else f"{size_bytes:.1f} {unit}"


def run(path: Path, key: str | bytes | None = None) -> int:
    """Print the collections and views of a file with their counts, sizes and indexes."""
    service = open_service(existing(path), read_only=True, encryption_key=key)
    try:
        stats = service.engine.storage.stats()
        print(f"{path}: {size_text(stats.file_bytes)}, of which {size_text(stats.free_bytes)} free")
        with service.engine.read() as unit:
            for entry in sorted(unit.catalog, key=lambda entry: entry.namespace):
                if entry.is_view:
                    print(f"  {entry.namespace}  view on {entry.view_on}")
                    continue
                sizes = collection_sizes(unit, entry)
                names = ", ".join(index.name for index in entry.indexes)
                size = size_text(cast("int", sizes["totalSize"]))
                print(f"  {entry.namespace}  {sizes['count']} documents, {size}, indexes: {names}")
    finally:
        service.release()
    return 0


def compact(path: Path, key: str | bytes | None = None) -> int:
    """Shrink a file and print by how much."""
    service = open_service(existing(path), encryption_key=key)
    try:
        print(f"{path}: {size_text(service.engine.compact())} given back")
    finally:
        service.release()
    return 0
