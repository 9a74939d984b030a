"""What a case is."""

from __future__ import annotations

import collections
import hashlib
import importlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from satchel.values.bson_types import BsonValue, Document, decode_document, encode_document

from . import extended_json, providers

CASES = Path(__file__).parent / "cases"
RECORDED = Path(__file__).parent / "recorded"


@dataclass(frozen=True, slots=True)
class Case:
    """One command on given documents; what the server says to it is recorded.

    In every string of `setup` and `command`, `$coll` stands for the collection and `$db.` for the database, so
    `$coll.other` names a second collection.

    Attributes:
        name: Unique within its module, stable, readable in a test's id: letters, digits, `_ . -`.
        command: The command document, as `{"find": "$coll", "filter": {...}}`.
        documents: The collection's documents, or the name of a set in `providers.SETS`. One without `_id` gets its
            position as `_id`. With None the collection does not exist.
        others: Further collections by the name after `$coll.`, each like `documents`.
        setup: Commands that run after the documents are there (indexes, validators) and must succeed.
        show: Collections whose contents are recorded afterwards; by default the collection, if the command writes.
        unordered: The order of the resulting documents (or distinct values) says nothing.
    """

    name: str
    command: Mapping[str, BsonValue]
    documents: str | Sequence[Mapping[str, BsonValue]] | None = None
    others: Mapping[str, str | Sequence[Mapping[str, BsonValue]]] = field(default_factory=dict)
    setup: Sequence[Mapping[str, BsonValue]] = ()
    show: Sequence[str] | None = None
    unordered: bool = False

    def as_document(self) -> Document:
        """Return the case as a document of the engine's classes, without what has its default."""
        spec: Document = {"name": self.name}
        if self.documents is not None:
            spec["documents"] = _document_set(self.documents)
        if self.others:
            spec["others"] = {name: _document_set(documents) for name, documents in self.others.items()}
        if self.setup:
            spec["setup"] = [dict(command) for command in self.setup]
        if self.show is not None:
            spec["show"] = list(self.show)
        if self.unordered:
            spec["unordered"] = True
        return decode_document(encode_document({**spec, "command": dict(self.command)}))


@dataclass(frozen=True, slots=True)
class RecordedCase:
    """A case of a recorded file, its documents resolved, and the server's result.

    Attributes:
        file: The recorded file's stem.
        documents_key: Equal for cases on the same collections with the same setup, so that they can share them.
        result: What the server answered, as `results.py` shapes it; None while it is not recorded.
    """

    file: str
    name: str
    command: Document
    documents: list[Document] | None
    others: dict[str, list[Document]]
    setup: list[Document]
    show: list[str] | None
    unordered: bool
    documents_key: str
    result: Document | None

    @property
    def id(self) -> str:
        """The case's name across files."""
        return f"{self.file}::{self.name}"


def case_modules() -> list[str]:
    """Return the names of all case modules."""
    return sorted(path.stem for path in CASES.glob("*.py") if path.stem != "__init__")


def cases_of(name: str) -> list[Document]:
    """Return the cases of one module as documents.

    Raises:
        ValueError: Two cases have one name.
    """
    module = importlib.import_module(f"{__package__}.cases.{name}")
    found = [case.as_document() for case in module.cases()]
    seen: set[object] = set()
    for case in found:
        if case["name"] in seen:
            raise ValueError(f"{name}: two cases are named {case['name']}")
        seen.add(case["name"])
    _share(found)
    return found


def sets_of(cases: Sequence[Document]) -> Document:
    """Return the sets of documents that `cases` name, by name."""
    named = {name for case in cases for name in _sets(case).values() if isinstance(name, str)}
    return {name: _SHARED[name] if name in _SHARED else provider_set(name) for name in sorted(named)}


def _share(cases: Sequence[Document]) -> None:
    """Give a list of documents that several cases have a name, so that a recorded file holds it once."""
    texts = [extended_json.dumps(value) for case in cases for value in _sets(case).values() if isinstance(value, list)]
    counts = collections.Counter(texts)
    for case in cases:
        for name, value in _sets(case).items():
            text = extended_json.dumps(value)
            if counts[text] > 1 and len(text) > 30:
                digest = "#" + hashlib.sha256(text.encode()).hexdigest()[:8]
                _SHARED[digest] = value
                owner, field_ = (case["others"], name) if name else (case, "documents")
                owner[field_] = digest


_SHARED: dict[str, list[Document]] = {}


def _sets(case: Document) -> dict[str, BsonValue]:
    return {"": case.get("documents"), **case.get("others", {})}


def provider_set(name: str) -> list[Document]:
    """Return a set of `providers.SETS` in the engine's classes, each document with an `_id`."""
    return decode_document(encode_document({"set": _document_set(providers.SETS[name])}))["set"]


def resolve(file: str, spec: Document, sets: Document) -> RecordedCase:
    """Make a case ready to run from its document and the sets that it may name."""

    def documents(value: BsonValue) -> BsonValue:
        return sets[value] if isinstance(value, str) else value

    key = extended_json.dumps([spec.get("documents"), spec.get("others"), spec.get("setup")])
    return RecordedCase(
        file=file,
        name=spec["name"],
        command=spec["command"],
        documents=documents(spec.get("documents")),
        others={name: documents(value) for name, value in spec.get("others", {}).items()},
        setup=spec.get("setup", []),
        show=spec.get("show"),
        unordered=spec.get("unordered", False),
        documents_key=key,
        result=spec.get("result"),
    )


def recorded_cases(file: str) -> Iterator[RecordedCase]:
    """Read one recorded file."""
    with (RECORDED / f"{file}.jsonl").open(encoding="utf-8") as lines:
        sets = extended_json.loads(next(lines))["sets"]
        for line in lines:
            yield resolve(file, extended_json.loads(line), sets)


def _document_set(documents: str | Sequence[Mapping[str, BsonValue]]) -> BsonValue:
    if isinstance(documents, str):
        return documents
    return [document if "_id" in document else {"_id": i, **document} for i, document in enumerate(documents)]
