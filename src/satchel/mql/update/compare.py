"""`$min` and `$max`."""

from __future__ import annotations

from satchel.mql.update.modifier import OPERATORS, Modifier, Site, Walk
from satchel.values.bson_types import MISSING, BsonValue, Field
from satchel.values.compare import compare


@OPERATORS.operator("$min")
def parse_min(operand: BsonValue, site: Site) -> Modifier:
    """Set a field to a value if the value sorts before the field's, or the field is missing.

    Reference:
        MongoDB manual, "$min".
    """
    return _extreme(operand, site, -1)


@OPERATORS.operator("$max")
def parse_max(operand: BsonValue, site: Site) -> Modifier:
    """Set a field to a value if the value sorts after the field's, or the field is missing.

    Reference:
        MongoDB manual, "$max".
    """
    return _extreme(operand, site, 1)


def _extreme(operand: BsonValue, site: Site, wanted: int) -> Modifier:
    collation = site.context.collation

    def compute(old: Field, _walk: Walk) -> Field:
        return operand if old is MISSING or compare(operand, old, collation) == wanted else old

    return Modifier(site, compute, operand=operand)
