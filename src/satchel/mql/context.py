"""What an operation brings along while its language is parsed and evaluated."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bson import Timestamp
from bson.datetime_ms import DatetimeMS

from satchel.storage.blocks import BlockStore, FileBlocks
from satchel.values.bson_types import BsonValue
from satchel.values.collation import Collation


def _now() -> DatetimeMS:
    return DatetimeMS(time.time_ns() // 1_000_000)


_RANDOM = random.Random()  # seeding one takes longer than many an operation


def _no_interrupt() -> None:
    return


@dataclass(slots=True)
class Context:
    """The circumstances of one operation; the same object serves parsing and evaluation.

    Attributes:
        now: The operation's one point in time (`$$NOW`, `$currentDate`).
        cluster_time: `$$CLUSTER_TIME`, or None where there is no cluster time.
        collation: How strings compare; None means by their bytes (`locale: "simple"`).
        variables: The user's variables of `let`, already evaluated.
        unbound: Names of variables whose values come later: a pipeline inside a stage is checked before it has them.
        optimises: Whether constant parts of expressions are computed, and fail, before there is a document; the
            pipelines of updates run as they are written.
        random: The source of `$rand`, `$sampleRate` and `$sample`.
        api_strict: Whether only what is in version 1 of the Stable API may be used (`apiStrict`).
        allow_disk_use: Whether blocking stages may spill.
        memory_limit_bytes: What one blocking stage may hold in memory.
        temporary_blocks: Makes a temporary file to spill to.
        check_interrupt: Raises ServerError when the operation was killed or has run out of time (`maxTimeMS`);
            loops call it every few hundred documents.
    """

    now: DatetimeMS = field(default_factory=_now)
    cluster_time: Timestamp | None = None
    collation: Collation | None = None
    variables: Mapping[str, BsonValue] = field(default_factory=dict)
    unbound: frozenset[str] = frozenset()
    optimises: bool = True
    random: random.Random = _RANDOM
    api_strict: bool = False
    allow_disk_use: bool = True
    memory_limit_bytes: int = 100 * 1024 * 1024
    temporary_blocks: Callable[[], BlockStore] = FileBlocks
    check_interrupt: Callable[[], None] = _no_interrupt
