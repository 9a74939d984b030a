"""Checking a collection: every document decodes, every index holds exactly the keys that the documents have."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from satchel.engine.catalog import CollectionEntry, IndexEntry
from satchel.engine.indexes.keys import key_generator
from satchel.engine.operation import Operation
from satchel.engine.units import ReadUnit
from satchel.errors import ServerError
from satchel.storage.interface import IndexRow
from satchel.values import key_string
from satchel.values.bson_types import Document, decode_document

MAX_ERRORS = 100


@dataclass(slots=True)
class CheckReport:
    """What a check found.

    Attributes:
        keys: The number of keys in each index.
        errors: What is wrong, a line each, at most 100.
    """

    records: int = 0
    invalid_documents: int = 0
    keys: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        """Note an error, unless there are very many already."""
        if len(self.errors) < MAX_ERRORS:
            self.errors.append(line)


def check_collection(unit: ReadUnit, entry: CollectionEntry, operation: Operation) -> CheckReport:
    """Compare a collection's documents with its indexes."""
    report = CheckReport()
    expected: dict[str, set[IndexRow]] = {index.name: set() for index in entry.secondary_indexes}
    for rid, bson, _ in unit.reader.scan(entry.table):
        operation.check_interrupt()
        report.records += 1
        try:
            document = decode_document(bson)
        except ServerError as error:
            report.invalid_documents += 1
            report.add(f"record {rid} does not decode: {error}")
            continue
        _check_id(unit, entry, rid, document, report)
        for index in entry.secondary_indexes:
            _expect(index, rid, document, expected[index.name], report)
    report.keys["_id_"] = report.records
    if entry.capped:
        _check_totals(unit, entry, report)
    for index in entry.secondary_indexes:
        _compare(unit, index, expected[index.name], report)
    return report


def _check_id(unit: ReadUnit, entry: CollectionEntry, rid: int, document: Document, report: CheckReport) -> None:
    key = key_string.encode(document.get("_id"), entry.collation)
    found = unit.reader.get_by_id(entry.table, key)
    if found is None or found[0] != rid:
        report.add(f"record {rid} is not found by its _id in index _id_")


def _check_totals(unit: ReadUnit, entry: CollectionEntry, report: CheckReport) -> None:
    kept = unit.reader.totals(entry.table)
    found = unit.reader.count(entry.table), unit.reader.data_bytes(entry.table)
    if kept != found:
        report.add(f"the kept totals, {kept[0]} documents of {kept[1]} bytes, are in truth {found[0]} of {found[1]}")


def _expect(index: IndexEntry, rid: int, document: Document, expected: set[IndexRow], report: CheckReport) -> None:
    generator = key_generator(index)
    expected.update((key, rid) for key in generator.keys(document))
    if not index.multikey and generator.is_multikey(document):
        report.add(f"index {index.name} is not marked multikey, and record {rid} has an array in it")


def _compare(unit: ReadUnit, index: IndexEntry, expected: set[IndexRow], report: CheckReport) -> None:
    for row in unit.reader.scan_keys(index.table):
        report.keys[index.name] += 1
        if row in expected:
            expected.remove(row)
        else:
            report.add(f"index {index.name} has a key for record {row[1]} that the document does not have")
    for _, rid in list(expected)[:MAX_ERRORS]:
        report.add(f"index {index.name} lacks a key of record {rid}")
