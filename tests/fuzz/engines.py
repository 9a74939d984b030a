"""The two engines that trials run on."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any
from unittest import mock

import pymongo
from pymongo.errors import AutoReconnect, ConnectionFailure

from satchel import MongoClient
from satchel.mql.pipeline import rewrites
from satchel.values.bson_types import Document

from ..conformance.case import RecordedCase
from ..conformance.server import ServerRunner
from .trial import Trial


class OracleDiedError(Exception):
    """The oracle went away while it ran a trial."""


class _Runner(ServerRunner):
    """Empties collections instead of dropping them, which is faster."""

    def _fill(self, name: str, documents: list[Document]) -> None:
        if documents or name not in self._made:
            super()._fill(name, documents)
        self._made.add(name)

    def drop(self, case: RecordedCase, name: str) -> None:
        for made in self._made:
            if made == name or made.startswith(f"{name}."):
                self._command({"delete": made, "deletes": [{"q": {}, "limit": 0}]})

    def __init__(self, client: Any, database: str) -> None:
        super().__init__(client, database)
        self._made: set[str] = set()


class Engine:
    """Runs trials through a client, on a database of its own.

    Args:
        connect: Opens a client.
        indexed: Whether the trials' indexes are created.
    """

    def __init__(self, connect: Callable[[], Any], *, indexed: bool) -> None:
        self._connect = connect
        self._indexed = indexed
        self._name = f"fuzz_{os.getpid()}"
        self._indexes: Sequence[Document] = ()
        self.renew()

    def renew(self) -> None:
        """Connect anew and forget all collections."""
        self._client = self._connect()
        self._runner = _Runner(self._client, self._name)

    def forget(self) -> None:
        """Drop all collections."""
        self._runner.close()
        self._runner = _Runner(self._client, self._name)

    def close(self) -> None:
        """Drop the database and close the client."""
        self._runner.close()
        self._client.close()

    def run_plainly(self, trial: Trial) -> Document:
        """Return the result of Satchel without rewrites of pipelines."""
        with mock.patch.object(rewrites, "rewrite", lambda stages, _scope: list(stages)):
            return self.run(trial)

    def run(self, trial: Trial) -> Document:
        """Return the result as conformance cases have it.

        Raises:
            OracleDiedError: The engine has gone.
        """
        if trial.indexes != self._indexes:
            self.forget()
            self._indexes = trial.indexes
        try:
            return self._runner.run(trial.recorded(indexed=self._indexed))
        except (AutoReconnect, ConnectionFailure) as error:
            raise OracleDiedError(str(error)) from error


def satchel_engine() -> Engine:
    """Return Satchel, in memory."""
    return Engine(lambda: MongoClient(":memory:"), indexed=True)


def oracle_engine(uri: Callable[[], str]) -> Engine:
    """Return the real engine; `uri` is asked again when it has gone."""
    return Engine(lambda: pymongo.MongoClient(uri(), serverSelectionTimeoutMS=20_000), indexed=False)
