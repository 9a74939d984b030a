"""Updates by operators: `{$set: {a: 1}, $inc: {b: 1}}`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.update import arithmetic, array, bitwise, compare, fields, push  # noqa: F401  (they register)
from satchel.mql.update.modifier import OPERATORS, Modifier, Site, Walk
from satchel.mql.update.paths import POSITIONAL, element_identifier, split_update_path, static_path
from satchel.mql.update.result import check_depth, check_names, check_same_id, depth_of
from satchel.mql.update.tree import Elements, Fields, Leaf, Node, modifiers
from satchel.mql.update.update import Kind, Update
from satchel.values.bson_types import MAX_NESTING_DEPTH, BsonValue, Document, type_name
from satchel.values.shell_text import shell_text

ElementTests = Mapping[str, Callable[[BsonValue], bool]]


class ModifierUpdate(Update):
    """Update operators, as one tree of paths.

    Args:
        root: The tree.
    """

    kind: ClassVar[Kind] = "modifiers"

    def __init__(self, root: Fields) -> None:
        found = list(modifiers([root]))
        self._root = root
        self._dollar_names = tuple(name for name in root.children if name.startswith("$"))
        self._touches_id = "_id" in root.children
        self._may_be_deep = any(_may_be_deep(modifier) for modifier in found)
        self.needs_position = any(POSITIONAL in modifier.site.parts for modifier in found)
        self.touched_paths = frozenset(static_path(modifier.site.parts) for modifier in found)

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

    def _is_new(self, name: str, old: Document, new: Document) -> bool:
        """Tell whether a top-level field was created or replaced as a whole, not only changed inside."""
        if name not in new or (name in old and new[name] is old[name]):
            return False
        return name not in old or isinstance(self._root.children[name], Leaf)


def _may_be_deep(modifier: Modifier) -> bool:
    """Tell whether an operator may reach the limit of nesting; `$rename` moves what is already there."""
    return (
        len(modifier.site.parts) + depth_of(modifier.operand) + 1 >= MAX_NESTING_DEPTH or modifier.applies is not None
    )


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
    used: set[str] = set()
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
            site = Site(path, split_update_path(path, tests), context)
            parsed = parse(operand, site)
            for modifier in (parsed,) if isinstance(parsed, Modifier) else parsed.values():
                _add(root, modifier, tests)
            used.update(filter(None, map(element_identifier, site.parts)))
    _check_used(spec, tests, used)
    return ModifierUpdate(root)


def _check_used(spec: Document, tests: ElementTests, used: set[str]) -> None:
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
    node: Node = root
    for depth, part in enumerate(parts):
        is_last = depth == len(parts) - 1
        known = _child(node, part)
        if known is None:
            child: Node = Leaf(modifier) if is_last else _container(parts[depth + 1], tests)
            _set_child(node, part, child)
        elif is_last or not _can_hold(known, parts[depth + 1]):
            raise ServerError(
                ErrorCode.ConflictingUpdateOperators,
                f"Updating the path '{modifier.site.path}' would create a conflict at '{'.'.join(parts[: depth + 1])}'",
            )
        else:
            child = known
        node = child


def _container(next_part: str, tests: ElementTests) -> Fields | Elements:
    return Fields() if element_identifier(next_part) is None else Elements(tests)


def _can_hold(node: Node, part: str) -> bool:
    return isinstance(node, Fields if element_identifier(part) is None else Elements)


def _child(node: Node, part: str) -> Node | None:
    if isinstance(node, Elements):
        return node.children.get(element_identifier(part) or "")
    assert isinstance(node, Fields)
    return node.positional if part == POSITIONAL else node.children.get(part)


def _set_child(node: Node, part: str, child: Node) -> None:
    if isinstance(node, Elements):
        node.children[element_identifier(part) or ""] = child
    else:
        assert isinstance(node, Fields)
        if part == POSITIONAL:
            node.positional = child
        else:
            node.children[part] = child
