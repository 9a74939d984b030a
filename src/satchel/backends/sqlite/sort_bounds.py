"""Bounds of sorts with a limit: how far from the first place the first few values of a path reach.

SQL's order is MongoDB's among numbers, among strings, among dates and among ObjectIds, but for doubles that SQLite may
not read to the last bit. So only values of one of these types are put in order, and the others left to the caller.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from bson import ObjectId

from satchel.backends.sqlite.doubles import window
from satchel.backends.sqlite.fields import date
from satchel.backends.sqlite.places import Place
from satchel.backends.sqlite.predicates import Narrowing
from satchel.backends.sqlite.schema import quote
from satchel.values.bson_types import BsonValue

SAMPLE: Final = 256
"""How many records are looked at to learn what there is."""

FEWEST: Final = SAMPLE // 8
"""If fewer of those match, the sort is done sooner without a bound."""


class Form(NamedTuple):
    """One form of the values that are put in order.

    Attributes:
        opening: The characters, or the text, that JSON of this form begins with.
        name: The JSON type, or the tag of the projection.
        condition: SQL that is true of a value `v` that surely is of this form, and not true of others.
        bound: Returns the bound of a sort, given the value that SQLite has read, and whether greater ones come first.
    """

    opening: str | tuple[str, ...]
    name: str
    condition: str
    bound: Callable[..., BsonValue]


def _number_bound(value: float, *, descending: bool) -> float:
    return window(value).low if descending else window(value).high


_FORMS: Final = (
    # A boolean looks like 0 or 1, an array or object like text that begins so.
    Form(tuple("-0123456789"), "integer", "v < '' AND v NOT IN (0, 1)", _number_bound),
    Form('"', "text", r"v >= '\' AND v < '{' OR v >= '' AND v < '[' OR v >= '|'", lambda value, **_: value),
    Form('{"$date":', "$date", "v IS NOT NULL", lambda value, **_: date(value)),
    Form('{"$oid":', "$oid", "v IS NOT NULL", lambda value, **_: ObjectId(value)),
)


@lru_cache(maxsize=256)
def sample_sql(table: str, place: Place, possible: str) -> str:
    """Return the statement that gives the JSON at a place in those of the first records that may match."""
    some = f"SELECT doc FROM {quote(table)} ORDER BY rid LIMIT {SAMPLE}"
    return f"SELECT {place.text} FROM ({some}) AS t WHERE {possible}"


def form_of(sample: Sequence[tuple[str | None]]) -> Form | None:
    """Return the form to put in order, None where that is not worth while."""
    if len(sample) < FEWEST:
        return None
    first = next((text for (text,) in sample if text not in (None, "null")), "") or ""
    return next((form for form in _FORMS if first.startswith(form.opening)), None)


def bound_sql(table: str, place: Place, form: Form, narrowed: Narrowing, *, descending: bool) -> str:
    """Return the statement that finds the value of a form that has `:before` others before it or beside it."""
    matching = f"{narrowed.possible} AND {narrowed.certain}"
    values = f"SELECT {place.under(form.name)} AS v FROM {quote(table)} AS t WHERE {matching} LIMIT -1"
    order = "DESC" if descending else "ASC"
    return f"SELECT v FROM ({values}) WHERE {form.condition} ORDER BY v {order} LIMIT 1 OFFSET :before"
