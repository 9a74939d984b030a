"""`$group`: one document per group, with accumulators over the group's documents."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence

from satchel.errors import ErrorCode, ServerError
from satchel.mql.accumulation import Accumulator
from satchel.mql.context import Context
from satchel.mql.pipeline.accumulators import Statement, parse_accumulator
from satchel.mql.pipeline.chunk import Chunk, Column, chunked
from satchel.mql.pipeline.grouping import Grouping, GroupKey
from satchel.mql.pipeline.spill import MemoryMeter, SpilledRuns, estimated_size_bytes
from satchel.mql.pipeline.stage import STAGES, Dependencies, Scope, Stage
from satchel.values.bson_types import MISSING, BsonValue, Document, Field
from satchel.values.key_string import encode

_SAMPLE = 8
_STATE_SIZE_BYTES = 200

Group = tuple[BsonValue, list[Accumulator]]
"""A group's `_id` and its states."""


class GroupStage(Stage):
    """Groups its input; works through it in chunks, column by column.

    Args:
        operand: The operand as written.
        key: Its `_id`.
        statements: Its accumulators by field.
        context: The operation.
    """

    name = "$group"

    def __init__(self, operand: Document, key: Grouping, statements: dict[str, Statement], context: Context) -> None:
        self._operand = operand
        self._key = key
        self._fields = list(statements)
        self._statements = list(statements.values())
        self._lazy = [index for index, statement in enumerate(self._statements) if statement.is_lazy]
        self._context = context
        self._constants = _constants(self._statements)

    def run(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield the groups, in the order in which they came up (by `_id` when they had to be spilled)."""
        return self._grouped(chunked(documents))

    def run_chunks(self, chunks: Iterator[Chunk]) -> Iterator[Chunk]:
        """Yield the groups."""
        return (Chunk([document]) for document in self._grouped(chunks))

    def _grouped(self, chunks: Iterator[Chunk]) -> Iterator[Document]:
        groups: dict[Hashable, Group] = {}
        meter = MemoryMeter(self.name, self._context)
        runs: SpilledRuns[Group] = SpilledRuns(meter.make_store)
        for chunk in chunks:
            self._context.check_interrupt()
            if meter.add_bytes(self._add(groups, chunk)):
                meter.require_spilling()
                runs.write(self._sorted(groups))
                groups = {}
                meter.reset()
        finished = self._merged(runs.merged(self._sorted(groups))) if runs else iter(groups.values())
        fields = self._fields
        for id_, states in finished:
            document: Document = {"_id": id_}
            for field, state in zip(fields, states, strict=True):
                document[field] = state.result()
            yield document

    def _add(self, groups: dict[Hashable, Group], chunk: Chunk) -> int:
        """Add a chunk to the groups; return about how many bytes they grew by."""
        keys, id_at = self._key.columns(chunk)
        if self._constants is not None:
            return self._add_constants(groups, keys, id_at, self._constants)
        columns = [
            [] if statement.is_lazy else statement.column(chunk, self._context) for statement in self._statements
        ]
        rows: defaultdict[Hashable, list[int]] = defaultdict(list)
        for position, key in enumerate(keys):
            rows[key].append(position)
        known = len(groups)
        for key, positions in rows.items():
            group = groups.get(key)
            if group is None:
                group = groups[key] = self._new_group(id_at(positions[0]))
            _feed(group[1], columns, positions)
            if self._lazy:
                self._feed_lazily(group[1], chunk.documents, positions)
        return self._growth(columns, len(groups) - known)

    def _add_constants(
        self,
        groups: dict[Hashable, Group],
        keys: Sequence[Hashable],
        id_at: Callable[[int], BsonValue],
        constants: Sequence[Field],
    ) -> int:
        """Add a chunk of which only matters how many documents there are in each group."""
        known = len(groups)
        counts = Counter(keys)
        if not counts.keys() <= groups.keys():
            first = dict(zip(reversed(keys), range(len(keys) - 1, -1, -1), strict=True))
            for key in counts:
                if key not in groups:
                    groups[key] = self._new_group(id_at(first[key]))
        for key, count in counts.items():
            for state, constant in zip(groups[key][1], constants, strict=True):
                state.add_many([constant] * count)
        return self._growth([], len(groups) - known)

    def _feed_lazily(self, states: list[Accumulator], documents: Sequence[Document], positions: list[int]) -> None:
        """Compute and give values to those states that may have enough, as long as they do not."""
        variables = self._context.variables
        for index in self._lazy:
            state, evaluate = states[index], self._statements[index].evaluate
            for position in positions:
                if not state.wants_more:
                    break
                state.add(evaluate(documents[position], variables))

    def _new_group(self, id_: BsonValue) -> Group:
        root: Document = id_ if isinstance(id_, dict) else {}
        variables = self._context.variables
        states = [
            statement.create(
                MISSING if statement.initializer is None else statement.initializer.evaluate(root, variables)
            )
            for statement in self._statements
        ]
        return id_, states

    def _growth(self, columns: Sequence[Column], new_groups: int) -> int:
        growth = new_groups * _STATE_SIZE_BYTES * (1 + len(self._statements))
        for statement, column in zip(self._statements, columns, strict=False):
            if statement.holds_values and column:
                sample = column[:: max(1, len(column) // _SAMPLE)]
                growth += sum(map(estimated_size_bytes, sample)) * len(column) // len(sample)
        return growth

    def _sorted(self, groups: dict[Hashable, Group]) -> Iterable[tuple[bytes, Group]]:
        collation = self._context.collation
        keyed = [(encode(group[0], collation), group) for group in groups.values()]
        keyed.sort(key=lambda entry: entry[0])
        return keyed

    def _merged(self, entries: Iterator[tuple[bytes, Group]]) -> Iterator[Group]:
        """Join the parts of groups that were spilled, which come side by side."""
        current: Group | None = None
        current_key = b""
        for key, group in entries:
            if current is not None and key == current_key:
                for ours, theirs in zip(current[1], group[1], strict=True):
                    ours.merge(theirs)
                self._check_size(current)
            else:
                if current is not None:
                    yield current
                current, current_key = group, key
        if current is not None:
            yield current

    def _check_size(self, group: Group) -> None:
        """Check that one group's states, which no disk can help to hold, fit the memory."""
        held = [
            estimated_size_bytes(state.result())
            for state, statement in zip(group[1], self._statements, strict=True)
            if statement.holds_values
        ]
        limit = self._context.memory_limit_bytes
        if sum(held) > limit:
            raise ServerError(
                ErrorCode.ExceededMemoryLimit,
                f"{self.name} used too much memory and spilling cannot reduce memory usage any further. Memory limit: "
                f"{limit} bytes",
            )

    def operand(self) -> BsonValue:
        """Return the operand."""
        return self._operand

    @property
    def gathers(self) -> bool:
        """Groups have no more of the documents than values."""
        return True

    def dependencies(self) -> Dependencies:
        """Return what the key and the accumulators read; nothing else remains."""
        fields = self._key.fields.union(*(statement.fields for statement in self._statements))
        return Dependencies(fields, is_exhaustive=True)


def _constants(statements: Sequence[Statement]) -> list[Field] | None:
    """Return what goes into each accumulator if that is the same for every document, and is not kept."""
    values: list[Field] = []
    for statement in statements:
        argument = statement.argument
        if argument is None or not argument.is_constant or statement.is_lazy or statement.holds_values:
            return None
        values.append(argument.value)
    return values


def _feed(states: list[Accumulator], columns: list[Column], positions: list[int]) -> None:
    """Give the values at some positions to a group's states; an empty column is a lazy one's."""
    if len(positions) == 1:
        (position,) = positions
        for state, column in zip(states, columns, strict=True):
            if column:
                state.add(column[position])
    else:
        for state, column in zip(states, columns, strict=True):
            if not column:
                continue
            whole = len(positions) == len(column)
            state.add_many(column if whole else [column[position] for position in positions])


@STAGES.operator("$group")
def parse_group(operand: BsonValue, scope: Scope) -> GroupStage:
    """Group documents by an expression, and compute accumulators over each group.

    Raises:
        ServerError: Location15947 when the operand is not a document, 15955 without `_id`, 40234 to 40238, 15952 and
            12116300 for bad fields, and the errors of expressions and accumulators; while running
            QueryExceededMemoryLimitNoDiskUseAllowed (292).

    Reference:
        MongoDB manual, "$group (aggregation)".
    """
    if not isinstance(operand, dict):
        raise ServerError(15947, "a group's fields must be specified in an object")
    return group_stage(operand, scope.context)


def group_stage(operand: Document, context: Context) -> GroupStage:
    """Return the `$group` of an operand; for stages that are made of one."""
    key: GroupKey | None = None
    statements: dict[str, Statement] = {}
    for name, value in operand.items():
        if name == "_id":
            key = GroupKey(value, context)
        elif name != "$doingMerge":
            check_field_name(name)
            statements[name] = parse_accumulator(name, value, context)
    if key is None:
        raise ServerError(15955, "a group specification must include an _id")
    return GroupStage(operand, key, statements, context)


def check_field_name(name: str) -> None:
    """Check the name of a field that an accumulator gives.

    Raises:
        ServerError: Location12116300, 40235, 40236.
    """
    if not name:
        raise ServerError(12116300, "The field name '' cannot be an empty string")
    if "." in name:
        raise ServerError(40235, f"The field name '{name}' cannot contain '.'")
    if name[0] == "$":
        raise ServerError(40236, f"The field name '{name}' cannot be an operator name")
