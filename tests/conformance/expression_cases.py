"""Cases of aggregation expressions: what an expression gives for values, one case per value where some fail."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from satchel.values.bson_types import BsonValue

from .case import Case
from .providers import SETS
from .slug import Slugs

ONE_OPERAND = ([], [1, 2], [1, 2, 3, 4])
"""Operand lists that an operator of one operand refuses."""


class ExpressionCases:
    """Makes the cases of one module."""

    def __init__(self) -> None:
        self._slug = Slugs()

    def of(self, expression: BsonValue, *documents: Mapping[str, BsonValue], **options: BsonValue) -> Case:
        """Return the case of an expression on each of the documents; on one empty document if there are none."""
        return self._case(self._slug(expression), expression, documents or ({},), [], options)

    def each_of(self, *expressions: BsonValue, document: Mapping[str, BsonValue] | None = None) -> Iterator[Case]:
        """Return a case for each expression, on one document."""
        for expression in expressions:
            yield self.of(expression, document or {})

    def over(self, expression: BsonValue, documents: str, where: Mapping[str, BsonValue] | None = None) -> Case:
        """Return one case of an expression on the documents of a set; none of them may fail."""
        first: list[BsonValue] = [{"$match": where}] if where else []
        return self._case(self._slug(expression, documents, where or ""), expression, documents, first, {})

    def each_in(self, expression: BsonValue, documents: str | Sequence[Mapping[str, BsonValue]]) -> Iterator[Case]:
        """Return a case of the expression for each document of a set."""
        found = SETS[documents] if isinstance(documents, str) else documents
        for position, document in enumerate(found):
            match = [{"$match": {"_id": document.get("_id", position)}}]
            shown = {name: value for name, value in document.items() if name != "_id"}
            yield self._case(self._slug(expression, shown), expression, documents, match, {})

    def pairs(
        self, operator: str, left: Iterable[BsonValue], right: Iterable[BsonValue], *, constant: bool = False
    ) -> Iterator[Case]:
        """Return a case of a binary operator for each pair, as fields, or as constants."""
        right = list(right)
        if constant:
            for a in left:
                for b in right:
                    yield self.of({operator: [{"$literal": a}, {"$literal": b}]})
            return
        yield from self.each_in({operator: ["$a", "$b"]}, [{"a": a, "b": b} for a in left for b in right])

    def all_pairs(self, operator: str, left: Iterable[BsonValue], right: Iterable[BsonValue]) -> Case:
        """Return one case of a binary operator on all pairs; none of them may fail."""
        right = list(right)
        return self.of({operator: ["$a", "$b"]}, *({"a": a, "b": b} for a in left for b in right))

    def unary(self, operator: str, numbers: str | None = None) -> Iterator[Case]:
        """Return the cases of an operator of one operand: values of every type, constants, wrong numbers of operands.

        Args:
            operator: The operator.
            numbers: "whole": no number fails, so that one case has all; "each": a case for each; None: none at all.
        """
        yield from self.each_in({operator: "$v"}, "few values")
        if numbers == "whole":
            yield self.over({operator: "$v"}, "numbers", {"v": {"$not": {"$type": "decimal"}}})
        elif numbers == "each":
            yield from self.each_in({operator: "$v"}, _DOUBLES_AND_INTEGERS)
        if numbers is not None:
            yield from self.each_in({operator: "$v"}, _DECIMALS)
        yield from self.each_of({operator: 2}, {operator: [2]}, {operator: "x"}, {operator: None}, {operator: {"a": 1}})
        yield from self.each_of(*({operator: operands} for operands in ONE_OPERAND))

    def _case(
        self,
        name: str,
        expression: BsonValue,
        documents: str | Sequence[Mapping[str, BsonValue]],
        first: Sequence[BsonValue],
        options: Mapping[str, BsonValue],
    ) -> Case:
        pipeline = [*first, {"$replaceWith": {"_id": "$_id", "result": expression}}]
        return Case(name, {"aggregate": "$coll", "pipeline": pipeline, "cursor": {}, **options}, documents)


def _is_decimal(document: Mapping[str, BsonValue]) -> bool:
    return type(document["v"]).__name__ == "Decimal128"


_DOUBLES_AND_INTEGERS = [document for document in SETS["numbers"] if not _is_decimal(document)]
_DECIMALS = [document for document in SETS["numbers"] if _is_decimal(document)]
