"""What the storage says of a document without the engine is what the matcher says, or "ask"."""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random

import apsw
import pytest
from bson import Binary, Decimal128, ObjectId
from bson.datetime_ms import DatetimeMS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.errors import ExecutionTimeout

from satchel import MongoClient
from satchel.backends.sqlite.json_projection import project
from satchel.backends.sqlite.predicates import narrowing
from satchel.engine.planner.literals import literal_text
from satchel.engine.planner.narrowing import CONNECTIVES, HAS_NONE, RULES, narrow
from satchel.errors import ServerError
from satchel.mql.context import Context
from satchel.mql.match import parse_filter
from satchel.mql.match.array import ElemMatchObject, ElemMatchValue
from satchel.mql.match.tree import Leaf, MatchExpression
from satchel.testing import strategies
from satchel.values.bson_types import BsonValue, Document, decode_document, encode_document
from satchel.values.collation import parse_collation

from .narrowing_cases import Cases

YES, NO, ASK = "yes", "no", "ask"


class Table:
    """A record table, as far as predicates look at it."""

    def __init__(self) -> None:
        self._connection = apsw.Connection(":memory:")
        self._connection.execute("CREATE TABLE records (rid INTEGER PRIMARY KEY, doc BLOB)")
        self._filled: list[Document] = []

    def verdicts(self, documents: list[Document], filter_: Document, context: Context | None = None) -> list[str]:
        """Return what the narrowed filter says of each document, checked against the matcher."""
        expression = parse_filter(filter_, context or Context())
        predicate = narrow(expression)
        if predicate is None:
            return [ASK] * len(documents)
        compiled = narrowing(predicate)
        if documents is not self._filled:
            self._fill(documents)
        rows = self._connection.execute(
            f"SELECT {compiled.possible}, {compiled.certain} AND {compiled.possible}, {compiled.answer or 2}"
            " FROM records AS t ORDER BY rid",
            compiled.arguments,
        ).fetchall()
        found = []
        for document, (possible, certain, answer) in zip(documents, rows, strict=True):
            assert possible in (0, 1), compiled.possible
            assert certain in (0, 1), compiled.certain
            assert answer in (1 if certain else None if possible else 0, 2), compiled.answer
            matches = expression.matches(document)
            assert possible or not matches, f"lost {document}\n{filter_}\n{compiled}"
            assert matches or not certain, f"wrongly found {document}\n{filter_}\n{compiled}"
            found.append(YES if certain else ASK if possible else NO)
        return found

    def _fill(self, documents: list[Document]) -> None:
        projections = [project(document, encode_document(document)) for document in documents]
        self._filled = documents
        with self._connection:
            self._connection.execute("DELETE FROM records")
            self._connection.executemany(
                "INSERT INTO records (doc) VALUES (jsonb(?))",
                [(None if projection is None else projection.decode(),) for projection in projections],
            )


@pytest.fixture(scope="module")
def table() -> Iterator[Table]:
    return Table()


def test_every_node_has_a_rule_or_none() -> None:
    leaves = set(RULES) | {ElemMatchObject, ElemMatchValue}
    assert leaves | set(CONNECTIVES) | HAS_NONE == _concrete(MatchExpression)
    assert all(issubclass(node, Leaf) for node in leaves)
    assert not HAS_NONE & (leaves | set(CONNECTIVES))


def _concrete(cls: type[MatchExpression]) -> set[type[MatchExpression]]:
    subclasses = set(cls.__subclasses__())
    return {each for each in subclasses if not each.__subclasses__()}.union(*map(_concrete, subclasses))


def _decoded(document: Document) -> Document:
    return decode_document(encode_document(document))


def _check(table: Table, documents: list[Document], filters: list[Document], collation: Document | None = None) -> None:
    for filter_ in filters:
        context = Context(collation=parse_collation(collation) if collation else None)
        try:
            table.verdicts(documents, _decoded(filter_), context)
        except ServerError:
            continue  # a filter that MongoDB refuses, too


@given(seed=st.integers(0, 2**32))
@settings(max_examples=400, deadline=None)
def test_no_document_is_lost_or_wrongly_found(table: Table, seed: int) -> None:
    random = Random(seed)
    cases = Cases(random)
    documents = [_decoded(document) for document in cases.documents(12)]
    collation = {"locale": "en", "strength": 1} if random.random() < 0.1 else None
    _check(table, documents, [cases.filter() for _ in range(6)], collation)


_operands = strategies.values
_conditions = st.one_of(
    _operands.map(lambda value: {"$eq": value}),
    st.builds(lambda name, value: {name: value}, st.sampled_from(("$ne", "$gt", "$gte", "$lt", "$lte")), _operands),
    st.lists(_operands, max_size=4).map(lambda values: {"$in": values}),
)
_filters = st.dictionaries(
    st.one_of(strategies.field_names, st.sampled_from(("a.b", "a.0", "b.a"))), _conditions, min_size=1, max_size=2
)


@given(documents=st.lists(strategies.documents, max_size=4), filters=st.lists(_filters, max_size=4), data=st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_no_document_of_any_kind_is_lost(
    table: Table, documents: list[Document], filters: list[Document], data: st.DataObject
) -> None:
    documents = [_decoded(document) for document in documents]
    own = [{name: value} for document in documents for name, value in document.items()]
    ranges = [
        {name: {data.draw(st.sampled_from(("$gte", "$lte", "$gt", "$lt"))): value}}
        for pair in own
        for name, value in pair.items()
    ]
    _check(table, documents, [*filters, *own, *ranges])


_BODY = {
    "n": 5,
    "d": 2.5,
    "s": "hello",
    "t": ["x", "y"],
    "o": {"p": "q"},
    "l": [{"m": 1}, {"m": 2}],
    "w": DatetimeMS(1000),
    "i": ObjectId(bytes(12)),
    "u": Binary(bytes(16), 4),
    "z": None,
    "f": False,
    "long": "x" * 2000,
    "lines": "a\nb",
    "kelvin": "\u212a",
}
"""A document of what collections usually hold."""


@pytest.mark.parametrize(
    ("filter_", "verdict"),
    [
        ({"n": 5}, YES),
        ({"n": 5.0}, YES),
        ({"n": Decimal128("5")}, YES),
        ({"n": "5"}, NO),
        ({"n": {"$gt": 4.5}}, YES),
        ({"n": {"$lt": 5}}, NO),
        ({"n": {"$ne": 5}}, NO),
        ({"d": 2.5}, YES),
        ({"d": {"$gte": 2.5}}, YES),
        ({"d": {"$gt": 2.5}}, NO),
        ({"d": {"$in": [1, 2.5]}}, YES),
        ({"s": "hello"}, YES),
        ({"s": {"$gte": "h", "$lt": "i"}}, YES),
        ({"s": {"$in": ["a", "b", None]}}, NO),
        ({"s": {"$regex": "^he"}}, YES),
        ({"s": {"$regex": "ELL", "$options": "i"}}, YES),
        ({"s": {"$regex": "elk", "$options": "i"}}, NO),
        ({"s": {"$regex": "^he.*o$"}}, ASK),
        ({"s": {"$regex": "^hi.*o$"}}, NO),
        ({"t": "x"}, YES),
        ({"t": "z"}, NO),
        ({"t": {"$size": 2}}, YES),
        ({"t": {"$all": ["x", "y"]}}, YES),
        ({"t": {"$elemMatch": {"$gt": "w", "$lt": "y"}}}, YES),
        ({"t": {"$nin": ["x"]}}, NO),
        ({"o.p": "q"}, YES),
        ({"o.p.q": {"$exists": True}}, NO),
        ({"l.m": 2}, YES),
        ({"l.m": 3}, NO),
        ({"l.m": None}, ASK),
        ({"l": {"$elemMatch": {"m": {"$gt": 1}}}}, YES),
        ({"l.0.m": 1}, ASK),
        ({"w": DatetimeMS(1000)}, YES),
        ({"w": {"$gt": DatetimeMS(2**62)}}, NO),
        ({"i": ObjectId(bytes(12))}, YES),
        ({"i": {"$gt": ObjectId(bytes(12))}}, NO),
        ({"u": Binary(bytes(16), 4)}, YES),
        ({"z": None}, YES),
        ({"missing": None}, YES),
        ({"missing": {"$exists": False}}, YES),
        ({"s": {"$exists": False}}, NO),
        ({"f": False}, YES),
        ({"f": {"$lt": True}}, YES),
        ({"s": {"$type": "string"}}, YES),
        ({"long": {"$type": "string"}}, YES),
        ({"o": {"$type": "object"}}, YES),
        ({"w": {"$type": "object"}}, NO),
        ({"long": "x" * 2000}, ASK),
        ({"long": {"$gt": "y"}}, NO),
        ({"long": {"$regex": "^xx"}}, YES),
        ({"lines": {"$regex": "^b", "$options": "m"}}, ASK),
        ({"kelvin": {"$regex": "k", "$options": "i"}}, ASK),
        ({"$nor": [{"n": 4}, {"s": "a"}]}, YES),
        ({"$or": [{"n": 4}, {"s": "hello"}]}, YES),
        ({"$expr": {"$eq": ["$n", 5]}, "n": 4}, NO),
        ({"$expr": {"$eq": ["$n", 5]}, "n": 5}, ASK),
        ({"o": {"p": "q"}}, ASK),
        ({"n": {"p": "q"}}, NO),
    ],
)
def test_sql_decides_what_is_usual(table: Table, filter_: Document, verdict: str) -> None:
    assert table.verdicts([_BODY], filter_) == [verdict]


@pytest.mark.parametrize("value", [math.nan, "a\0b", DatetimeMS(2**62), {"$x": 1}])
def test_documents_without_projection_are_asked_for(table: Table, value: BsonValue) -> None:
    assert table.verdicts([{"a": value, "b": 1}], {"b": 1}) == [ASK]
    assert table.verdicts([{"a": value, "b": 1}], {"b": {"$ne": 1}}) == [ASK]


@pytest.mark.parametrize(
    ("pattern", "options", "text", "is_enough"),
    [
        ("abc", "", "abc", True),
        (r"a\.b", "", "a.b", True),
        ("^abc.*", "", "abc", True),
        ("abc*", "", "ab", False),
        ("abc+", "", "abc", False),
        ("abc$", "", "abc", False),
        ("^.*abc", "", "abc", False),
        ("ABC", "i", "abc", True),
        (r"\d", "", "", False),
    ],
)
def test_literal_text(pattern: str, options: str, text: str, is_enough: bool) -> None:
    found = literal_text(pattern, options)
    assert found is not None
    assert (found.text, found.is_enough) == (text, is_enough)


@pytest.mark.parametrize(("pattern", "options"), [("a|b", ""), ("a b", "x"), (r"a\E?", ""), ("é", "i")])
def test_no_literal_text(pattern: str, options: str) -> None:
    assert literal_text(pattern, options) is None


def test_a_time_limit_ends_a_scan_that_finds_nothing() -> None:
    with MongoClient(":memory:") as client:
        collection = client.database.numbers
        collection.insert_many([{"n": n} for n in range(5_000)])
        narrowed = {"$or": [{f"field{n}.x.y": n} for n in range(20)]}
        with pytest.raises(ExecutionTimeout):
            collection.find_one(narrowed, max_time_ms=1)
        with pytest.raises(ExecutionTimeout):
            collection.database.command("count", "numbers", query=narrowed, maxTimeMS=1)
        assert collection.count_documents({}) == 5_000
