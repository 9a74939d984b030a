"""Rewrites that keep a pipeline's answer and spare work."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from satchel.mql.pipeline.filter_paths import below, conjuncts, filter_paths
from satchel.mql.pipeline.filter_paths import join as join_filters
from satchel.mql.pipeline.stage import Scope, Stage
from satchel.mql.pipeline.stages.limit import LimitStage
from satchel.mql.pipeline.stages.lookup import LookupStage
from satchel.mql.pipeline.stages.match import MatchStage
from satchel.mql.pipeline.stages.skip import SkipStage
from satchel.mql.pipeline.stages.sort import SortStage
from satchel.mql.pipeline.stages.unwind import UnwindStage
from satchel.values.bson_types import Document

_MAX_ROUNDS = 1000


def rewrite(stages: Sequence[Stage], scope: Scope) -> list[Stage]:
    """Return stages that give the same documents in the same order, sooner."""
    rewritten = list(stages)
    if len(rewritten) > 1:
        _move_matches(rewritten, scope)
        _match_while_joining(rewritten, scope)
        _move_skips(rewritten)
        rewritten = _fold_windows(rewritten)
        _limit_sorts(rewritten)
    return rewritten


def _move_matches(stages: list[Stage], scope: Scope) -> None:
    """Move filters towards the source, part by part, and join those that meet."""
    index = 1
    rounds = _MAX_ROUNDS
    while index < len(stages) and rounds:
        rounds -= 1
        stage, before = stages[index], stages[index - 1]
        if not isinstance(stage, MatchStage):
            index += 1
        elif isinstance(before, MatchStage):
            stages[index - 1 : index + 1] = [_joined(before, stage, scope)]
            index = max(index - 1, 1)
        elif (moved := _split(stage, before, scope)) is not None:
            stages[index - 1 : index + 1] = moved
            index = max(index - 1, 1)
        else:
            index += 1


def _joined(first: MatchStage, second: MatchStage, scope: Scope) -> MatchStage:
    return MatchStage(join_filters([*conjuncts(first.filter), *conjuncts(second.filter)]), scope.context)


def _split(match: MatchStage, before: Stage, scope: Scope) -> list[Stage] | None:
    """Return `before` with those parts of `match` in front of it that do not care, or None if there are none."""
    movable: list[Document] = []
    staying: list[Document] = []
    for conjunct in conjuncts(match.filter):
        (movable if _may_pass(conjunct, before, scope) else staying).append(conjunct)
    if not movable:
        return None
    moved: list[Stage] = [MatchStage(join_filters(movable), scope.context), before]
    if staying:
        moved.append(MatchStage(join_filters(staying), scope.context))
    return moved


def _may_pass(conjunct: Document, before: Stage, scope: Scope) -> bool:
    paths = filter_paths(conjunct, scope.context)
    return bool(paths) and all(before.preserves(path.split(".", 1)[0]) for path in paths or ())


def _move_skips(stages: list[Stage]) -> None:
    """Move every `$skip` in front of the stages that would only change what it leaves out."""
    for index, stage in enumerate(stages):
        if isinstance(stage, SkipStage):
            place = index
            while place and stages[place - 1].keeps_count:
                place -= 1
            stages.insert(place, stages.pop(index))


def _match_while_joining(stages: list[Stage], scope: Scope) -> None:
    """Let a `$lookup` join only what a `$match` behind the `$unwind` of its array will keep."""
    for index in reversed(range(len(stages) - 2)):
        join, unwind, match = stages[index : index + 3]
        if isinstance(join, LookupStage) and isinstance(unwind, UnwindStage) and isinstance(match, MatchStage):
            path = ".".join(join.spec_.as_parts)
            if unwind.path != path or unwind.keeps_empty or unwind.index_path is not None:
                continue
            parts = [(conjunct, below(conjunct, path)) for conjunct in conjuncts(match.filter)]
            inner = [found for _, found in parts if found is not None]
            staying = [conjunct for conjunct, found in parts if found is None]
            if inner:
                rest = [MatchStage(join_filters(staying), scope.context)] if staying else []
                stages[index : index + 3] = [join.followed_by([{"$match": join_filters(inner)}]), unwind, *rest]


def _fold_windows(stages: Sequence[Stage]) -> list[Stage]:
    """Make every run of `$skip` and `$limit` one `$skip` and one `$limit`."""
    folded: list[Stage] = []
    skip, limit = 0, None
    for stage in [*stages, None]:
        if isinstance(stage, SkipStage | LimitStage):
            skip, limit = _window(skip, limit, stage)
            continue
        if skip:
            folded.append(SkipStage(skip))
        if limit is not None:
            folded.append(LimitStage(limit))
        if stage is not None:
            folded.append(stage)
        skip, limit = 0, None
    return folded


def _window(skip: int, limit: int | None, stage: SkipStage | LimitStage) -> tuple[int, int | None]:
    """Return the window that `stage` makes of the window (skip, limit)."""
    if isinstance(stage, LimitStage):
        return skip, stage.limit if limit is None else min(limit, stage.limit)
    return skip + stage.skip, None if limit is None else max(limit - stage.skip, 0)


def _limit_sorts(stages: list[Stage]) -> None:
    """Tell every `$sort` how many documents those behind it will ask for."""
    for index, stage in enumerate(stages):
        if isinstance(stage, SortStage):
            skip, limit = 0, None
            for follower in stages[index + 1 :]:
                if not isinstance(follower, SkipStage | LimitStage):
                    break
                skip, limit = _window(skip, limit, follower)
            if limit is not None:
                stages[index] = stage.limited(skip + limit)


def needed_fields(stages: Sequence[Stage]) -> frozenset[str] | None:
    """Return the dotted paths that `stages` read of their input, or None when they need whole documents."""
    needed: set[str] = set()
    for stage in stages:
        dependencies = stage.dependencies()
        if dependencies.fields is None or "" in dependencies.fields:
            return None
        needed |= dependencies.fields
        if dependencies.is_exhaustive:
            return _outermost(needed)
    return None


def grouped_fields(stages: Sequence[Stage]) -> frozenset[str] | None:
    """Return the dotted paths that `stages` read of their input before one that gathers it, or None without one.

    Nothing of those documents comes out, so that neither their other fields nor the order of these matter.
    """
    needed: set[str] = set()
    is_exhaustive = False
    for stage in stages:
        dependencies = stage.dependencies()
        if dependencies.fields is None or "" in dependencies.fields:
            return None
        if not is_exhaustive:
            needed |= dependencies.fields
        if stage.gathers:
            # What was computed on the way may be an object of several of its fields: their order would show.
            return _outermost({path.partition(".")[0] for path in needed} if is_exhaustive else needed)
        is_exhaustive = is_exhaustive or dependencies.is_exhaustive
    return None


def _outermost(paths: set[str]) -> frozenset[str]:
    """Drop the paths that lie below another one, and what comes after a position in an array."""
    paths = {before_positions(path) for path in paths}
    return frozenset(path for path in paths if not any(parent in paths for parent in _parents(path)))


def before_positions(path: str) -> str:
    """Return as much of a dotted path as does not name positions in arrays, nor what lies below them."""
    first, *rest = path.split(".")
    return ".".join([first, *takewhile(lambda part: not part.isdecimal(), rest)])


def _parents(path: str) -> list[str]:
    parts = path.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def leading_window(stages: Sequence[Stage]) -> tuple[int, int | None, int]:
    """Return the skip and the limit at the head of `stages`, and how many stages say so."""
    skip, limit, count = 0, None, 0
    for stage in stages:
        if not isinstance(stage, SkipStage | LimitStage):
            break
        skip, limit = _window(skip, limit, stage)
        count += 1
    return skip, limit, count
