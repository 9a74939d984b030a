"""Making a trial smaller while it still shows its difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from satchel.values.bson_types import BsonValue, Document

from .trial import Trial
from .verdict import operators

_KEPT = frozenset({"aggregate", "find", "count", "distinct", "update", "delete", "findAndModify", "cursor", "pipeline"})


def shrink(trial: Trial, still_differs: Callable[[Trial], bool], budget: int = 500) -> Trial:
    """Return a smaller trial for which `still_differs` holds.

    Args:
        trial: A trial for which it holds.
        still_differs: Runs a trial and tells.
        budget: How many trials may be run.
    """
    smaller = True
    while smaller and budget > 0:
        smaller = False
        for candidate in _candidates(trial):
            budget -= 1
            if budget <= 0:
                break
            if still_differs(candidate):
                trial, smaller = candidate, True
                break
    return trial


def _candidates(trial: Trial) -> Iterator[Trial]:
    if trial.indexes:
        yield replace(trial, indexes=())
        yield from (replace(trial, indexes=fewer) for fewer in _fewer(trial.indexes))
    if trial.others:
        yield replace(trial, others=())
    yield from (replace(trial, documents=fewer) for fewer in _fewer(trial.documents))
    yield from (_with_command(trial, command) for command in _smaller_document(trial.command, _KEPT))
    yield from (replace(trial, documents=fewer) for fewer in _smaller_each(trial.documents))
    yield from (replace(trial, others=fewer) for fewer in _fewer(trial.others))
    yield from (replace(trial, others=fewer) for fewer in _smaller_each(trial.others))


def _with_command(trial: Trial, command: Document) -> Trial:
    """Return the trial with a smaller command; without one of its sorts the order of the result says nothing."""
    loses_order = _sorts(command) < _sorts(trial.command)
    return replace(trial, command=command, unordered=trial.unordered or loses_order)


def _sorts(command: Document) -> int:
    return sum(name in ("$sort", "sort", "$sortArray") for name in operators(command)) + ("sort" in command)


def _fewer(items: Sequence[Document]) -> Iterator[list[Document]]:
    found = list(items)
    if len(found) > 2:
        yield found[: len(found) // 2]
        yield found[len(found) // 2 :]
    for i in range(len(found)):
        yield found[:i] + found[i + 1 :]


def _smaller_each(documents: Sequence[Document]) -> Iterator[list[Document]]:
    found = list(documents)
    for i, document in enumerate(found):
        for smaller in _smaller_document(document, frozenset({"_id"})):
            yield [*found[:i], smaller, *found[i + 1 :]]


def _smaller_document(document: Document, kept: frozenset[str]) -> Iterator[Document]:
    for name in document:
        if name not in kept:
            yield {other: value for other, value in document.items() if other != name}
    for name, value in document.items():
        for smaller in _smaller(value):
            yield {**document, name: smaller}


def _smaller(value: BsonValue) -> Iterator[BsonValue]:
    """Yield smaller values: parts of it, and itself with something left out, outermost first."""
    if isinstance(value, dict):
        yield from value.values()
        for inner in value.values():
            if isinstance(inner, list):
                yield from inner
        yield from _smaller_document(value, frozenset())
    elif isinstance(value, list):
        for i in range(len(value)):
            yield value[:i] + value[i + 1 :]
        for i, item in enumerate(value):
            for smaller in _smaller(item):
                yield [*value[:i], smaller, *value[i + 1 :]]
