"""A collection in a file, with indexes that come and go and a file that is closed and opened, against a model."""

from __future__ import annotations

import contextlib
import tempfile
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pymongo.errors import BulkWriteError, DuplicateKeyError

from satchel import MongoClient

from .model import Model, Refused

_FIELDS = st.sampled_from(["a", "b", "c"])
_SCALARS = st.one_of(st.none(), st.integers(-3, 3), st.sampled_from(["", "a", "ab", "b"]))
_VALUES = st.one_of(_SCALARS, st.lists(_SCALARS, max_size=3))
_BODIES = st.dictionaries(_FIELDS, _VALUES, max_size=3)
_IDS = st.integers(0, 15)
_CONDITIONS = st.one_of(
    st.tuples(
        _FIELDS,
        st.sampled_from(["$eq", "$gt", "$gte", "$lt", "$lte"]),
        st.integers(-3, 3) | st.sampled_from(["a", "b"]),
    ),
    st.tuples(_FIELDS, st.just("$in"), st.lists(st.integers(-3, 3) | st.just("a"), max_size=3)),
    st.tuples(_FIELDS, st.just("$exists"), st.booleans()),
)


class CollectionMachine(RuleBasedStateMachine):
    """Does the same to Satchel and to the model."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.path = str(Path(self.folder.name) / "app.db")
        self.client = MongoClient(self.path)
        self.model = Model()
        self.indexes: set[str] = set()

    @property
    def table(self) -> object:
        return self.client.shop.things

    @rule(identifier=_IDS, body=_BODIES)
    def insert_one(self, identifier: int, body: dict) -> None:
        document = {"_id": identifier, **body}
        with self._same_refusal() as refusal:
            refusal.model(self.model.insert, document)
            self.table.insert_one(dict(document))

    @rule(documents=st.lists(st.tuples(_IDS, _BODIES), min_size=1, max_size=4), ordered=st.booleans())
    def insert_many(self, documents: list[tuple[int, dict]], ordered: bool) -> None:
        refused = 0
        for identifier, body in documents:
            try:
                self.model.insert({"_id": identifier, **body})
            except Refused:
                refused += 1
                if ordered:
                    break
        try:
            self.table.insert_many([{"_id": identifier, **body} for identifier, body in documents], ordered=ordered)
        except BulkWriteError as error:
            found = len(error.details["writeErrors"])
        else:
            found = 0
        assert found == refused

    @rule(identifier=_IDS, body=_BODIES)
    def replace(self, identifier: int, body: dict) -> None:
        known = identifier in self.model.documents
        with self._same_refusal() as refusal:
            if known:
                refusal.model(self.model.replace, identifier, {"_id": identifier, **body})
            result = self.table.replace_one({"_id": identifier}, dict(body))
            assert result.matched_count == known

    @rule(identifier=_IDS, name=_FIELDS, value=_VALUES)
    def set_field(self, identifier: int, name: str, value: object) -> None:
        document = self.model.documents.get(identifier)
        with self._same_refusal() as refusal:
            if document is not None:
                refusal.model(self.model.replace, identifier, {**document, name: value})
            self.table.update_one({"_id": identifier}, {"$set": {name: value}})

    @rule(condition=_CONDITIONS, name=_FIELDS)
    def unset_many(self, condition: tuple, name: str) -> None:
        if self.model.unique:
            return
        found = self.model.find(*condition)
        for identifier in found:
            document = {field: value for field, value in self.model.documents[identifier].items() if field != name}
            self.model.replace(identifier, document)
        result = self.table.update_many(_filter(condition), {"$unset": {name: 1}})
        assert result.matched_count == len(found)

    @rule(condition=_CONDITIONS)
    def delete_many(self, condition: tuple) -> None:
        found = self.model.find(*condition)
        self.model.delete(found)
        assert self.table.delete_many(_filter(condition)).deleted_count == len(found)

    @rule(condition=_CONDITIONS)
    def find(self, condition: tuple) -> None:
        found = self.model.find(*condition)
        assert sorted(document["_id"] for document in self.table.find(_filter(condition))) == sorted(found)
        assert self.table.count_documents(_filter(condition)) == len(found)

    @rule(name=_FIELDS, direction=st.sampled_from([1, -1]))
    def create_index(self, name: str, direction: int) -> None:
        self.indexes.add(self.table.create_index([(name, direction)]))

    @rule(first=_FIELDS, second=_FIELDS)
    def create_compound_index(self, first: str, second: str) -> None:
        arrays = [d for d in self.model.documents.values() if isinstance(d.get(first), list)]
        if first == second or any(isinstance(document.get(second), list) for document in arrays):
            return
        # Arrays in both fields would be refused later; the machine leaves that to the recorded cases.
        self.table.create_index([(first, 1), (second, 1)], name="compound")
        self.table.drop_index("compound")

    @rule(name=_FIELDS)
    def create_unique_index(self, name: str) -> None:
        index = f"unique_{name}"
        if index in self.model.unique or self.indexes & {f"{name}_1", f"{name}_-1"}:
            return
        try:
            self.table.create_index([(name, 1)], name=index, unique=True)
        except DuplicateKeyError:
            assert self.model.clashes(name)
        else:
            assert not self.model.clashes(name)
            self.model.unique[index] = name
            self.indexes.add(index)

    @precondition(lambda self: self.indexes)
    @rule(data=st.data())
    def drop_index(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(sorted(self.indexes)))
        self.table.drop_index(name)
        self.indexes.discard(name)
        self.model.unique.pop(name, None)

    @rule()
    def drop(self) -> None:
        self.table.drop()
        self.model = Model()
        self.indexes = set()

    @rule()
    def reopen(self) -> None:
        self.client.close()
        self.client = MongoClient(self.path)

    @invariant()
    def same_documents(self) -> None:
        if hasattr(self, "model"):
            found = {document["_id"]: document for document in self.table.find()}
            assert found == self.model.documents

    def teardown(self) -> None:
        if hasattr(self, "client"):
            if self.model.documents:
                reply = self.client.shop.command("validate", "things", full=True)
                assert reply["valid"], reply
            assert {"_id_"} | self.indexes == set(self.table.index_information()) | {"_id_"}
            self.client.close()
            self.folder.cleanup()

    @contextlib.contextmanager
    def _same_refusal(self):
        refusal = _Refusal()
        try:
            yield refusal
        except DuplicateKeyError:
            assert refusal.refused, "Satchel refused what the model took"
        else:
            assert not refusal.refused, "Satchel took what the model refused"


class _Refusal:
    def __init__(self) -> None:
        self.refused = False

    def model(self, call: object, *arguments: object) -> None:
        try:
            call(*arguments)
        except Refused:
            self.refused = True


def _filter(condition: tuple) -> dict:
    path, operator, operand = condition
    return {path: {operator: operand}}


CollectionMachine.TestCase.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck)
)
TestCollection = CollectionMachine.TestCase
