"""Shorthands for cases that are pipelines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from satchel.values.bson_types import BsonValue

from .case import Case

Documents = str | Sequence[Mapping[str, BsonValue]] | None


def pipeline(
    name: str,
    stages: BsonValue,
    documents: Documents = None,
    *,
    options: Mapping[str, BsonValue] | None = None,
    others: Mapping[str, str | Sequence[Mapping[str, BsonValue]]] | None = None,
    unordered: bool = False,
    show: Sequence[str] | None = None,
    setup: Sequence[Mapping[str, BsonValue]] = (),
    collection: BsonValue = "$coll",
) -> Case:
    """Return the case of one `aggregate`."""
    command = {"aggregate": collection, "pipeline": stages, "cursor": {}, **(options or {})}
    return Case(name, command, documents, others=others or {}, unordered=unordered, show=show, setup=setup)


def stage(
    name: str, operands: Iterable[BsonValue], documents: Documents, *, label: str = "", unordered: bool = False
) -> Iterator[Case]:
    """Yield a case for each operand of the stage `name`; cases are numbered, so new operands go to the end."""
    prefix = label or name.lstrip("$")
    for number, operand in enumerate(operands):
        yield pipeline(f"{prefix}-{number}", [{name: operand}], documents, unordered=unordered)
