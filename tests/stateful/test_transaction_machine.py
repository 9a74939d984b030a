"""Transactions of several sessions, and writes outside, against a model of first-writer-wins."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pymongo.client_session import ClientSession
from pymongo.errors import OperationFailure

from satchel import MongoClient

_SESSIONS = st.integers(0, 2)
_IDS = st.integers(0, 4)
_VALUES = st.integers(0, 99)
_CONFLICT, _TIME_IS_UP = 112, 50


@dataclass
class _Open:
    """What the model knows of an open transaction: what it sees once it has looked, and of which version."""

    seen: dict[int, int] | None = None
    version: int = 0
    has_written: bool = False


@dataclass
class _Model:
    documents: dict[int, int] = field(default_factory=dict)
    version: int = 0
    open: dict[int, _Open] = field(default_factory=dict)

    @property
    def is_held(self) -> bool:
        return any(transaction.has_written for transaction in self.open.values())

    def look(self, number: int) -> _Open:
        transaction = self.open[number]
        if transaction.seen is None:
            transaction.seen, transaction.version = dict(self.documents), self.version
        return transaction

    def may_write(self, number: int) -> bool:
        transaction = self.open[number]
        if transaction.has_written:
            return True
        return not self.is_held and (transaction.seen is None or transaction.version == self.version)


class _TransactionMachine(RuleBasedStateMachine):
    def connect(self) -> MongoClient:
        raise NotImplementedError

    @initialize()
    def start(self) -> None:
        self.client = self.connect()
        self.model = _Model()
        self.things = self.client.shop.things
        self.others = self.client.store.others
        self.client.shop.create_collection("things")
        self.client.store.create_collection("others")
        self.sessions = [self.client.start_session() for _ in range(3)]

    def content(self, session: ClientSession | None = None) -> dict[int, int]:
        things = {each["_id"]: each["v"] for each in self.things.find(session=session, batch_size=2)}
        others = {each["_id"]: each["v"] for each in self.others.find(session=session)}
        assert things == others
        return things

    def change(self, identifier: int, value: int | None, session: ClientSession) -> None:
        if value is None:
            self.things.delete_one({"_id": identifier}, session=session)
            self.others.delete_many({"_id": identifier}, session=session)
            return
        self.things.update_one({"_id": identifier}, {"$set": {"v": value}}, upsert=True, session=session)
        self.others.replace_one({"_id": identifier}, {"v": value}, upsert=True, session=session)

    @rule(number=_SESSIONS)
    def begin(self, number: int) -> None:
        if number not in self.model.open:
            self.sessions[number].start_transaction()
            self.model.open[number] = _Open()

    @precondition(lambda self: self.model.open)
    @rule(number=_SESSIONS)
    def read(self, number: int) -> None:
        if number in self.model.open:
            assert self.content(self.sessions[number]) == self.model.look(number).seen

    @precondition(lambda self: self.model.open)
    @rule(number=_SESSIONS, identifier=_IDS, value=st.none() | _VALUES)
    def write(self, number: int, identifier: int, value: int | None) -> None:
        if number not in self.model.open:
            return
        session, may_write = self.sessions[number], self.model.may_write(number)
        if not may_write:
            with pytest.raises(OperationFailure) as caught:
                self.change(identifier, value, session)
            assert caught.value.code == _CONFLICT
            assert caught.value.has_error_label("TransientTransactionError")
            session.abort_transaction()
            del self.model.open[number]
            return
        self.change(identifier, value, session)
        transaction = self.model.look(number)
        transaction.has_written = True
        assert transaction.seen is not None
        transaction.seen.pop(identifier, None)
        if value is not None:
            transaction.seen[identifier] = value

    @precondition(lambda self: self.model.open)
    @rule(number=_SESSIONS, commits=st.booleans())
    def end(self, number: int, commits: bool) -> None:
        transaction = self.model.open.pop(number, None)
        if transaction is None:
            return
        session = self.sessions[number]
        if not commits:
            session.abort_transaction()
            return
        session.commit_transaction()
        session.commit_transaction()
        if transaction.has_written:
            assert transaction.seen is not None
            self.model.documents = transaction.seen
            self.model.version += 1

    @rule(identifier=_IDS, value=_VALUES)
    def write_outside(self, identifier: int, value: int) -> None:
        update = [{"q": {"_id": identifier}, "u": {"$set": {"v": value}}, "upsert": True}]
        if self.model.is_held:
            with pytest.raises(OperationFailure) as caught:
                self.client.shop.command("update", "things", updates=update, maxTimeMS=1)
            assert caught.value.code == _TIME_IS_UP
            return
        self.client.shop.command("update", "things", updates=update)
        self.client.store.command("update", "others", updates=update)
        self.model.documents[identifier] = value
        self.model.version += 1

    @rule(number=_SESSIONS)
    def kill(self, number: int) -> None:
        self.client.admin.command("killSessions", [self.sessions[number].session_id])
        if self.model.open.pop(number, None) is not None:
            self.sessions[number].abort_transaction()
        self.sessions[number].end_session()
        self.sessions[number] = self.client.start_session()

    @invariant()
    def readers_see_what_is_committed(self) -> None:
        assert self.content() == self.model.documents

    def teardown(self) -> None:
        for session in self.sessions:
            session.end_session()
        self.client.close()


class _FileMachine(_TransactionMachine):
    def connect(self) -> MongoClient:
        self.folder = tempfile.TemporaryDirectory()
        return MongoClient(str(Path(self.folder.name) / "app.db"))

    def teardown(self) -> None:
        super().teardown()
        self.folder.cleanup()


class _MemoryMachine(_TransactionMachine):
    def connect(self) -> MongoClient:
        return MongoClient(":memory:")


_SETTINGS = settings(
    max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
TestTransactionsOnAFile = _FileMachine.TestCase
TestTransactionsOnAFile.settings = _SETTINGS
TestTransactionsInMemory = _MemoryMachine.TestCase
TestTransactionsInMemory.settings = _SETTINGS
