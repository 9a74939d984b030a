"""Runs cases through a client: on the oracle to record them, on Satchel to replay them."""

from __future__ import annotations

import re
from typing import Any

from bson.codec_options import CodecOptions, DatetimeConversion
from bson.raw_bson import RawBSONDocument

from satchel.values.bson_types import BsonValue, Document, decode_document

from . import extended_json, results
from .case import RecordedCase

_RAW = CodecOptions(document_class=RawBSONDocument, datetime_conversion=DatetimeConversion.DATETIME_MS)
_READS = frozenset(
    {"find", "distinct", "count", "explain", "listIndexes", "listCollections", "collStats", "dbStats", "validate"}
)
_ABOUT_INDEXES = frozenset({"createIndexes", "dropIndexes", "deleteIndexes", "collMod"})
_ABOUT_COLLECTIONS = frozenset(
    {"create", "collMod", "drop", "renameCollection", "convertToCapped", "cloneCollectionAsCapped"}
)
_NAME = re.compile(r"\$coll(\.\w+)*")
_MAX_BATCHES = 100


class ServerRunner:
    """Runs cases on one database of a client; cases that only read share their collections.

    Args:
        client: A PyMongo client.
        database: The database's name; what is in it goes.
    """

    def __init__(self, client: Any, database: str) -> None:
        self._client = client
        self._database_name = database
        self._database = client[database]
        self._loaded: dict[str, str] = {}
        client.drop_database(database)

    def close(self) -> None:
        """Drop the database."""
        self._client.drop_database(self._database_name)

    def run(self, case: RecordedCase) -> Document:
        """Run one case and return its result."""
        if is_read(case.command) and case.show is None:
            return self._run_read(case)
        name = f"zz{len(self._loaded)}zz"
        self.load(case, name)
        try:
            result = self._result(case, name)
            result |= self._afterwards(case, name)
            return self._normalised(case, result, name)
        finally:
            self.drop(case, name)

    def _run_read(self, case: RecordedCase) -> Document:
        name = self._loaded.get(case.documents_key)
        if name is None:
            name = f"zz{len(self._loaded)}zz"
            self.load(case, name)
            self._loaded[case.documents_key] = name
        return self._normalised(case, self._result(case, name), name)

    def load(self, case: RecordedCase, name: str) -> None:
        """Make the collections of a case, `name` being what `$coll` stands for."""
        if case.documents is not None:
            self._fill(name, case.documents)
        for other, documents in case.others.items():
            self._fill(f"{name}.{other}", documents)
        for command in case.setup:
            reply = self._command(substitute(command, name, self._database_name))
            if not reply["ok"] or "writeErrors" in reply:
                raise ValueError(f"{case.id}: setup {command} failed: {reply}")

    def _fill(self, name: str, documents: list[Document]) -> None:
        command = {"insert": name, "documents": documents} if documents else {"create": name}
        reply = self._command(command)
        if not reply["ok"] or "writeErrors" in reply:
            raise ValueError(f"cannot load {name}: {reply}")

    def drop(self, case: RecordedCase, name: str) -> None:
        """Drop the collections of a case, and those that its command may have made."""
        text = extended_json.dumps([case.command, case.setup, case.show])
        mentioned = {match.group().replace("$coll", name) for match in _NAME.finditer(text)}
        for dropped in sorted({name, *mentioned, *(f"{name}.{other}" for other in case.others)}, reverse=True):
            self._command({"drop": dropped})

    def _result(self, case: RecordedCase, name: str) -> Document:
        command = substitute(case.command, name, self._database_name)
        # renameCollection and the like belong to the admin database; `$admin` marks them and never reaches the server.
        admin = command.pop("$admin", False)
        reply = self._command(command, admin=bool(admin))
        if not reply["ok"]:
            return results.error_result(reply)
        if "cursor" in reply:
            return results.cursor_result(self._batches(command, reply["cursor"]), case.documents, case.unordered)
        result = results.reply_result(reply)
        if case.unordered and "values" in result:
            result["values"] = sorted(result["values"], key=extended_json.dumps)
        return result

    def _batches(self, command: Document, cursor: Document) -> list[list[Document]]:
        batches = [cursor["firstBatch"]]
        size = command.get("batchSize", (command.get("cursor") or {}).get("batchSize"))
        while cursor["id"] and len(batches) < _MAX_BATCHES:
            collection = cursor["ns"].partition(".")[2]
            more = {"getMore": cursor["id"], "collection": collection, **({"batchSize": size} if size else {})}
            cursor = self._command(more)["cursor"]
            batches.append(cursor["nextBatch"])
            if not cursor["nextBatch"] and cursor["id"]:
                self._command({"killCursors": collection, "cursors": [cursor["id"]]})
                break
        return batches

    def _afterwards(self, case: RecordedCase, name: str) -> Document:
        """Return what the command left: the collections, the indexes, or by default the collection's documents."""
        found: Document = {}
        command = next(iter(case.command))
        if command in _ABOUT_COLLECTIONS:
            found["collections"] = self._listed({"listCollections": 1, "filter": {"name": {"$regex": f"^{name}"}}})
        if command in _ABOUT_INDEXES:
            found["indexes"] = self._listed({"listIndexes": name})
        default = [] if found else ["$coll"]
        for shown in case.show if case.show is not None else default:
            found[f"contents of {shown}"] = self._contents(case, shown, name)
        return found

    def _listed(self, command: Document) -> list[Document]:
        reply = self._command(command)
        found = reply["cursor"]["firstBatch"] if reply["ok"] else []
        return sorted(found, key=lambda document: document["name"])

    def _contents(self, case: RecordedCase, shown: str, name: str) -> Document:
        other = shown.removeprefix("$coll").removeprefix(".")
        before = case.others.get(other) if other else case.documents
        reply = self._command({"find": shown.replace("$coll", name), "batchSize": 10_000})
        return results.contents(before, reply["cursor"]["firstBatch"] if reply["ok"] else ())

    def _command(self, command: Document, *, admin: bool = False) -> Document:
        database = self._client["admin"] if admin else self._database
        reply = database.command(command, check=False, codec_options=_RAW)
        return decode_document(reply.raw)

    def _normalised(self, case: RecordedCase, result: Document, name: str) -> Document:
        steady = results.steady(result, [case.command, case.documents, case.others, case.setup])
        text = extended_json.dumps(steady)
        if name not in text and self._database_name not in text:
            return steady
        return extended_json.loads(text.replace(f"{self._database_name}.", "$db.").replace(name, "$coll"))


def is_read(command: Document) -> bool:
    """Tell whether a command leaves the collections as they are."""
    name = next(iter(command))
    if name == "aggregate":
        pipeline = command.get("pipeline")
        stages = pipeline if isinstance(pipeline, list) else []
        return not any(isinstance(stage, dict) and ("$out" in stage or "$merge" in stage) for stage in stages)
    return name in _READS


def substitute(value: BsonValue, name: str, database: str) -> Any:
    """Return a value of a case with the names of the collection and the database in it."""
    if isinstance(value, str):
        return (
            type(value)(value.replace("$coll", name).replace("$db.", f"{database}.")) if type(value) is str else value
        )
    if isinstance(value, dict):
        return {field: substitute(item, name, database) for field, item in value.items()}
    if isinstance(value, list):
        return [substitute(item, name, database) for item in value]
    return value
