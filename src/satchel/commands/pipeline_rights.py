"""What the stages of a pipeline need the right to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from satchel.access.actions import actions
from satchel.access.privileges import ANY_NORMAL, CLUSTER, Privilege
from satchel.commands.rights import privilege
from satchel.engine.namespaces import Namespace
from satchel.values.bson_types import BsonValue

StageNeeds: TypeAlias = Callable[[Namespace, BsonValue, tuple[str, ...]], Iterator[Privilege]]
"""Takes what the pipeline runs on, the stage's operand, and the actions that writing takes beside its own."""

_NO_BYPASS: Final = ()
_BYPASS: Final = ("bypassDocumentValidation",)


def pipeline_needs(namespace: Namespace, pipeline: BsonValue, *, bypass: bool = False) -> Iterator[Privilege]:
    """Yield the privileges that a pipeline takes.

    What is no pipeline takes none: parsing it, which comes later, fails.

    Args:
        namespace: What it runs on; without a collection for the database itself.
        pipeline: Its stages.
        bypass: Whether `bypassDocumentValidation` was given.
    """
    stages = [stage for stage in pipeline if isinstance(stage, dict)] if isinstance(pipeline, list) else []
    first = next(iter(stages[0]), "") if stages else ""
    if first not in BRINGS_ITS_OWN:
        yield privilege(namespace, "find")
    for stage in stages:
        for name, operand in stage.items():
            needs = STAGE_NEEDS.get(name)
            if needs is not None:
                yield from needs(namespace, operand, _BYPASS if bypass else _NO_BYPASS)


def _on_the_collection(action: str) -> StageNeeds:
    def needs(namespace: Namespace, operand: BsonValue, bypass: tuple[str, ...]) -> Iterator[Privilege]:
        yield privilege(namespace, action)

    return needs


def _change_stream(namespace: Namespace, operand: BsonValue, bypass: tuple[str, ...]) -> Iterator[Privilege]:
    if isinstance(operand, dict) and operand.get("allChangesForCluster"):
        yield Privilege(ANY_NORMAL, actions("changeStream find"))
    else:
        yield privilege(namespace, "changeStream", "find")


def _for_all_users(action: str) -> StageNeeds:
    """Return the needs of a stage that shows one's own things to everybody, and those of all with `allUsers`."""

    def needs(namespace: Namespace, operand: BsonValue, bypass: tuple[str, ...]) -> Iterator[Privilege]:
        if isinstance(operand, dict) and (operand.get("allUsers") or operand.get("users")):
            yield Privilege(CLUSTER, actions(action))

    return needs


def _joined(name_field: str) -> StageNeeds:
    """Return the needs of a stage that reads another collection, through a pipeline of its own if it has one."""

    def needs(namespace: Namespace, operand: BsonValue, bypass: tuple[str, ...]) -> Iterator[Privilege]:
        given = {name_field: operand} if isinstance(operand, str) else operand
        if isinstance(given, dict):
            name = given.get(name_field, "")
            foreign = Namespace(namespace.database, name if isinstance(name, str) else "")
            yield from pipeline_needs(foreign, given.get("pipeline", []))

    return needs


def _facet(namespace: Namespace, operand: BsonValue, bypass: tuple[str, ...]) -> Iterator[Privilege]:
    for pipeline in operand.values() if isinstance(operand, dict) else ():
        yield from pipeline_needs(namespace, pipeline)


def _out(namespace: Namespace, operand: BsonValue, bypass: tuple[str, ...]) -> Iterator[Privilege]:
    yield privilege(_target(namespace, operand), "insert", "remove", *bypass)


_WHEN_MATCHED_WRITES_NOTHING: Final = ("keepExisting", "fail")


def _merge(namespace: Namespace, operand: BsonValue, bypass: tuple[str, ...]) -> Iterator[Privilege]:
    given = operand if isinstance(operand, dict) else {"into": operand}
    wanted = set(bypass)
    if given.get("whenMatched", "merge") not in _WHEN_MATCHED_WRITES_NOTHING:
        wanted.add("update")
    if given.get("whenNotMatched", "insert") == "insert":
        wanted.add("insert")
    yield privilege(_target(namespace, given.get("into")), *wanted)


def _target(namespace: Namespace, into: BsonValue) -> Namespace:
    if isinstance(into, dict):
        return Namespace(str(into.get("db") or namespace.database), str(into.get("coll", "")))
    return Namespace(namespace.database, into if isinstance(into, str) else "")


STAGE_NEEDS: Final[dict[str, StageNeeds]] = {
    "$changeStream": _change_stream,
    "$collStats": _on_the_collection("collStats"),
    "$currentOp": _for_all_users("inprog"),
    "$facet": _facet,
    "$graphLookup": _joined("from"),
    "$indexStats": _on_the_collection("indexStats"),
    "$listLocalSessions": _for_all_users("listSessions"),
    "$listSessions": _for_all_users("listSessions"),
    "$lookup": _joined("from"),
    "$merge": _merge,
    "$out": _out,
    "$planCacheStats": _on_the_collection("planCacheRead"),
    "$unionWith": _joined("coll"),
}
"""The stages that take more than to read what the pipeline runs on."""

BRINGS_ITS_OWN: Final = frozenset(
    {
        "$changeStream",
        "$collStats",
        "$currentOp",
        "$documents",
        "$indexStats",
        "$listLocalSessions",
        "$listSessions",
        "$planCacheStats",
    }
)
"""The first stages of pipelines that do not read what they run on."""

HARMLESS: Final = frozenset(
    {"$addFields", "$bucket", "$bucketAuto", "$changeStreamSplitLargeEvent", "$count", "$densify", "$documents",
     "$fill", "$group", "$limit", "$match", "$project", "$redact", "$replaceRoot", "$replaceWith", "$sample", "$set",
     "$setWindowFields", "$skip", "$sort", "$sortByCount", "$unset", "$unwind"}
)  # fmt: skip
"""The stages that compute with the documents before them; every stage is here or among `STAGE_NEEDS`."""
