"""`satchel stats`: how much of what is in a file."""

from __future__ import annotations

import json
import os
from argparse import Namespace
from typing import Any

import pymongo

from satchel.cli.info import existing, size_text
from satchel.driver import MongoClient
from satchel.files.audit import bucket_names


def run(options: Namespace, key: str | bytes | None = None) -> int:
    """Print the sizes of a file, and of its databases and stored files."""
    path = existing(options.path)
    with MongoClient[dict[str, Any]](path, encryption_key=key) as client:
        databases = {name: _database(client, name) for name in client.list_database_names()}
    log = f"{path}-wal"
    found = {
        "path": path,
        "bytes": os.path.getsize(path),
        "logBytes": os.path.getsize(log) if os.path.exists(log) else 0,
        "databases": databases,
    }
    print(json.dumps(found) if options.json else _text(found))
    return 0


def _database(client: pymongo.MongoClient[dict[str, Any]], name: str) -> dict[str, Any]:
    stats = client[name].command("dbStats")
    fields = ("collections", "views", "objects", "dataSize", "storageSize", "indexes", "indexSize")
    return {
        **{field: int(stats[field]) for field in fields},
        "buckets": {bucket: _bucket(client, name, bucket) for bucket in bucket_names(client[name])},
    }


def _bucket(client: pymongo.MongoClient[dict[str, Any]], database: str, bucket: str) -> dict[str, int]:
    """Return how many files a bucket has, how many bytes they have, and how many of these are stored."""
    root = client[database][bucket]
    sums = {"_id": None, "files": {"$sum": 1}, "bytes": {"$sum": "$length"}}
    stored = next(root.files.aggregate([{"$group": sums}]), {"files": 0, "bytes": 0})
    found = {"files": int(stored["files"]), "bytes": int(stored["bytes"]), "storedBytes": int(stored["bytes"])}
    paths = next(root.paths.aggregate([{"$match": {"kind": "file"}}, {"$group": sums}]), None)
    if paths is not None:
        plain = root.files.count_documents({"references": {"$exists": False}})
        shared = next(
            root.files.aggregate([{"$match": {"references": {"$exists": True}}}, {"$group": sums}]), {"bytes": 0}
        )
        found["files"] = plain + int(paths["files"])
        found["bytes"] += int(paths["bytes"]) - int(shared["bytes"])
    return found


def _text(found: dict[str, Any]) -> str:
    lines = [f"{found['path']}: {size_text(found['bytes'])}, log {size_text(found['logBytes'])}"]
    for name, database in found["databases"].items():
        lines.append(
            f"  {name}: {database['collections']} collections, {database['objects']} documents of "
            f"{size_text(database['dataSize'])}, {database['indexes']} indexes of {size_text(database['indexSize'])}"
        )
        for bucket, files in database["buckets"].items():
            text = f"    files in {bucket}: {files['files']}, {size_text(files['bytes'])}"
            if files["storedBytes"] != files["bytes"]:
                text += f", stored in {size_text(files['storedBytes'])}"
            lines.append(text)
    return "\n".join(lines)
