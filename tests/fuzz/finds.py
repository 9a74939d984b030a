"""Random find, count and distinct commands: filters, projections, sorts."""

from __future__ import annotations

from satchel.values.bson_types import BsonValue, Document

from .draw import Draw
from .expressions import Expressions
from .filters import Filters
from .shape import COLLECTION


def filter_command(draw: Draw) -> Document:
    """Return a command that shows what a filter matches."""
    filter_ = Filters(draw).of()
    choice = draw.random.random()
    if choice < 0.1:
        return {"distinct": "$coll", "key": draw.one(COLLECTION.paths()), "query": filter_}
    if choice < 0.2:
        return {"count": "$coll", "query": filter_, **_skip_limit(draw)}
    command: Document = {"find": "$coll", "filter": filter_}
    if draw.chance(0.3):
        command |= {"sort": sort(draw), **_skip_limit(draw)}
    else:
        command |= {"sort": {"_id": 1}, "projection": {"_id": 1}}
    return command | _collation(draw)


def projection_command(draw: Draw) -> Document:
    """Return a find with a projection."""
    filter_ = Filters(draw).of(1) if draw.chance(0.3) else {}
    projection = Projections(draw).of()
    if draw.chance(0.08):
        path = draw.one(["a", "w", "r", "o.a"])
        filter_ = {path: Filters(draw).condition("number" if path != "w" else "string", 0)}
        projection[f"{path}.$"] = 1
    return {"find": "$coll", "filter": filter_, "projection": projection, "sort": {"_id": 1}}


def sort(draw: Draw) -> Document:
    """Return a sort without ties on a collection's documents."""
    paths = draw.some(COLLECTION.paths(), 0, 2)
    return {**{path: draw.one([1, -1]) for path in paths if path != "_id"}, "_id": draw.one([1, -1])}


class Projections:
    """Makes projections of a collection's documents.

    Args:
        draw: Where choices come from.
    """

    def __init__(self, draw: Draw) -> None:
        self.draw = draw

    def of(self) -> Document:
        """Return a projection of find."""
        inclusive = self.draw.chance(0.6)
        found: Document = {}
        paths = [*COLLECTION.paths(), "x.0", "zz", "o.zz", "r.k", "x.b", "o.p.s"]
        for path in self.draw.some(paths, 0 if found else 1, 4):
            if not any(path.startswith(f"{other}.") or other.startswith(f"{path}.") for other in found):
                found[path] = self._included(path) if inclusive else self._excluded(path)
        if self.draw.chance(0.3) and "_id" not in found:
            found["_id"] = self.draw.one([0, 1, False])
        return found

    def _included(self, path: str) -> BsonValue:
        choice = self.draw.random.random()
        if choice < 0.35:
            return self.draw.one([1, True, 1.5])
        if choice < 0.8:
            return Expressions(self.draw, COLLECTION).of("any", 2)
        return self._special(path)

    def _excluded(self, path: str) -> BsonValue:
        return self._special(path) if self.draw.chance(0.25) else self.draw.one([0, False])

    def _special(self, path: str) -> BsonValue:
        if "." not in path and self.draw.chance(0.4):
            return {"$elemMatch": Filters(self.draw)._element("objects" if path == "r" else "numbers", 0)}
        first = self.draw.one([0, 1, 2, -1, -3])
        return {"$slice": [first, self.draw.whole(1, 3)] if self.draw.chance(0.4) else first}


def _skip_limit(draw: Draw) -> Document:
    return {
        **({"skip": draw.whole(0, 4)} if draw.chance(0.3) else {}),
        **({"limit": draw.whole(1, 4)} if draw.chance(0.4) else {}),
    }


def _collation(draw: Draw) -> Document:
    strength = draw.whole(1, 3)
    return {"collation": {"locale": "en", "strength": strength}} if draw.chance(0.05) else {}
