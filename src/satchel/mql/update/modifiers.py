"""Updates by operators: `{$set: {a: 1}, $inc: {b: 1}}`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import ClassVar

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.update import arithmetic, array, bitwise, compare, fields, push  # noqa: F401  (they register)
from satchel.mql.update.delta import modifiers_delta
from satchel.mql.update.modifier import OPERATORS, Modifier, Site, Walk
from satchel.mql.update.paths import POSITIONAL, element_identifier, split_known_path, split_update_path, static_path
from satchel.mql.update.result import check_depth, check_names, check_same_id, depth_of
from satchel.mql.update.tree import Elements, Fields, Leaf, Node
from satchel.mql.update.update import Kind, Update
from satchel.values.bson_types import MAX_NESTING_DEPTH, BsonValue, Document, type_name
from satchel.values.shell_text import shell_text

ElementTests = Mapping[str, Callable[[BsonValue], bool]]


class ModifierUpdate(Update):
    """Update operators, as one tree of paths.

    Args:
        root: The tree.
        modifiers: What stands in it.
    """

    kind: ClassVar[Kind] = "modifiers"

    def __init__(self, root: Fields, modifiers: Sequence[Modifier]) -> None:
        self._root = root
        self._modifiers = modifiers
        self._dollar_names = [name for name in root.children if name[0] == "$"]
        self._touches_id = "_id" in root.children
        self._may_be_deep = any(map(_may_be_deep, modifiers))

    @cached_property
    def is_constant(self) -> bool:
        """Whether no operator has asked for the operation."""
        return not any(modifier.site.has_asked for modifier in self._modifiers)

    @cached_property
    def needs_position(self) -> bool:
        """Whether it has the positional operator `$`."""
        return any(POSITIONAL in modifier.site.parts for modifier in self._modifiers)

    @cached_property
    def touched_paths(self) -> frozenset[str]:
        """The paths of all operators, without array positions."""
        return frozenset(static_path(modifier.site.parts) for modifier in self._modifiers)

    def apply(self, document: Document, *, position: int | None = None, inserting: bool = False) -> Document:
        """Return the updated document: see `Update.apply`."""
        result = self._root.apply_to_document(document, (), Walk(document, position, inserting))
        if result is document:
            return document
        if self._touches_id and (not inserting or "_id" in document):
            check_same_id(document, result)
        if self._dollar_names and not inserting:
            changed = [name for name in self._dollar_names if self._is_new(name, document, result)]
            check_names(result, changed)
        if self._may_be_deep:
            check_depth(result)
        return result

    def delta(self, old: Document, new: Document) -> Document | None:
        """Return what the operators changed: see `Update.delta`."""
        delta = modifiers_delta(self._root, old, new)
        return None if delta is None else delta.to_bson()

    def _is_new(self, name: str, old: Document, new: Document) -> bool:
        """Tell whether a top-level field was created or replaced as a whole, not only changed inside."""
        if name not in new or (name in old and new[name] is old[name]):
            return False
        return name not in old or isinstance(self._root.children[name], Leaf)


def _may_be_deep(modifier: Modifier) -> bool:
    """Tell whether an operator may reach the limit of nesting; `$rename` moves what is already there."""
    if modifier.applies is not None:
        return True
    operand = modifier.operand
    depth = len(modifier.site.parts) + (depth_of(operand) if isinstance(operand, dict | list) else 0)
    return depth + 1 >= MAX_NESTING_DEPTH


def parse_modifiers(spec: Document, context: Context, tests: ElementTests) -> ModifierUpdate:
    """Parse update operators.

    Args:
        spec: The user's document; its names are operators.
        context: The operation.
        tests: The array filters.

    Raises:
        ServerError: FailedToParse (9) for an unknown operator, an operand that is no document, an array filter that
            is not used; ConflictingUpdateOperators (40) for paths inside each other; and those of the operators.
    """
    root = Fields()
    modifiers: list[Modifier] = []
    for name, operands in spec.items():
        parse = OPERATORS.get(name)
        if parse is None:
            raise ServerError(
                ErrorCode.FailedToParse,
                f"Unknown modifier: {name}. Expected a valid update modifier or pipeline-style update specified as "
                "an array",
            )
        if not isinstance(operands, dict):
            raise ServerError(
                ErrorCode.FailedToParse,
                f"Modifiers operate on fields but we found type {type_name(operands)} instead. For example: "
                f"{{$mod: {{<field>: ...}}}} not {{{name}: {shell_text(operands)}}}",
            )
        for path, operand in operands.items():
            parts = split_update_path(path, tests) if tests else split_known_path(path)
            parsed = parse(operand, Site(path, parts, context))
            for modifier in (parsed,) if isinstance(parsed, Modifier) else parsed.values():
                _add(root, modifier, tests)
                modifiers.append(modifier)
    if tests:
        _check_used(spec, tests, modifiers)
    return ModifierUpdate(root, modifiers)


def _check_used(spec: Document, tests: ElementTests, modifiers: Iterable[Modifier]) -> None:
    used = {element_identifier(part) for modifier in modifiers for part in modifier.site.parts}
    for identifier in tests:
        if identifier not in used:
            raise ServerError(
                ErrorCode.FailedToParse,
                f"The array filter for identifier '{identifier}' was not used in the update {shell_text(spec)}",
            )


def _add(root: Fields, modifier: Modifier, tests: ElementTests) -> None:
    """Put a modifier into the tree.

    Raises:
        ServerError: ConflictingUpdateOperators (40).
    """
    parts = modifier.site.parts
    if len(parts) == 1 and parts[0] not in root.children and parts[0] != POSITIONAL:
        root.children[parts[0]] = Leaf(modifier)
        return
    last = len(parts) - 1
    node: Node = root
    for depth, part in enumerate(parts):
        child = _child(node, part)
        if child is None:
            child = Leaf(modifier) if depth == last else _container(parts[depth + 1], tests)
            _set_child(node, part, child)
        elif depth == last or not _can_hold(child, parts[depth + 1]):
            raise ServerError(
                ErrorCode.ConflictingUpdateOperators,
                f"Updating the path '{modifier.site.path}' would create a conflict at '{'.'.join(parts[: depth + 1])}'",
            )
        node = child


def _container(next_part: str, tests: ElementTests) -> Fields | Elements:
    return Fields() if element_identifier(next_part) is None else Elements(tests)


def _can_hold(node: Node, part: str) -> bool:
    return isinstance(node, Fields if element_identifier(part) is None else Elements)


def _child(node: Node, part: str) -> Node | None:
    if isinstance(node, Fields):
        return node.positional if part == POSITIONAL else node.children.get(part)
    assert isinstance(node, Elements)
    return node.children.get(element_identifier(part) or "")


def _set_child(node: Node, part: str, child: Node) -> None:
    if isinstance(node, Elements):
        node.children[element_identifier(part) or ""] = child
    else:
        assert isinstance(node, Fields)
        if part == POSITIONAL:
            node.positional = child
        else:
            node.children[part] = child
