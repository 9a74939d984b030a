"""`$inc`, `$mul`, `$min`, `$max`, `$bit`."""

from __future__ import annotations

from collections.abc import Iterator

from bson import Decimal128, Int64, MaxKey, MinKey, Regex
from bson.datetime_ms import DatetimeMS

from ..case import Case

_NUMBERS = {
    "int": 1,
    "long": Int64(1),
    "double": 1.5,
    "decimal": Decimal128("1.50"),
    "zero": 0,
    "long-zero": Int64(0),
    "double-zero": 0.0,
    "negative-zero": -0.0,
    "negative": -3,
    "max-int": 2**31 - 1,
    "min-int": -(2**31),
    "max-long": 2**63 - 1,
    "min-long": -(2**63),
    "large-double": 1e308,
    "infinity": float("inf"),
    "nan": float("nan"),
    "decimal-zero": Decimal128("0.00"),
    "decimal-nan": Decimal128("NaN"),
    "large-decimal": Decimal128("9E+6144"),
}
_OPERANDS = (
    "int",
    "long",
    "double",
    "decimal",
    "zero",
    "double-zero",
    "negative",
    "max-int",
    "max-long",
    "nan",
    "infinity",
)
_WRONG = {"null": None, "string": "1", "bool": True, "object": {}, "array": [1], "date": DatetimeMS(1)}
_BITS = {
    "and": {"and": 3},
    "or": {"or": 2},
    "xor": {"xor": 6},
    "or-long": {"or": Int64(2)},
    "and-long": {"and": Int64(2**40)},
    "xor-minus-one": {"xor": -1},
    "several": {"or": 2, "and": 6, "xor": 1},
    "same": {"or": 0},
    "none": {},
    "unknown": {"not": 1},
    "unknown-second": {"or": 1, "nand": 1},
    "double": {"or": 1.0},
    "decimal": {"or": Decimal128("1")},
    "string": {"or": "1"},
    "null": {"or": None},
    "bool": {"or": True},
}
_COMPARED = {
    "int": 5,
    "equal-double": 5.0,
    "less": 4,
    "more": 6,
    "null": None,
    "string": "a",
    "object": {"b": 1},
    "array": [2],
    "nan": float("nan"),
    "date": DatetimeMS(5),
    "min-key": MinKey(),
    "max-key": MaxKey(),
    "regex": Regex("a"),
    "dollar-name": {"$a": 1},
}


def _update(update: object, **options: object) -> dict:
    return {"update": "$coll", "updates": [{"q": {}, "u": update, **options}]}


def cases() -> Iterator[Case]:
    yield from _arithmetic()
    yield from _bits()
    yield from _extremes()


def _arithmetic() -> Iterator[Case]:
    for operator in ("$inc", "$mul"):
        name = operator[1:]
        for old_name, old in _NUMBERS.items():
            for operand_name in _OPERANDS:
                update = {operator: {"a": _NUMBERS[operand_name]}}
                yield Case(f"{name}-{old_name}-by-{operand_name}", _update(update), [{"a": old}])
        for operand_name, operand in _NUMBERS.items():
            yield Case(f"{name}-missing-by-{operand_name}", _update({operator: {"a": operand}}), [{}])
            yield Case(f"{name}-dotted-by-{operand_name}", _update({operator: {"a.b": operand}}), [{"a": {"c": 1}}])
        for wrong_name, wrong in _WRONG.items():
            yield Case(f"{name}-of-{wrong_name}", _update({operator: {"a": 1}}), [{"a": wrong}])
            yield Case(f"{name}-by-{wrong_name}", _update({operator: {"a": wrong}}), [{"a": 1}])
        yield Case(f"{name}-several", _update({operator: {"c": 2, "a": 3, "b.d": 4}}), [{"a": 1, "b": {}}])
        yield Case(f"{name}-element", _update({operator: {"a.1": 5}}), [{"a": [1, 2]}])
        yield Case(f"{name}-all-elements", _update({operator: {"a.$[]": 5}}), [{"a": [1, 2.5, Int64(3)]}])
        yield Case(f"{name}-nothing", _update({operator: {}}), [{"a": 1}])
        yield Case(f"{name}-upsert", _update({operator: {"a": 5}}, upsert=True), [])


def _bits() -> Iterator[Case]:
    for name, operand in _BITS.items():
        yield Case(f"bit-{name}", _update({"$bit": {"a": operand}}), [{"a": 5}])
        yield Case(f"bit-{name}-on-long", _update({"$bit": {"a": operand}}), [{"a": Int64(-1)}])
        yield Case(f"bit-{name}-on-missing", _update({"$bit": {"a": operand}}), [{}])
    for name, wrong in {**_WRONG, "double": 1.0, "decimal": Decimal128("1")}.items():
        yield Case(f"bit-of-{name}", _update({"$bit": {"a": {"or": 1}}}), [{"a": wrong}])
    for name, operand in {"int": 1, "null": None, "array": [1]}.items():
        yield Case(f"bit-operand-{name}", _update({"$bit": {"a": operand}}), [{"a": 1}])


def _extremes() -> Iterator[Case]:
    for operator in ("$min", "$max"):
        for name, operand in _COMPARED.items():
            update = {operator: {"v": operand}}
            yield Case(f"{operator[1:]}-{name}", _update(update, multi=True), "few values")
            yield Case(f"{operator[1:]}-{name}-int", _update({operator: {"a": operand}}), [{"a": 5}])
        yield Case(f"{operator[1:]}-missing", _update({operator: {"a.b": None, "c": 1}}), [{}])
        yield Case(f"{operator[1:]}-elements", _update({operator: {"a.$[]": 5}}), [{"a": [3, 5.0, 9]}])
        collation = {"locale": "en", "strength": 2}
        for text in ("X", "A", "z"):
            update = _update({operator: {"a": text}}, collation=collation)
            yield Case(f"{operator[1:]}-collation-{text}", update, [{"a": "x"}])
