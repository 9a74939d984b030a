"""What the storage says of a document without the engine is what the matcher says, or "ask"."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TypeVar

import apsw
import pytest
from bson import Binary, Code, Decimal128, Int64, MaxKey, MinKey, ObjectId, Regex, Timestamp
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

T = TypeVar("T")
YES, NO, ASK = "yes", "no", "ask"


class Table:
    """A record table, as far as predicates look at it."""

    def __init__(self) -> None:
        self._connection = apsw.Connection(":memory:")
        self._connection.execute("CREATE TABLE records (rid INTEGER PRIMARY KEY, doc BLOB)")

    def verdicts(self, documents: list[Document], filter_: Document, context: Context | None = None) -> list[str]:
        """Return what the narrowed filter says of each document, checked against the matcher."""
        expression = parse_filter(filter_, context or Context())
        predicate = narrow(expression)
        if predicate is None:
            return [ASK] * len(documents)
        compiled = narrowing(predicate)
        self._fill(documents)
        rows = self._connection.execute(
            f"SELECT {compiled.possible}, {compiled.certain} FROM records AS t ORDER BY rid", compiled.arguments
        ).fetchall()
        found = []
        for document, (possible, certain) in zip(documents, rows, strict=True):
            assert possible in (0, 1), compiled.possible
            assert certain in (0, 1), compiled.certain
            matches = expression.matches(document)
            assert possible or not matches, f"lost {document}\n{filter_}\n{compiled}"
            assert matches or not certain, f"wrongly found {document}\n{filter_}\n{compiled}"
            found.append(YES if certain else ASK if possible else NO)
        return found

    def _fill(self, documents: list[Document]) -> None:
        projections = [project(document, encode_document(document)) for document in documents]
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


# Names that SQLite's JSON paths, JSON itself or the projection's tags could take for something else.
_NAMES = (
    "a",
    "b",
    "c",
    "0",
    "1",
    "-1",
    "",
    "a b",
    "é",
    "日本",
    'q"q',
    "b\\s",
    "n\nl",
    "'",
    "[0]",
    "#",
    "$x",
    "$oid",
    "😀",
    "*",
)
_PATHS = (
    *_NAMES,
    "a.b",
    "a.0",
    "a.b.c",
    "a.0.b",
    "b.1",
    "a.a",
    "a.c.b",
    "a.",
    ".a",
    "a..b",
    "a.$oid",
    "a.'",
    'a.q"q',
    "a.n\nl",
    "a.é",
)

_BIG = 2**53
_EDGES: tuple[BsonValue, ...] = (
    *(None, True, False, 0, 1, 2, -1, 5, Int64(5), 5.0, 0.0, -0.0, 0.1, 0.5, 9.99, 1e22, 5e-324, -5e-324),
    *(Int64(_BIG), Int64(_BIG + 1), Int64(_BIG - 1), float(_BIG), float(_BIG + 2), float(_BIG - 1)),
    *(Int64(2**63 - 1), Int64(-(2**63)), 2.0**63, -(2.0**63), 1.7976931348623157e308, math.inf, -math.inf, math.nan),
    *(Decimal128(text) for text in ("5", "0.1", "NaN", "Infinity", "9007199254740993", "0.3", "-0")),
    *("", "a", "ab", "abc", "A", "aé", "É", "a\0b", "\0", "\x01", "\x7f", "\n", '"', "\\", "\u2028", "😀", "5"),
    *("K", "\u212a", "\u017f", "s", '{"$oid":"1"}', '{"a":1}', "[1]", "null", "x" * 1024, "x" * 1025, "x" * 1024 + "y"),
    *("y" * 2000, "é" * 1024, "é" * 1025),
    *(b"", b"a", Binary(b"a", 5), Binary(bytes(16), 4), Binary(bytes(15) + b"\1", 4), Binary(b"ab", 4), bytes(16)),
    *(ObjectId(bytes(12)), ObjectId(b"\xff" * 12), ObjectId(bytes(11) + b"\1")),
    *(DatetimeMS(ms) for ms in (0, -1, 1, -62_135_596_800_000, -62_135_596_800_001, 253_402_300_799_999)),
    *(DatetimeMS(ms) for ms in (253_402_300_800_000, 2**63 - 1, -(2**63), 1_700_000_000_000)),
    *(Timestamp(0, 1), Timestamp(1, 0), Regex("a"), Regex("^a", "i"), Code("a"), Code("a", {"$x": 1})),
    *(MinKey(), MaxKey()),
    *([], [[]], [None], {}, {"a": 1}, {"0": 1}, {"$oid": "0" * 24}, {"$date": 1}, {"x": [1]}),
)  # fmt: skip

_few = st.sampled_from((None, 1, 1.0, 2, 5, "a", "b", True))
_scalars = st.one_of(_few, st.sampled_from(_EDGES), strategies.scalars)
_names = st.one_of(st.sampled_from(("a", "b", "c", "0")), st.sampled_from(_NAMES), strategies.field_names)
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_names, inner, max_size=3)),
    max_leaves=6,
)
_documents = st.dictionaries(_names, _values, max_size=4)


@st.composite
def _cases(draw: st.DrawFn) -> tuple[list[Document], list[Document]]:
    """Draw documents and filters on their paths and values, or on values that are near to these."""
    documents = draw(st.lists(_documents, min_size=1, max_size=5))
    met = [pair for document in documents for pair in _met(document)]
    filters_ = _Filters(draw, met)
    return documents, [filters_.filter(depth=2) for _ in range(draw(st.integers(1, 5)))]


def _met(value: BsonValue, path: str = "") -> Iterator[tuple[str, BsonValue]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        below = path if isinstance(value, list) else f"{path}.{name}" if path else str(name)
        yield below, member
        if isinstance(value, list):
            yield f"{path}.{name}", member
        yield from _met(member, below)


def _near(value: BsonValue) -> list[BsonValue]:
    """Return values that may stand close to another in some order."""
    options: list[BsonValue] = [value, [value]]
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
        options += [math.nextafter(number, math.inf), math.nextafter(number, -math.inf), number * (1 + 1e-13), number]
        options += [Decimal128(repr(number)), -number]
        if math.isfinite(number) and abs(number) < 2**62:
            options += [Int64(int(number)), Int64(int(number) + 1), Int64(int(number) - 1)]
    elif isinstance(value, str):
        options += [value[:1], value[:-1], value + "\0", value + "a", value.upper(), value.swapcase(), value[:1024]]
    elif isinstance(value, DatetimeMS):
        options += [DatetimeMS(max(int(value) - 1, -(2**63))), DatetimeMS(min(int(value) + 1, 2**63 - 1))]
    elif isinstance(value, list):
        options += [*value, value[:1]]
    elif isinstance(value, dict):
        options += [*value.values()]
    return options


_LOGICAL = ("$and", "$or", "$nor")
_COMPARISONS = ("$eq", "$ne", "$gt", "$gte", "$lt", "$lte")
_TYPES = (
    "double string object array binData objectId bool date null regex javascript int timestamp long decimal minKey "
    "maxKey number javascriptWithScope"
).split()
_PATTERNS = (
    *(
        "",
        "a",
        "^a",
        "^",
        "^ab",
        "b$",
        "a.c",
        "a*",
        "ab?",
        "ab+",
        "a|b",
        "^a|b",
        ".*a",
        "^.*a",
        "a.*",
        "^a.*",
        "x{1024}",
    ),
    *(r"\.", r"a\b", "(a)", "[ab]", "^(?i)a", r"\Qa\E", "k", "s", "É", "^x", "^" + "x" * 1024 + "y", "a\nb", "a#b"),
    *(" a", "5", "{"),
)
_OPTIONS = ("", "", "", "i", "m", "x", "s", "im", "u")
_OTHERS = ({"$mod": [2, 1]}, {"$bitsAllSet": 1}, {"$bitsAnyClear": 1}, {"$exists": True}, {"$exists": False})


class _Filters:
    """Draws filters on the paths and values that documents have."""

    def __init__(self, draw: st.DrawFn, met: list[tuple[str, BsonValue]]) -> None:
        self._draw = draw
        self._paths = [path for path, _ in met]
        self._values = [value for _, value in met]

    def _one_of(self, options: Sequence[T]) -> T:
        return options[self._draw(st.integers(0, len(options) - 1))]

    def _path(self) -> str:
        return self._one_of(self._paths if self._paths and self._draw(st.booleans()) else _PATHS)

    def _operand(self) -> BsonValue:
        if self._values and self._draw(st.integers(0, 3)):
            return self._one_of(_near(self._one_of(self._values)))
        return self._draw(_values)

    def filter(self, depth: int) -> Document:
        """Draw a filter."""
        if depth and not self._draw(st.integers(0, 2)):
            children = [self.filter(depth - 1) for _ in range(self._draw(st.integers(1, 3)))]
            return {self._one_of(_LOGICAL): children}
        return {self._path(): self._condition(depth) for _ in range(self._draw(st.integers(1, 2)))}

    def _condition(self, depth: int) -> BsonValue:
        kind = self._draw(st.integers(0, 5))
        if not kind:
            return self._operand()
        operators = self._operators(depth)
        return {**self._comparison(), **operators} if kind == 1 else operators

    def _comparison(self) -> Document:
        return {self._one_of(_COMPARISONS): self._operand()}

    def _operators(self, depth: int) -> Document:
        kind = self._draw(st.integers(0, 9))
        if kind < 4:
            return self._comparison()
        if kind == 4:
            operands = [self._operand() for _ in range(self._draw(st.integers(0, 4)) ** 2)]
            return {self._one_of(("$in", "$nin", "$all")): operands}
        if kind == 5:
            return {"$regex": self._one_of(_PATTERNS), "$options": self._one_of(_OPTIONS)}
        if kind == 6:
            return self._one_of(({"$type": [self._one_of(_TYPES)]}, {"$size": self._draw(st.integers(0, 3))}, *_OTHERS))
        if not depth:
            return self._comparison()
        if kind == 7:
            return {"$not": self._operators(depth - 1)}
        return {"$elemMatch": self._operators(depth - 1) if kind == 8 else self.filter(depth - 1)}


@given(case=_cases(), collation=st.sampled_from((None, None, None, {"locale": "en", "strength": 1})))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_no_document_is_lost_or_wrongly_found(table: Table, case: tuple, collation: Document | None) -> None:
    documents, filters_ = case
    documents = [decode_document(encode_document(document)) for document in documents]
    for filter_ in filters_:
        context = Context(collation=parse_collation(collation) if collation else None)
        try:
            table.verdicts(documents, decode_document(encode_document(filter_)), context)
        except ServerError:
            continue  # a filter that MongoDB refuses, too


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
        collection.insert_many([{"n": n} for n in range(20_000)])
        narrowed = {"$or": [{f"field{n}.x.y": n} for n in range(60)]}
        with pytest.raises(ExecutionTimeout):
            collection.find_one(narrowed, max_time_ms=1)
        with pytest.raises(ExecutionTimeout):
            collection.database.command("count", "numbers", query=narrowed, maxTimeMS=1)
        assert collection.count_documents({}) == 20_000
