"""Values of types that a command's field may or may not take."""

from __future__ import annotations

from typing import Final

from satchel.values.bson_types import BsonValue

WRONG: Final[dict[str, BsonValue]] = {
    "string": "1",
    "null": None,
    "bool": True,
    "object": {},
    "array": [1],
    "double": 1.5,
    "int": 1,
}
"""One value of each type, by its name."""


def given(parameter: str, value: BsonValue) -> BsonValue:
    """Return the value to give a field: a time limit long enough that no case depends on how fast a server is."""
    return 60_000 * value if parameter == "maxTimeMS" and type(value) in (int, float) else value
