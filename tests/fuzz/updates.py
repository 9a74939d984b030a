"""Random update, delete and findAndModify commands."""

from __future__ import annotations

from typing import Final

from bson import Int64

from satchel.values.bson_types import BsonValue, Document

from . import values
from .draw import Draw
from .expressions import Expressions
from .filters import Filters
from .finds import sort
from .shape import COLLECTION

_PATHS: Final = {
    "number": ["n", "m", "o.n", "o.p.n", "a.0", "r.0.n", "r.1.n", "zz", "o.zz", "x.n", "a.$[]", "r.$[].n", "a.2"],
    "any": ["x", "s", "k", "o.p", "r.0", "w.1", "x.b", "o.s", "zz.y", "r.$[]", "r.$[].zz", "b", "d", "a.5", "o"],
    "array": ["a", "w", "r", "x", "o.a", "zz", "o.zz", "x.a"],
}
_MODIFIERS: Final = {
    "$inc": "number",
    "$mul": "number",
    "$min": "any",
    "$max": "any",
    "$set": "any",
    "$unset": "any",
    "$rename": "rename",
    "$bit": "bits",
    "$setOnInsert": "any",
    "$push": "array",
    "$addToSet": "array",
    "$pop": "array",
    "$pull": "array",
    "$pullAll": "array",
}
NOT_GENERATED: Final = {"$currentDate": "the present time"}
"""The modifiers that are left out, with the reason."""


def generated_modifiers() -> set[str]:
    """Return the names of the modifiers that are generated."""
    return set(_MODIFIERS)


class Updates:
    """Makes commands that change a collection.

    Args:
        draw: Where choices come from.
    """

    def __init__(self, draw: Draw) -> None:
        self.draw = draw

    def command(self) -> Document:
        """Return a command whose effect does not depend on the order of documents."""
        choice = self.draw.random.random()
        if choice < 0.08:
            statement = {"q": Filters(self.draw).of(1), "limit": 0}
            return {"delete": "$coll", "deletes": [statement]}
        if choice < 0.25:
            return self._find_and_modify()
        return {"update": "$coll", "updates": self.draw.many(self._statement, 1, 1)}

    def _statement(self) -> Document:
        update, extra = self.update()
        filter_, multi = self._filter(update)
        found: Document = {"q": filter_, "u": update, **extra}
        if multi:
            found["multi"] = True
        if self.draw.chance(0.12):
            found["upsert"] = True
        return found

    def _filter(self, update: BsonValue) -> tuple[Document, bool]:
        is_replacement = isinstance(update, dict) and not any(name.startswith("$") for name in update)
        if is_replacement or self.draw.chance(0.4):
            return {"_id": self.draw.whole(0, 6)}, False
        if self.draw.chance(0.3):
            return {}, True
        if self.draw.chance(0.4):
            path = self.draw.one(["a", "w", "r.n", "r"])
            kind = {"w": "string", "r": "objects"}.get(path, "number")
            return {path: Filters(self.draw).condition(kind, 1)}, True
        return Filters(self.draw).of(1), True

    def _find_and_modify(self) -> Document:
        command: Document = {"findAndModify": "$coll", "query": Filters(self.draw).of(1), "sort": sort(self.draw)}
        if self.draw.chance(0.15):
            return {**command, "remove": True}
        update, extra = self.update()
        command |= {"update": update, "new": self.draw.chance(0.5), **extra}
        return {**command, "fields": {"x": 0}} if self.draw.chance(0.2) else command

    def update(self) -> tuple[BsonValue, Document]:
        """Return an update and what its statement needs besides."""
        choice = self.draw.random.random()
        if choice < 0.05:
            return {name: values.anything(self.draw) for name in self.draw.some(["n", "s", "x", "_id"], 0, 3)}, {}
        if choice < 0.25:
            return self.draw.many(self._stage, 1, 3), {}
        return self._modifiers()

    def _modifiers(self) -> tuple[Document, Document]:
        found: Document = {}
        taken: list[str] = []
        filters: list[Document] = []
        for _ in range(self.draw.one([1, 1, 1, 2, 3])):
            name = self.draw.one(list(_MODIFIERS))
            path = self._path(_MODIFIERS[name], filters)
            root = path.split(".")[0]
            if root in taken and self.draw.chance(0.95):
                continue
            taken.append(root)
            found.setdefault(name, {})[path] = self._operand(name)
        return found, {"arrayFilters": filters} if filters else {}

    def _path(self, kind: str, filters: list[Document]) -> str:
        if kind in ("array", "number", "any") and self.draw.chance(0.15):
            return self._filtered(kind, filters)
        if self.draw.chance(0.08):
            return self.draw.one(["a.$", "r.$", "r.$.n", "w.$", "r.$.zz", "a.$.n"])
        paths = (
            _PATHS["any"] + _PATHS["array"] if kind in ("rename", "any") else _PATHS[{"bits": "number"}.get(kind, kind)]
        )
        if kind == "rename":
            paths = [path for path in paths if "$" not in path]
        return self.draw.one(paths)

    def _filtered(self, kind: str, filters: list[Document]) -> str:
        name = f"f{len(filters)}"
        if kind == "number":
            filters.append({name: Filters(self.draw, expressions=False).condition("number", 0)})
            return f"a.$[{name}]"
        filters.append({f"{name}.n": Filters(self.draw, expressions=False).condition("number", 0)})
        return f"r.$[{name}]" + ("" if kind == "array" else self.draw.one([".s", ".zz", ""]))

    def _operand(self, name: str) -> BsonValue:
        makers = {
            "$inc": lambda: values.number(self.draw),
            "$mul": lambda: values.number(self.draw),
            "$unset": lambda: "",
            "$rename": lambda: self.draw.one(["zz", "o.new", "m", "x.y", "y"]),
            "$bit": lambda: {self.draw.one(["and", "or", "xor"]): self.draw.one([1, 6, Int64(2**33)])},
            "$push": self._push,
            "$addToSet": self._added,
            "$pop": lambda: self.draw.one([1, -1]),
            "$pull": self._pulled,
            "$pullAll": lambda: self.draw.many(self._element, 0, 3),
        }
        return makers.get(name, lambda: values.anything(self.draw))()

    def _element(self) -> BsonValue:
        return self.draw.one([values.number, values.element, values.anything, lambda draw: draw.one(values.WORDS)])(
            self.draw
        )

    def _each(self) -> Document:
        return {"$each": self.draw.many(self._element, 0, 3)}

    def _push(self) -> BsonValue:
        if self.draw.chance(0.4):
            return self._element()
        found = self._each()
        if self.draw.chance(0.4):
            found["$position"] = self.draw.whole(-2, 3)
        if self.draw.chance(0.4):
            found["$slice"] = self.draw.whole(-3, 3)
        if self.draw.chance(0.4):
            found["$sort"] = self.draw.one([1, -1, {"n": 1}, {"s": -1, "n": 1}])
        return found

    def _added(self) -> BsonValue:
        return self._each() if self.draw.chance(0.5) else self._element()

    def _pulled(self) -> BsonValue:
        if self.draw.chance(0.3):
            return self._element()
        if self.draw.chance(0.3):
            return Filters(self.draw, COLLECTION.only({"n": "number", "s": "string"}), expressions=False).of(0)
        return Filters(self.draw, expressions=False).condition(self.draw.one(["number", "string"]), 0)

    def _stage(self) -> Document:
        makers = Expressions(self.draw, COLLECTION)
        choice = self.draw.random.random()
        names = ["n", "s", "x", "zz", "o.n", "o.zz", "r.n"]
        if choice < 0.6:
            stage = self.draw.one(["$set", "$addFields"])
            return {stage: {name: makers.of("any", 2) for name in self.draw.some(names, 1, 2)}}
        if choice < 0.75:
            return {"$unset": self.draw.some(names, 1, 2)}
        if choice < 0.85:
            return {"$project": dict.fromkeys(self.draw.some(names[:4], 1, 3), 1)}
        merged = {"$mergeObjects": ["$$ROOT", {"zz": makers.of("any", 1)}]}
        return {"$replaceWith": merged} if self.draw.chance(0.5) else {"$replaceRoot": {"newRoot": merged}}
