"""Predicates as SQL over the column `doc`.

A predicate becomes two ordinary conditions: one that is true of every row that may match (all but "no"), and one that
is true of the rows that match for certain (only "yes"). Neither is ever NULL, so that NOT is simply NOT: what may
match a negation is what does not match for certain. Where `doc` is NULL every row may match and none does for certain.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

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
    Text,
    ValueTest,
)
from satchel.values.bson_types import BsonValue
from satchel.values.numbers import exact_int64

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
            return self._holds(predicate.test, place.at(predicate.path), expands=predicate.expands)
        if isinstance(predicate, And):
            return _all_of(self.predicate(child, place) for child in predicate.children)
        if isinstance(predicate, Or):
            return _any_of(self.predicate(child, place) for child in predicate.children)
        if isinstance(predicate, Not):
            opposite = _Compiler(self._parameters, certain=not self._certain)
            return _negated(opposite.predicate(predicate.child, place))
        return self._ask

    def _passes(self, test: ValueTest, kind: Kind) -> bool:
        return kind in test.yes or (kind in test.ask and not self._certain)

    def _holds(self, test: ValueTest, place: _Place, *, expands: bool) -> str:
        missing = self._missing(test, place, expands=expands)
        branches = {name: self._value(test, kind, name, place) for name, kind in _SCALARS.items()}
        branches["object"] = self._object(test, place)
        branches["array"] = self._array(test, place, expands=expands)
        outcomes = set(branches.values())
        if len(outcomes) == 1:
            outcome = outcomes.pop()
            return (
                missing if outcome == missing else f"CASE WHEN {place.type} IS NULL THEN {missing} ELSE {outcome} END"
            )
        cases = " ".join(f"WHEN '{name}' THEN {sql}" for name, sql in branches.items() if sql != missing)
        return f"CASE {place.type} {cases} ELSE {missing} END"

    def _missing(self, test: ValueTest, place: _Place, *, expands: bool) -> str:
        """Return the condition of a place where no value is: the way ends before, or at an array."""
        absent = TRUE if self._passes(test, Kind.MISSING) else FALSE
        cases = []
        for step in range(1, len(place.path)):
            array, rest = place.at(place.path[:step]), place.path[step:]
            cases.append((array.type, self._through(test, array, rest, expands=expands)))
        if all(condition == absent for _, condition in cases):
            return absent
        return f"CASE 'array' {' '.join(f'WHEN {kind} THEN {sql}' for kind, sql in cases)} ELSE {absent} END"

    def _through(self, test: ValueTest, array: _Place, rest: Path, *, expands: bool) -> str:
        """Return the condition of an array in which a path goes on."""
        meets_missing = Kind.MISSING in test.yes or Kind.MISSING in test.ask
        if meets_missing or array.row or any(name.isdigit() for name in rest):
            return self._ask
        element = array.element()
        inner = self._holds(test, element.at(rest), expands=expands)
        return _exists(array, element, _cases(element.type, {"object": inner}))

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

    def _object(self, test: ValueTest, place: _Place) -> str:
        plain = TRUE if self._passes(test, Kind.OBJECT) else FALSE
        tags = {tag: self._value(test, kind, tag, place) for tag, kind in _TAGS.items()}
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
        return _exists(place, element, self._holds(test, element, expands=False)) if expands else FALSE

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

    def _ordered_double(self, operator: str, operand: float, place: _Place) -> str:
        low, high = window(operand)
        texts = () if place.is_element else double_texts(operand)
        equal = _in(f"({place.json} -> {_json_path(place.path)})", [self._bind(text) for text in texts])
        beyond, near = (high, low) if operator[0] == ">" else (low, high)
        if self._certain:
            clear = f"{place.value} {operator[0]} {self._bind(beyond)}"
            return _any_of((clear, equal)) if operator[1:] else clear
        clear = f"{place.value} {operator[0]}= {self._bind(near)}"
        return clear if operator[1:] else _all_of((clear, _negated(equal)))

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
