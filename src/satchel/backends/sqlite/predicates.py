"""Predicates as SQL over the column `doc`.

A predicate becomes two ordinary conditions: one that is true of every row that may match (all but "no"), and one that
is true, among those, of the rows that match for certain (only "yes"). Neither is ever NULL, so that NOT is simply NOT:
what may match a negation is what does not match for certain. Where `doc` is NULL every row may match and none does for
certain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple, TypeAlias

from satchel.backends.sqlite import operands
from satchel.backends.sqlite.operands import Role
from satchel.backends.sqlite.places import Place
from satchel.storage.predicate import (
    Among,
    And,
    AnyElement,
    BoundPredicate,
    Holds,
    Kind,
    Length,
    Not,
    Operand,
    OperandType,
    Or,
    Ordered,
    Path,
    Predicate,
    Relation,
    Text,
    ValueTest,
)

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

_FORMS: Final = {
    OperandType.NUMBER: ("integer", "real"),
    OperandType.STRING: ("text", "$prefix"),
    OperandType.OBJECT_ID: ("$oid",),
    OperandType.DATE: ("$date",),
    OperandType.UUID: ("$uuid",),
}
"""The forms of the values that operands are compared with."""

_LIKE_NUMBERS: Final = frozenset({Kind.INTEGER, Kind.DOUBLE, Kind.FALSE, Kind.TRUE})

_ROLES: Final[dict[str, tuple[Role, Role]]] = {
    "integer": (operands.number, operands.whole_numbers),
    "text": (operands.string, operands.strings),
    "$prefix": (operands.long_prefix, operands.long_prefixes),
    "$oid": (operands.tagged, operands.all_tagged),
    "$date": (operands.tagged, operands.all_tagged),
    "$uuid": (operands.tagged, operands.all_tagged),
}
"""What a value of a form is compared with: one operand, or a list."""

_OPENING_OF_TAGS: Final = """'{"$'"""
_MAX_DEPTH: Final = 3


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A predicate on the rows of a record table that the statement calls `t`.

    Attributes:
        possible: SQL that is true of every row that may match.
        certain: SQL that is true, among those, of the rows that match for certain.
        answer: Both in one, for predicates that look at one value: true, false, or NULL for "ask"; empty for others.
        arguments: The values of the named parameters of all.
    """

    possible: str
    certain: str
    answer: str
    arguments: dict[str, object]


EVERYTHING: Final = Narrowing(TRUE, FALSE, "", {})
"""What a scan without a predicate narrows with."""


def narrowing(bound: BoundPredicate) -> Narrowing:
    """Return a predicate as SQL."""
    compiled, values = _compile(bound.predicate), bound.values
    arguments = {name: role(values[index]) for name, role, index in compiled.parameters}
    return Narrowing(compiled.possible, compiled.certain, compiled.answer, arguments)


class _Compiled(NamedTuple):
    """The SQL of all predicates of one shape; of each parameter the name, the role and the index of the operand."""

    possible: str
    certain: str
    answer: str
    parameters: list[tuple[str, Role, int]]


@lru_cache(maxsize=512)
def _compile(predicate: Predicate) -> _Compiled:
    root, parameters = Place("t.doc"), _Parameters()
    may, does = _Compiler(parameters, certain=False), _Compiler(parameters, certain=True)
    answer = _answer(predicate, root, may, does)
    possible, certain = may.predicate(predicate, root), does.predicate(predicate, root)
    return _Compiled(
        _any_of(("t.doc IS NULL", possible)),
        "t.doc IS NOT NULL" if certain == possible else _all_of(("t.doc IS NOT NULL", certain)),
        f"CASE WHEN t.doc IS NOT NULL THEN {answer} END" if answer else "",
        parameters.parameters,
    )


def _answer(predicate: Predicate, root: Place, may: _Compiler, does: _Compiler) -> str:
    """Return one expression for "yes", "no" and "ask" (NULL), or nothing where that would take more than one look."""
    if isinstance(predicate, Not):
        answer = _answer(predicate.child, root, may, does)
        return f"NOT {answer}" if answer else ""
    children = predicate.children if isinstance(predicate, And) else (predicate,)
    leaves = [child for child in children if isinstance(child, Holds)]
    paths = {leaf.path for leaf in leaves}
    if len(leaves) < len(children) or len(paths) != 1:
        return ""
    return _answer_of_value(leaves, root.at(paths.pop()), may, does)


def _answer_of_value(leaves: Sequence[Holds], place: Place, may: _Compiler, does: _Compiler) -> str:
    tests = [leaf.test for leaf in leaves]
    if _compare_numbers(tests):
        known = place.known()
        branches = _joined(may.branches(leaves, known, _all_of), does.branches(leaves, known, _all_of))
        return place.looked_up(_by_value(known, may.clear_numbers(tests, known.value, _all_of), branches))
    usual, by_type = (
        may.usual(tests, place, _all_of),
        _by_type(place, _joined(may.branches(leaves, place, _all_of), does.branches(leaves, place, _all_of))),
    )
    if usual in (TRUE, FALSE):
        return by_type
    return f"coalesce({usual}, {by_type})" if usual == does.usual(tests, place, _all_of) else ""


def _joined(may: _Branches, does: _Branches) -> _Branches:
    """Return the answers of branches of which is known when they may match, and when they do."""
    values = {name: _both(condition, does.values[name]) for name, condition in may.values.items()}
    return _Branches(values, _both(may.missing, does.missing))


def _both(may: str, does: str) -> str:
    return may if may == does else f"CASE WHEN {_negated(may)} THEN FALSE WHEN {does} THEN TRUE END"


class _Parameters:
    """The named parameters of a statement, one for each role of an operand."""

    def __init__(self) -> None:
        self.parameters: list[tuple[str, Role, int]] = []
        self._names: dict[tuple[Role, int], str] = {}

    def bind(self, role: Role, operand: Operand) -> str:
        """Return the parameter that has an operand in a role."""
        name = self._names.get((role, operand.index))
        if name is None:
            name = self._names[role, operand.index] = f"p{len(self._names)}"
            self.parameters.append((name, role, operand.index))
        return f":{name}"


class _Compiler:
    """Writes conditions: of what may match, or of what matches for certain."""

    def __init__(self, parameters: _Parameters, *, certain: bool) -> None:
        self._parameters = parameters
        self._bind = parameters.bind
        self._certain = certain
        self._ask = FALSE if certain else TRUE

    def predicate(self, predicate: Predicate, place: Place) -> str:
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

    def _connected(self, children: Sequence[Predicate], place: Place, connect: Connect) -> str:
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

    def _holds(self, leaves: Sequence[Holds], place: Place, connect: Connect) -> str:
        """Return the condition of one value, or the lack of one, on which there may be several tests."""
        tests = [leaf.test for leaf in leaves]
        if not place.is_element and _compare_numbers(tests):
            known = place.known()
            clear = self.clear_numbers(tests, known.value, connect)
            return place.looked_up(_by_value(known, clear, self.branches(leaves, known, connect)))
        by_type = _by_type(place, self.branches(leaves, place, connect))
        usual = self.usual(tests, place, connect)
        # A value tagged as it should be has its answer from one look; of any other that answer is NULL.
        return by_type if usual in (TRUE, FALSE) else f"coalesce({usual}, {by_type})"

    def branches(self, leaves: Sequence[Holds], place: Place, connect: Connect) -> _Branches:
        """Return the conditions of one value by its type, and of the lack of one."""
        tests = [leaf.test for leaf in leaves]
        branches = {name: self._values(tests, kind, name, place, connect) for name, kind in _SCALARS.items()}
        branches["object"] = self._object(tests, place, connect)
        branches["array"] = connect(self._array(leaf, place) for leaf in leaves)
        return _Branches(branches, self._missing(leaves, place, connect))

    def usual(self, tests: Sequence[ValueTest], place: Place, connect: Connect) -> str:
        """Return the condition of a value that is tagged as all operands are; TRUE if there is no such tag."""
        tag = None if place.is_element or connect is _any_of else _common_tag(tests)
        return TRUE if tag is None else self._values(tests, _TAGS[tag], tag, place, connect)

    def clear_numbers(self, tests: Sequence[ValueTest], value: str, connect: Connect) -> tuple[str, str]:
        """Return the conditions that one look at a known value tells "no", and that it tells "yes".

        They are true only of numbers, and of booleans (which look like numbers) that do not pass.
        """
        both = [self._clear_number(test, value) for test in tests]
        connect_no = _any_of if connect is _all_of else _all_of
        return connect_no(no for no, _ in both), connect(yes for _, yes in both)

    def _clear_number(self, test: ValueTest, value: str) -> tuple[str, str]:
        if not _LIKE_NUMBERS.isdisjoint(test.yes | test.ask):
            return FALSE, FALSE
        if not test.relations:
            return f"{value} < ''", FALSE
        both = [self._clear_relation(relation, value) for relation in test.relations]
        return _all_of(no for no, _ in both), _any_of(yes for _, yes in both)

    def _clear_relation(self, relation: Relation, value: str) -> tuple[str, str]:
        assert isinstance(relation, Ordered | Among)
        operand = relation.operand
        roles = (operands.lists_low, operands.lists_high) if operand.is_list else (operands.low, operands.high)
        low, high = (self._bind(role, operand) for role in roles)
        if isinstance(relation, Among):
            return f"({value} < {low} OR {value} > {high} AND {value} < '')", FALSE
        if relation.operator[0] == ">":
            beyond = self._bind(operands.high_above_booleans, operand)
            return f"{value} < {low}", f"({value} > {beyond} AND {value} < '')"
        return f"({value} > {high} AND {value} < '')", f"{value} < {self._bind(operands.low_below_booleans, operand)}"

    def _missing(self, leaves: Sequence[Holds], place: Place, connect: Connect) -> str:
        """Return the condition of a place where no value is: the way ends before, or at an array."""
        absent = connect(TRUE if self._passes(leaf.test, Kind.MISSING) else FALSE for leaf in leaves)
        cases = []
        for step in range(1, len(place.path)):
            array, rest = place.at(place.path[:step]), place.path[step:]
            cases.append((array.type, connect(self._through(leaf, array, rest) for leaf in leaves)))
        if all(condition == absent for _, condition in cases):
            return absent
        return f"CASE 'array' {' '.join(f'WHEN {type_} THEN {sql}' for type_, sql in cases)} ELSE {absent} END"

    def _through(self, leaf: Holds, array: Place, rest: Path) -> str:
        """Return the condition of an array in which a path goes on."""
        meets_missing = Kind.MISSING in leaf.test.yes or Kind.MISSING in leaf.test.ask
        if meets_missing or array.row or any(name.isdigit() for name in rest):
            return self._ask
        element = array.element()
        inner = self._holds((leaf,), element.at(rest), _all_of)
        return _exists(array, element, _cases(element.type, {"object": inner}))

    def _values(self, tests: Sequence[ValueTest], kind: Kind, form: str, place: Place, connect: Connect) -> str:
        """Return the condition of a value of one form on which there may be several tests."""
        conditions = [self._value(test, kind, form, place) for test in tests]
        ends = _ends(tests) if connect is _all_of else None
        if ends is None or form == "$prefix" or not {TRUE, FALSE}.isdisjoint(conditions):
            return connect(conditions)
        return self._between(*ends, form, place, conditions)

    def _value(self, test: ValueTest, kind: Kind, form: str, place: Place) -> str:
        if self._passes(test, kind):
            return TRUE
        return _any_of(self._relation(relation, form, place) for relation in test.relations)

    def _relation(self, relation: Relation, form: str, place: Place) -> str:
        if not isinstance(relation, Ordered | Among | Text) or form not in _FORMS[relation.operand.type]:
            return FALSE
        if isinstance(relation, Ordered):
            return self._ordered(relation, form, place)
        if isinstance(relation, Among):
            return self._among(relation.operand, form, place)
        return self._text(relation, form, place)

    def _object(self, tests: Sequence[ValueTest], place: Place, connect: Connect) -> str:
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

    def _array(self, leaf: Holds, place: Place) -> str:
        if self._passes(leaf.test, Kind.ARRAY):
            return TRUE
        conditions = [self._whole_array(relation, place) for relation in leaf.test.relations]
        if leaf.expands:
            element = place.element()
            inner = self._holds((Holds((), leaf.test, expands=False),), element, _all_of)
            conditions.append(self._any_element(place, element, inner))
        return _any_of(conditions)

    def _whole_array(self, relation: Relation, place: Place) -> str:
        if isinstance(relation, Length):
            return f"json_array_length({place.arguments}) = {self._bind(operands.number, relation.operand)}"
        if not isinstance(relation, AnyElement):
            return FALSE
        element = place.element()
        inner = self.predicate(relation.predicate, element)
        if relation.objects_only:
            inner = _cases(element.type, {"object": _all_of((_is_plain(element), inner)), "array": self._ask})
        return self._any_element(place, element, inner)

    def _any_element(self, array: Place, element: Place, condition: str) -> str:
        return self._ask if array.depth == _MAX_DEPTH else _exists(array, element, condition)

    def _ordered(self, relation: Ordered, form: str, place: Place) -> str:
        operand, operator = relation.operand, relation.operator
        if form == "real":
            return self._ordered_double(operator, operand, place)
        if form != "$prefix":
            return f"{place.under(form)} {operator} {self._bind(_ROLES[form][0], operand)}"
        # The string is longer than an operand that begins so too, unless that is cut off itself.
        is_after = operator[0] == ">"
        role = operands.string if is_after == self._certain else operands.prefix
        return f"{place.tagged(form)} {'>=' if is_after else '<'} {self._bind(role, operand)}"

    def _ordered_double(self, operator: str, operand: Operand, place: Place) -> str:
        beyond, near = (operands.high, operands.low) if operator[0] == ">" else (operands.low, operands.high)
        equal = self._equal_double(operand, place)
        if self._certain:
            clear = f"{place.value} {operator[0]} {self._bind(beyond, operand)}"
            return _any_of((clear, equal)) if operator[1:] else clear
        clear = f"{place.value} {operator[0]}= {self._bind(near, operand)}"
        return clear if operator[1:] or equal == FALSE else f"CASE WHEN {clear} THEN {_negated(equal)} ELSE FALSE END"

    def _equal_double(self, operand: Operand, place: Place) -> str:
        """Return the condition that the text of a double is the operand's; that of an element is not known."""
        if place.is_element:
            return FALSE
        if operand.is_list:
            return _in_list(place.text, self._bind(operands.texts_of_doubles, operand))
        texts = self._bind(operands.double_text, operand), self._bind(operands.other_double_text, operand)
        return f"{place.text} IN ({', '.join(texts)})"

    def _between(self, low: Ordered, high: Ordered, form: str, place: Place, exactly: Sequence[str]) -> str:
        """Return the condition of a range: a look at both ends at once, and a closer one at what lies between."""
        from_, to = (operands.low, operands.high) if form == "real" else (_ROLES[form][0], _ROLES[form][0])
        between = f"{place.under(form)} BETWEEN {self._bind(from_, low.operand)} AND {self._bind(to, high.operand)}"
        if form != "real" and low.operator == ">=" and high.operator == "<=":
            return f"({between})"
        return f"CASE WHEN NOT ({between}) THEN FALSE ELSE {_all_of(exactly)} END"

    def _among(self, operand: Operand, form: str, place: Place) -> str:
        if form == "real":
            return self._among_doubles(operand, place)
        if form == "$prefix" and self._certain:
            return FALSE
        one, many = _ROLES[form]
        if operand.is_list:
            return _in_list(place.under(form), self._bind(many, operand))
        return f"{place.under(form)} = {self._bind(one, operand)}"

    def _among_doubles(self, operand: Operand, place: Place) -> str:
        if self._certain:
            return self._equal_double(operand, place)
        low, high = (operands.lists_low, operands.lists_high) if operand.is_list else (operands.low, operands.high)
        return f"({place.value} BETWEEN {self._bind(low, operand)} AND {self._bind(high, operand)})"

    def _text(self, relation: Text, form: str, place: Place) -> str:
        if self._certain and not relation.is_enough:
            return FALSE
        operand, whole = relation.operand, place.under(form)
        text = f"lower({whole})" if relation.ignore_case else whole
        is_cut = form == "$prefix" and not self._certain
        if is_cut and not relation.at_start:
            return TRUE
        if relation.at_start:
            wanted, size = (operands.prefix, operands.prefix_length) if is_cut else (operands.string, operands.length)
            found = f"substr({text}, 1, {self._bind(size, operand)}) = {self._bind(wanted, operand)}"
        else:
            found = f"instr({text}, {self._bind(operands.string, operand)}) > 0"
        if self._certain or not relation.ignore_case:
            return found
        return f"({found} OR octet_length({whole}) > length({whole}))"  # SQLite folds the case of ASCII alone


class _Branches(NamedTuple):
    """The conditions of a value by its JSON type, and the one of no value."""

    values: dict[str, str]
    missing: str


def _by_type(place: Place, branches: _Branches) -> str:
    """Return the condition that holds for the JSON type of what stands at a place."""
    values, missing = branches
    outcomes = set(values.values())
    if outcomes == {missing}:
        return missing
    if len(outcomes) == 1:
        return f"CASE WHEN {place.type} IS NULL THEN {missing} ELSE {outcomes.pop()} END"
    cases = " ".join(f"WHEN '{name}' THEN {sql}" for name, sql in values.items() if sql != missing)
    return f"CASE {place.type} {cases} ELSE {missing} END"


def _by_value(place: Place, clear: tuple[str, str], branches: _Branches) -> str:
    """Return the condition that holds for a known value; the JSON type is asked for only where that is not clear."""
    no, yes = clear
    cases = [(no, FALSE), (yes, TRUE)]
    if branches.values["null"] == branches.missing:
        cases.append((f"{place.value} IS NULL", branches.missing))
    whens = " ".join(f"WHEN {condition} THEN {answer}" for condition, answer in cases if condition != FALSE)
    by_type = _by_type(place, branches)
    return f"CASE {whens} ELSE {by_type} END" if whens else by_type


def _compare_numbers(tests: Sequence[ValueTest]) -> bool:
    """Tell whether tests compare with numbers, and with nothing else."""
    relations = [relation for test in tests for relation in test.relations]
    return bool(relations) and all(map(_compares_number, relations))


def _compares_number(relation: Relation) -> bool:
    return isinstance(relation, Ordered | Among) and relation.operand.type is OperandType.NUMBER


def _common_tag(tests: Sequence[ValueTest]) -> str | None:
    """Return the tag that the projection puts on the operands of all tests, if there is one."""
    relations = [relation for test in tests for relation in test.relations if isinstance(relation, Ordered | Among)]
    types = {relation.operand.type for relation in relations}
    return operands.TAGS.get(types.pop()) if len(types) == 1 and len(relations) == len(tests) else None


def _ends(tests: Sequence[ValueTest]) -> tuple[Ordered, Ordered] | None:
    """Return the lower and the upper end, if the tests are that."""
    ends = [relation for test in tests for relation in test.relations if isinstance(relation, Ordered)]
    if len(tests) != 2 or len(ends) != 2 or ends[0].operator[0] == ends[1].operator[0]:
        return None
    return (ends[0], ends[1]) if ends[0].operator[0] == ">" else (ends[1], ends[0])


def _is_plain(place: Place) -> str:
    """Return the condition that an object is none of the projection's tags."""
    return f"substr({place.value}, 1, 3) <> {_OPENING_OF_TAGS}"


def _exists(array: Place, element: Place, condition: str) -> str:
    if condition == FALSE:
        return FALSE
    return f"EXISTS (SELECT 1 FROM json_each({array.arguments}) AS {element.row} WHERE {condition})"


def _cases(subject: str, conditions: dict[str, str]) -> str:
    cases = " ".join(f"WHEN '{name}' THEN {sql}" for name, sql in conditions.items() if sql != FALSE)
    return f"CASE {subject} {cases} ELSE FALSE END" if cases else FALSE


def _in_list(sql: str, parameter: str) -> str:
    return f"{sql} IN (SELECT value FROM json_each({parameter}))"


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
