"""Predicates as SQL over the column `doc`.

A predicate becomes two ordinary conditions: one that is true of every row that may match (all but "no"), and one that
is true of the rows that match for certain (only "yes"). Neither is ever NULL, so that NOT is simply NOT: what may
match a negation is what does not match for certain. Where `doc` is NULL every row may match and none does for certain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, TypeAlias

import orjson
from bson import Binary, ObjectId
from bson.datetime_ms import DatetimeMS

from satchel.backends.sqlite.doubles import double_texts, window
from satchel.backends.sqlite.json_projection import MAX_STRING_CHARACTERS, date_text, uuid_text
from satchel.storage.predicate import (
    Among,
    And,
    AnyElement,
    Holds,
    Kind,
    Length,
    Not,
    Or,
    Ordered,
    Path,
    Predicate,
    Relation,
    Text,
    ValueTest,
)
from satchel.values.bson_types import BsonValue
from satchel.values.numbers import exact_int64

Connect: TypeAlias = Callable[[Iterable[str]], str]

TRUE: Final = "TRUE"
FALSE: Final = "FALSE"

_SCALARS: Final = {
    "text": Kind.STRING,
    "integer": Kind.INTEGER,
    "real": Kind.DOUBLE,
    "true": Kind.TRUE,
    "false": Kind.FALSE,
    "null": Kind.NULL,
}
"""The kinds of SQLite's JSON types, objects and arrays aside."""

_TAGS: Final = {
    "$oid": Kind.OBJECT_ID,
    "$date": Kind.DATE,
    "$numberDecimal": Kind.DECIMAL,
    "$prefix": Kind.STRING,
    "$uuid": Kind.BINARY,
    "$binary": Kind.BINARY,
    "$timestamp": Kind.TIMESTAMP,
    "$regularExpression": Kind.REGEX,
    "$code": Kind.CODE,
    "$minKey": Kind.MIN_KEY,
    "$maxKey": Kind.MAX_KEY,
}
"""The kinds of the objects that the projection tags."""

_OPENING_OF_TAGS: Final = """'{"$'"""
_MAX_WINDOWS: Final = 16
_MAX_DEPTH: Final = 3


@dataclass(frozen=True, slots=True)
class CompiledPredicate:
    """A predicate on the rows of a record table that the statement calls `t`.

    Attributes:
        possible: SQL that is true of every row that may match.
        certain: SQL that is true of the rows that match for certain.
        arguments: The values of the named parameters of both.
    """

    possible: str
    certain: str
    arguments: dict[str, object]


EVERYTHING: Final = CompiledPredicate(TRUE, FALSE, {})
"""What a scan without a predicate narrows with."""


def compile_predicate(predicate: Predicate) -> CompiledPredicate:
    """Return a predicate as SQL."""
    root, parameters = _Place("t.doc"), _Parameters()
    possible = _Compiler(parameters, certain=False).predicate(predicate, root)
    certain = _Compiler(parameters, certain=True).predicate(predicate, root)
    return CompiledPredicate(
        _any_of(("t.doc IS NULL", possible)), _all_of(("t.doc IS NOT NULL", certain)), parameters.values
    )


@lru_cache(maxsize=1024)
def _json_path(path: Path, tag: str = "") -> str:
    """Return an SQL literal of SQLite's JSON path, every name quoted as JSON quotes it."""
    names = (*path, tag) if tag else path
    return "'$" + "".join("." + orjson.dumps(name).decode().replace("'", "''") for name in names) + "'"


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value stands: at the end of a path in the column `doc`, or in an element that `json_each` has found.

    Attributes:
        json: The SQL of the JSON that the path starts in.
        row: The name of the row of `json_each`, empty for the column.
        path: The path.
    """

    json: str
    row: str = ""
    path: Path = ()

    def at(self, path: Path) -> _Place:
        """Return the place at the end of a path that starts where this one does."""
        return _Place(self.json, self.row, path)

    def element(self) -> _Place:
        """Return the place of an element of the array that stands here."""
        row = f"e{self.depth + 1}"
        return _Place(f"{row}.value", row)

    @property
    def depth(self) -> int:
        """How many arrays have been opened on the way here."""
        return int(self.row[1:] or 0)

    @property
    def is_element(self) -> bool:
        """Whether it is the element itself, whose type and value are columns."""
        return bool(self.row) and not self.path

    @property
    def type(self) -> str:
        """The SQL of the JSON type, NULL where there is no value."""
        return f"{self.row}.type" if self.is_element else f"json_type({self.operands})"

    @property
    def value(self) -> str:
        """The SQL of the value, in SQLite's own types; of an object its text."""
        return f"{self.row}.value" if self.is_element else f"({self.json} ->> {_json_path(self.path)})"

    @property
    def operands(self) -> str:
        """The arguments of a function of JSON that make it look here."""
        return self.json if self.is_element else f"{self.json}, {_json_path(self.path)}"

    def tagged(self, tag: str) -> str:
        """Return the SQL of what a tag holds, NULL where there is no such tag."""
        return f"({self.json} ->> {_json_path(self.path, tag)})"


@dataclass(slots=True)
class _Parameters:
    """The named parameters of a statement; a value that comes twice has one name."""

    values: dict[str, object] = field(default_factory=dict)
    _names: dict[tuple[type, object], str] = field(default_factory=dict)

    def bind(self, value: object) -> str:
        """Return the parameter of a value."""
        name = self._names.setdefault((value.__class__, value), f"p{len(self.values)}")
        self.values[name] = value
        return f":{name}"


class _Compiler:
    """Writes conditions: of what may match, or of what matches for certain."""

    def __init__(self, parameters: _Parameters, *, certain: bool) -> None:
        self._parameters = parameters
        self._bind = parameters.bind
        self._certain = certain
        self._ask = FALSE if certain else TRUE

    def predicate(self, predicate: Predicate, place: _Place) -> str:
        """Return the condition of a predicate on what stands at a place."""
        if isinstance(predicate, Holds):
            return self._holds((predicate,), place.at(predicate.path), _all_of)
        if isinstance(predicate, And):
            return self._connected(predicate.children, place, _all_of)
        if isinstance(predicate, Or):
            return self._connected(predicate.children, place, _any_of)
        if isinstance(predicate, Not):
            opposite = _Compiler(self._parameters, certain=not self._certain)
            return _negated(opposite.predicate(predicate.child, place))
        return self._ask

    def _connected(self, children: Sequence[Predicate], place: _Place, connect: Connect) -> str:
        """Connect conditions, those on one path as one that looks the value up once."""
        leaves: dict[Path, list[Holds]] = {}
        for child in children:
            if isinstance(child, Holds):
                leaves.setdefault(child.path, []).append(child)
        conditions = [self._holds(found, place.at(path), connect) for path, found in leaves.items()]
        conditions += [self.predicate(child, place) for child in children if not isinstance(child, Holds)]
        return connect(sorted(conditions, key=lambda condition: "EXISTS" in condition))

    def _passes(self, test: ValueTest, kind: Kind) -> bool:
        return kind in test.yes or (kind in test.ask and not self._certain)

    def _holds(self, leaves: Sequence[Holds], place: _Place, connect: Connect) -> str:
        """Return the condition of one value, or the lack of one, on which there may be several tests."""
        missing = self._missing(leaves, place, connect)
        tests = [leaf.test for leaf in leaves]
        branches = {name: self._values(tests, kind, name, place, connect) for name, kind in _SCALARS.items()}
        branches["object"] = self._object(tests, place, connect)
        branches["array"] = connect(self._array(leaf.test, place, expands=leaf.expands) for leaf in leaves)
        by_type = _by_type(place, branches, missing)
        tag = None if place.is_element or connect is _any_of else _common_tag(tests)
        usual = TRUE if tag is None else self._values(tests, _TAGS[tag], tag, place, connect)
        # A value tagged as it should be has its answer from one look; of any other that answer is NULL.
        return by_type if usual in (TRUE, FALSE) else f"coalesce({usual}, {by_type})"

    def _missing(self, leaves: Sequence[Holds], place: _Place, connect: Connect) -> str:
        """Return the condition of a place where no value is: the way ends before, or at an array."""
        absent = connect(TRUE if self._passes(leaf.test, Kind.MISSING) else FALSE for leaf in leaves)
        cases = []
        for step in range(1, len(place.path)):
            array, rest = place.at(place.path[:step]), place.path[step:]
            cases.append((array.type, connect(self._through(leaf, array, rest) for leaf in leaves)))
        if all(condition == absent for _, condition in cases):
            return absent
        return f"CASE 'array' {' '.join(f'WHEN {kind} THEN {sql}' for kind, sql in cases)} ELSE {absent} END"

    def _through(self, leaf: Holds, array: _Place, rest: Path) -> str:
        """Return the condition of an array in which a path goes on."""
        meets_missing = Kind.MISSING in leaf.test.yes or Kind.MISSING in leaf.test.ask
        if meets_missing or array.row or any(name.isdigit() for name in rest):
            return self._ask
        element = array.element()
        inner = self._holds((leaf,), element.at(rest), _all_of)
        return _exists(array, element, _cases(element.type, {"object": inner}))

    def _values(self, tests: Sequence[ValueTest], kind: Kind, form: str, place: _Place, connect: Connect) -> str:
        """Return the condition of a value of one form on which there may be several tests."""
        conditions = [self._value(test, kind, form, place) for test in tests]
        ends = _ends(tests) if connect is _all_of else None
        if ends is None or form == "$prefix" or not {TRUE, FALSE}.isdisjoint(conditions):
            return connect(conditions)
        return self._between(*ends, form, place, conditions)

    def _value(self, test: ValueTest, kind: Kind, form: str, place: _Place) -> str:
        """Return the condition of a value that has a certain form: a JSON type, or a tag of the projection."""
        if self._passes(test, kind):
            return TRUE
        relation = test.relation
        if isinstance(relation, Ordered):
            return self._ordered(relation, form, place)
        if isinstance(relation, Among):
            return self._among(relation, form, place)
        return self._text(relation, form, place) if isinstance(relation, Text) else FALSE

    def _object(self, tests: Sequence[ValueTest], place: _Place, connect: Connect) -> str:
        plain = connect(TRUE if self._passes(test, Kind.OBJECT) else FALSE for test in tests)
        tags = {tag: self._values(tests, kind, tag, place, connect) for tag, kind in _TAGS.items()}
        if all(condition == plain for condition in tags.values()):
            return plain
        conditions = [_is_plain(place)] if plain == TRUE else []
        for tag, condition in tags.items():
            if condition == TRUE:
                conditions.append(f"{place.tagged(tag)} IS NOT NULL")
            elif condition != FALSE:
                conditions.append(f"ifnull({condition}, FALSE)")
        return _any_of(conditions)

    def _array(self, test: ValueTest, place: _Place, *, expands: bool) -> str:
        if self._passes(test, Kind.ARRAY):
            return TRUE
        if isinstance(test.relation, Length):
            return f"json_array_length({place.operands}) = {self._bind(test.relation.length)}"
        if place.depth == _MAX_DEPTH:
            return self._ask
        element = place.element()
        if isinstance(test.relation, AnyElement):
            return _exists(place, element, self._any_element(test.relation, element))
        if not expands:
            return FALSE
        return _exists(place, element, self._holds((Holds((), test, expands=False),), element, _all_of))

    def _any_element(self, relation: AnyElement, element: _Place) -> str:
        inner = self.predicate(relation.predicate, element)
        if not relation.objects_only:
            return inner
        return _cases(element.type, {"object": _all_of((_is_plain(element), inner)), "array": self._ask})

    def _ordered(self, relation: Ordered, form: str, place: _Place) -> str:
        operand, operator = relation.operand, relation.operator
        if isinstance(operand, int | float):
            if form == "integer":
                return f"{place.value} {operator} {self._bind(_plain_number(operand))}"
            return self._ordered_double(operator, operand, place) if form == "real" else FALSE
        if isinstance(operand, str):
            if form == "text":
                return f"{place.value} {operator} {self._bind(operand)}"
            return self._ordered_prefix(operator, operand, place) if form == "$prefix" else FALSE
        tag, text = _tagged_text(operand)
        return f"{place.tagged(tag)} {operator} {self._bind(text)}" if form == tag else FALSE

    def _between(self, low: Ordered, high: Ordered, form: str, place: _Place, exactly: Sequence[str]) -> str:
        """Return the condition of a range: a look at both ends at once, and a closer one at what lies between."""
        ends: list[object] = [low.operand, high.operand]
        sql = place.tagged(form) if form in _TAGS else place.value
        if form == "real":
            ends = [window(low.operand).low, window(high.operand).high]  # type: ignore[arg-type]
        elif form in _TAGS:
            ends = [_tagged_text(end)[1] for end in ends]
        between = f"({sql} BETWEEN {self._bind(ends[0])} AND {self._bind(ends[1])})"
        if form != "real" and low.operator == ">=" and high.operator == "<=":
            return between
        return f"CASE WHEN NOT {between} THEN FALSE ELSE {_all_of(exactly)} END"

    def _ordered_double(self, operator: str, operand: float, place: _Place) -> str:
        low, high = window(operand)
        texts = () if place.is_element else double_texts(operand)
        equal = _in(f"({place.json} -> {_json_path(place.path)})", [self._bind(text) for text in texts])
        beyond, near = (high, low) if operator[0] == ">" else (low, high)
        if self._certain:
            clear = f"{place.value} {operator[0]} {self._bind(beyond)}"
            return _any_of((clear, equal)) if operator[1:] else clear
        clear = f"{place.value} {operator[0]}= {self._bind(near)}"
        return clear if operator[1:] or equal == FALSE else f"CASE WHEN {clear} THEN {_negated(equal)} ELSE FALSE END"

    def _ordered_prefix(self, operator: str, operand: str, place: _Place) -> str:
        """Compare a string of which only the beginning is there: it is longer than an operand that begins so too."""
        if len(operand) > MAX_STRING_CHARACTERS:
            return self._ask
        return f"{place.tagged('$prefix')} {'>=' if operator[0] == '>' else '<'} {self._bind(operand)}"

    def _among(self, relation: Among, form: str, place: _Place) -> str:
        if form == "integer":
            whole = [number for operand in relation.operands if (number := exact_int64(operand)) is not None]
            return self._in_list(place.value, whole)
        if form == "real":
            return self._among_doubles([each for each in relation.operands if isinstance(each, int | float)], place)
        strings = [operand for operand in relation.operands if isinstance(operand, str) and "\0" not in operand]
        if form == "text":
            return self._in_list(place.value, strings)
        if form == "$prefix":
            long = [text[:MAX_STRING_CHARACTERS] for text in strings if len(text) > MAX_STRING_CHARACTERS]
            return FALSE if self._certain else self._in_list(place.tagged(form), long)
        tagged = [_tagged_text(operand) for operand in relation.operands if not isinstance(operand, int | float | str)]
        return self._in_list(place.tagged(form), [text for tag, text in tagged if tag == form])

    def _among_doubles(self, operands: Sequence[float], place: _Place) -> str:
        if self._certain:
            texts = [] if place.is_element else [text for operand in operands for text in double_texts(operand)]
            return self._in_list(f"({place.json} -> {_json_path(place.path)})", texts)
        windows = [window(operand) for operand in operands]
        if len(windows) > _MAX_WINDOWS:
            windows = [min(windows)._replace(high=max(windows).high)]
        return _any_of(f"{place.value} BETWEEN {self._bind(low)} AND {self._bind(high)}" for low, high in windows)

    def _in_list(self, sql: str, values: Sequence[object]) -> str:
        if len(values) > 1:
            return f"{sql} IN (SELECT value FROM json_each({self._bind(orjson.dumps(values).decode())}))"
        return f"{sql} = {self._bind(values[0])}" if values else FALSE

    def _text(self, relation: Text, form: str, place: _Place) -> str:
        if form not in ("text", "$prefix") or (self._certain and not relation.is_enough):
            return FALSE
        whole = place.value if form == "text" else place.tagged(form)
        text = f"lower({whole})" if relation.ignore_case else whole
        if relation.at_start:
            found = f"substr({text}, 1, {self._bind(len(relation.text))}) = {self._bind(relation.text)}"
        else:
            found = f"instr({text}, {self._bind(relation.text)}) > 0"
        if self._certain:
            return found
        if form == "$prefix" and not (relation.at_start and len(relation.text) <= MAX_STRING_CHARACTERS):
            return TRUE
        # SQLite folds the case of ASCII alone.
        return f"({found} OR octet_length({whole}) > length({whole}))" if relation.ignore_case else found


def _by_type(place: _Place, branches: dict[str, str], missing: str) -> str:
    """Return the condition that holds for the JSON type of what stands at a place."""
    outcomes = set(branches.values())
    if outcomes == {missing}:
        return missing
    if len(outcomes) == 1:
        return f"CASE WHEN {place.type} IS NULL THEN {missing} ELSE {outcomes.pop()} END"
    cases = " ".join(f"WHEN '{name}' THEN {sql}" for name, sql in branches.items() if sql != missing)
    return f"CASE {place.type} {cases} ELSE {missing} END"


def _common_tag(tests: Sequence[ValueTest]) -> str | None:
    """Return the tag that the projection puts on the operands of all tests, if there is one."""
    tags = {_tag_of(operand) for test in tests for operand in _operands(test.relation)}
    return tags.pop() if len(tags) == 1 else None


def _operands(relation: Relation | None) -> tuple[BsonValue, ...]:
    if isinstance(relation, Ordered):
        return (relation.operand,)
    return relation.operands if isinstance(relation, Among) else (None,)


def _tag_of(operand: BsonValue) -> str | None:
    return _tagged_text(operand)[0] if isinstance(operand, DatetimeMS | ObjectId | Binary) else None


def _ends(tests: Sequence[ValueTest]) -> tuple[Ordered, Ordered] | None:
    """Return the lower and the upper end, if the tests are that."""
    ends = [test.relation for test in tests if isinstance(test.relation, Ordered)]
    if len(tests) != 2 or len(ends) != 2 or ends[0].operator[0] == ends[1].operator[0]:
        return None
    return (ends[0], ends[1]) if ends[0].operator[0] == ">" else (ends[1], ends[0])


def _plain_number(number: float) -> float:
    return float(number) if isinstance(number, float) else int(number)


def _tagged_text(operand: BsonValue) -> tuple[str, str]:
    """Return the tag and the text with which the projection has a value; of dates that it cannot have, a bound."""
    if isinstance(operand, DatetimeMS):
        text = date_text(operand)
        return "$date", text if text is not None else "" if int(operand) < 0 else "~"
    if isinstance(operand, ObjectId):
        return "$oid", str(operand)
    assert isinstance(operand, Binary), f"{type(operand).__name__} is no operand of a predicate"
    return "$uuid", uuid_text(operand)


def _is_plain(place: _Place) -> str:
    """Return the condition that an object is none of the projection's tags."""
    return f"substr({place.value}, 1, 3) <> {_OPENING_OF_TAGS}"


def _exists(array: _Place, element: _Place, condition: str) -> str:
    if condition == FALSE:
        return FALSE
    return f"EXISTS (SELECT 1 FROM json_each({array.operands}) AS {element.row} WHERE {condition})"


def _cases(subject: str, conditions: dict[str, str]) -> str:
    cases = " ".join(f"WHEN '{name}' THEN {sql}" for name, sql in conditions.items() if sql != FALSE)
    return f"CASE {subject} {cases} ELSE FALSE END" if cases else FALSE


def _in(sql: str, parameters: Sequence[str]) -> str:
    return f"{sql} IN ({', '.join(parameters)})" if parameters else FALSE


def _negated(condition: str) -> str:
    return {TRUE: FALSE, FALSE: TRUE}.get(condition) or f"NOT ({condition})"


def _all_of(conditions: Iterable[str]) -> str:
    parts = [condition for condition in conditions if condition != TRUE]
    if FALSE in parts:
        return FALSE
    return f"({' AND '.join(parts)})" if len(parts) > 1 else parts[0] if parts else TRUE


def _any_of(conditions: Iterable[str]) -> str:
    parts = [condition for condition in conditions if condition != FALSE]
    if TRUE in parts:
        return TRUE
    return f"({' OR '.join(parts)})" if len(parts) > 1 else parts[0] if parts else FALSE
