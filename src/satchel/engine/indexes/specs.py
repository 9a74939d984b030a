"""Index specifications: what createIndexes accepts, and how it tells two indexes apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast

from bson import Decimal128

from satchel.engine.catalog import CollectionEntry
from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.match import MatchExpression, parse_filter
from satchel.mql.match.comparison import Eq, Gt, Gte, In, Lt, Lte
from satchel.mql.match.element import Exists, Type
from satchel.mql.match.evaluation import Expr
from satchel.mql.match.tree import AlwaysTrue, And, Or
from satchel.mql.projection import parse_projection
from satchel.mql.stable_api import check_index_kinds
from satchel.settings import MAX_INDEXES
from satchel.values.bson_types import BsonValue, Document, is_number, type_name
from satchel.values.collation import parse_collation
from satchel.values.compare import equal
from satchel.values.numbers import is_nan
from satchel.values.shell_text import shell_text

MAX_NAME_BYTES: Final = 127
MAX_TTL_SECONDS: Final = 2**31 - 1
MAX_KEY_FIELDS: Final = 32

_UNBUILT_KINDS: Final = {"text": "text", "2dsphere": "geospatial", "2d": "geospatial"}
_DROPPED: Final = frozenset({"dropDups", "ns"})
_ORDER: Final = (
    "v", "key", "name", "background", "unique", "hidden", "partialFilterExpression", "sparse", "expireAfterSeconds",
    "storageEngine", "collation", "wildcardProjection", "prepareUnique",
)  # fmt: skip
"""How listIndexes orders what it knows of an index."""

_OF_OTHER_KINDS: Final = frozenset({"clustered", "weights"})
_SIGNATURE: Final = ("key", "collation", "partialFilterExpression", "unique", "sparse", "wildcardProjection")


def parse_index_spec(spec: Document, entry: CollectionEntry, context: Context) -> Document:
    """Check one index specification and return it as it will be stored and listed.

    Raises:
        ServerError: FailedToParse (9), TypeMismatch (14), CannotCreateIndex (67), BadValue (2),
            InvalidIndexSpecificationOption (197), APIStrictError (323), NotImplemented (238) for text and geospatial
            indexes.
    """
    check_index_kinds(spec.get("key"), context)
    key = _required_key(spec)
    stored: Document = {"v": 2, "key": key, "name": _name(spec["name"])}
    for option, value in spec.items():
        if option not in ("key", "name") and option not in _DROPPED:
            checked = _checker(option, spec)(option, value)
            if checked is not None:
                stored[option] = checked
    if "collation" not in spec and "collation" in entry.options:
        stored["collation"] = entry.options["collation"]
    _check_together(stored, entry)
    return {option: stored[option] for option in _ORDER if option in stored}


def _required_key(spec: Document) -> Document:
    """Return the checked key pattern, having checked what must be told before the options are looked at."""
    for name in ("key", "name"):
        if name not in spec:
            raise ServerError(
                ErrorCode.FailedToParse, f"The '{name}' field is a required property of an index specification"
            )
    key = spec["key"]
    if not isinstance(key, dict):
        raise ServerError(ErrorCode.TypeMismatch, f"The field 'key' must be an object, but got {type_name(key)}")
    _check_key(key)
    if key == {"_id": 1}:
        _check_id_spec(spec)
    if "wildcardProjection" in spec and not any(map(is_wildcard, key)):
        raise ServerError(ErrorCode.BadValue, "The field 'wildcardProjection' is only allowed in an 'wildcard' index")
    return key


def _checker(option: str, spec: Document) -> Callable[[str, BsonValue], BsonValue]:
    checker = _OPTIONS.get(option)
    if checker is not None:
        return checker
    if option in _OF_OTHER_KINDS:
        raise ServerError(ErrorCode.CannotCreateIndex, f"The field '{option}' needs another kind of index")
    raise ServerError(
        ErrorCode.InvalidIndexSpecificationOption,
        f"The field '{option}' is not valid for an index specification. Specification: {shell_text(spec)}",
    )


def _name(name: BsonValue) -> str:
    if not isinstance(name, str):
        raise ServerError(ErrorCode.TypeMismatch, f"The field 'name' must be a string, but got {type_name(name)}")
    if not name:
        raise ServerError(ErrorCode.CannotCreateIndex, "index name cannot be empty")
    if "\0" in name:
        raise ServerError(ErrorCode.CannotCreateIndex, "index name cannot contain NUL bytes")
    if name == "*":
        raise ServerError(ErrorCode.BadValue, "The index name '*' is not valid.")
    return name


def _check_key(key: Document) -> None:
    if not key:
        raise ServerError(ErrorCode.CannotCreateIndex, "Index keys cannot be an empty object.")
    if len(key) > MAX_KEY_FIELDS:
        raise ServerError(13103, "too many compound keys")
    for path, direction in key.items():
        _check_path(path)
        _check_direction(path, direction, key)
    if key == {"_id": -1}:
        raise ServerError(
            ErrorCode.BadValue, f"The field 'key' for an _id index must be {{_id: 1}}, but got {shell_text(key)}"
        )
    if sum(map(is_wildcard, key)) > 1:
        raise ServerError(7246201, "wildcard indexes do not allow multiple wildcards")
    if list(key.values()).count("hashed") > 1:
        raise ServerError(31303, "A maximum of one index field is allowed to be hashed")


def is_wildcard(path: str) -> bool:
    """Tell whether a path of a key pattern stands for all paths below it."""
    return path == "$**" or path.endswith(".$**")


def _check_path(path: str) -> None:
    if not path:
        raise ServerError(ErrorCode.CannotCreateIndex, "Index keys cannot be an empty field.")
    parts = path.split(".")
    if "" in parts:
        raise ServerError(ErrorCode.CannotCreateIndex, "Index keys cannot contain an empty field.")
    for part in parts:
        if part.startswith("$") and not (part == "$**" and part is parts[-1]) and part not in ("$id", "$ref", "$db"):
            raise ServerError(
                ErrorCode.CannotCreateIndex,
                "Index key contains an illegal field name: field name starts with '$'.",
            )


def _check_direction(path: str, direction: BsonValue, key: Document) -> None:
    if isinstance(direction, str):
        if direction in _UNBUILT_KINDS:
            raise ServerError(ErrorCode.NotImplemented, f"{_UNBUILT_KINDS[direction]} indexes are not supported yet")
        if direction != "hashed":
            raise ServerError(ErrorCode.CannotCreateIndex, f"Unknown index plugin '{direction}'")
    elif not is_number(direction):
        raise ServerError(
            ErrorCode.CannotCreateIndex,
            f"Values in v:2 index key pattern cannot be of type {type_name(direction)}. Only numbers > 0, numbers < 0, "
            "and strings are allowed.",
        )
    elif direction == 0 or is_nan(direction):
        raise ServerError(ErrorCode.CannotCreateIndex, "Values in the index key pattern cannot be 0.")


def _flag(option: str, value: BsonValue) -> BsonValue:
    if not (isinstance(value, bool) or is_number(value)):
        raise ServerError(
            ErrorCode.TypeMismatch,
            f"The field '{option}' has value {option}: {shell_text(value)}, which is not convertible to bool",
        )
    return True if value else None


def _kept_flag(option: str, value: BsonValue) -> BsonValue:
    return bool(_flag(option, value))


def _strict_flag(option: str, value: BsonValue) -> BsonValue:
    if not isinstance(value, bool):
        raise ServerError(ErrorCode.TypeMismatch, f"The field '{option}' must be a bool, but got {type_name(value)}")
    return value or None


def _storage_engine(option: str, value: BsonValue) -> BsonValue:
    if not isinstance(value, dict) or not value:
        raise ServerError(ErrorCode.CannotCreateIndex, f"The field '{option}' must be an object and not empty")
    return value


def _document_option(option: str, value: BsonValue) -> BsonValue:
    if not isinstance(value, dict):
        raise ServerError(ErrorCode.TypeMismatch, f"The field '{option}' must be an object, but got {type_name(value)}")
    return value


def _version(option: str, value: BsonValue) -> BsonValue:
    if not is_number(value):
        raise ServerError(ErrorCode.TypeMismatch, f"The field 'v' must be a number, but got {type_name(value)}")
    if value not in (1, 2):
        raise ServerError(ErrorCode.CannotCreateIndex, f"Invalid index specification, version {value} is not supported")
    return 1 if value == 1 else 2


def _ttl(option: str, value: BsonValue) -> BsonValue:
    if not is_number(value):
        raise ServerError(
            ErrorCode.CannotCreateIndex,
            f"TTL index 'expireAfterSeconds' option must be numeric, but received a type of '{type_name(value)}'.",
        )
    number = value.to_decimal() if isinstance(value, Decimal128) else cast("float", value)
    if is_nan(value) or not 0 <= number <= MAX_TTL_SECONDS:
        raise ServerError(
            ErrorCode.CannotCreateIndex,
            f"TTL index 'expireAfterSeconds' option must be within an acceptable range: {shell_text(value)}",
        )
    return int(number)


def _collation(option: str, value: BsonValue) -> BsonValue:
    document = cast("Document", _document_option(option, value))
    if not document:
        raise ServerError(ErrorCode.BadValue, "The field 'collation' cannot be an empty object.")
    parsed = parse_collation(document)
    return None if parsed is None else parsed.spec()


def _partial_filter(option: str, value: BsonValue) -> BsonValue:
    document = cast("Document", _document_option(option, value))
    _check_partial(parse_filter(document, Context()))
    return document


_PARTIAL_LEAVES: Final = (Eq, Gt, Gte, Lt, Lte, Type, In)


def _check_partial(expression: MatchExpression) -> None:
    if isinstance(expression, And | Or):
        for child in expression.children:
            _check_partial(child)
    elif isinstance(expression, Expr):
        raise ServerError(ErrorCode.QueryFeatureNotAllowed, "$expr is not supported in the filter of a partial index")
    elif not isinstance(expression, (*_PARTIAL_LEAVES, AlwaysTrue, Exists)):
        raise ServerError(
            ErrorCode.CannotCreateIndex,
            f"Expression not supported in partial index: {shell_text(expression.spec())}",
        )


def _wildcard_projection(option: str, value: BsonValue) -> BsonValue:
    document = cast("Document", _document_option(option, value))
    if not document:
        raise ServerError(ErrorCode.FailedToParse, "The 'wildcardProjection' field can't be an empty object")
    parse_projection(document, Context())
    return document


_OPTIONS: Final[dict[str, Callable[[str, BsonValue], BsonValue]]] = {
    "v": _version,
    "unique": _flag,
    "background": _kept_flag,
    "sparse": _kept_flag,
    "hidden": _strict_flag,
    "prepareUnique": _flag,
    "expireAfterSeconds": _ttl,
    "partialFilterExpression": _partial_filter,
    "collation": _collation,
    "wildcardProjection": _wildcard_projection,
    "storageEngine": _storage_engine,
}


def _check_together(spec: Document, entry: CollectionEntry) -> None:
    """Check the options that depend on each other."""
    key = cast("Document", spec["key"])
    wildcard = any(map(is_wildcard, key))
    if spec.get("sparse") and "partialFilterExpression" in spec:
        raise ServerError(ErrorCode.CannotCreateIndex, 'cannot mix "partialFilterExpression" and "sparse" options')
    if "expireAfterSeconds" in spec and (len(key) > 1 or wildcard):
        raise ServerError(
            ErrorCode.CannotCreateIndex,
            "TTL indexes are single-field indexes, compound indexes do not support TTL. Index spec: "
            + shell_text(spec),
        )
    if "hashed" in key.values() and spec.get("unique"):
        raise ServerError(16764, "Currently hashed indexes cannot guarantee uniqueness. Use a regular index.")
    if wildcard:
        _check_wildcard(spec, key)
    if key == {"_id": 1}:
        if spec.get("collation") != entry.options.get("collation"):
            raise ServerError(ErrorCode.BadValue, "The _id index must have the same collation as the collection.")
        spec["name"] = "_id_"
    elif spec["name"] == "_id_":
        raise ServerError(
            ErrorCode.BadValue,
            "The index name '_id_' is reserved for the _id index, which must have key pattern {_id: 1}",
        )


_ID_OPTIONS: Final = frozenset({"v", "key", "name", "collation", "ns"})


def _check_wildcard(spec: Document, key: Document) -> None:
    for option in ("unique", "sparse"):
        if spec.get(option):
            raise ServerError(
                ErrorCode.CannotCreateIndex, f"Index type 'wildcard' does not support the {option} option"
            )
    wildcard = next(filter(is_wildcard, key))
    projection = spec.get("wildcardProjection")
    if wildcard != "$**" and projection is not None:
        raise ServerError(
            ErrorCode.FailedToParse,
            "The field 'wildcardProjection' is only allowed when 'key' has the wildcard on all fields, '$**'",
        )
    others = [path for path in key if path != wildcard]
    if wildcard == "$**" and others and projection is None:
        raise ServerError(
            ErrorCode.CannotCreateIndex,
            "A compound wildcard index on all fields needs a wildcardProjection that leaves out its other fields",
        )
    root = wildcard.removesuffix("$**")
    if root and any(f"{path}.".startswith(root) for path in others):
        raise ServerError(7246204, "A wildcard index field should not overlap with any of the index's other fields")


def _check_id_spec(spec: Document) -> None:
    for option in spec:
        if option not in _ID_OPTIONS:
            raise ServerError(
                ErrorCode.InvalidIndexSpecificationOption,
                f"The field '{option}' is not valid for an _id index specification. Specification: {shell_text(spec)}",
            )


def new_indexes(specs: list[Document], entry: CollectionEntry) -> list[Document]:
    """Return those of the (checked) specifications that the collection does not have yet.

    Raises:
        ServerError: IndexOptionsConflict (85), IndexKeySpecsConflict (86), CannotCreateIndex (67).
    """
    for position, spec in enumerate(specs):
        if any(spec == earlier and spec["key"] != {"_id": 1} for earlier in specs[:position]):
            raise ServerError(ErrorCode.IndexAlreadyExists, f"Identical index already exists: {spec['name']}")
    wanted: list[Document] = []
    existing = [index.spec for index in entry.indexes]
    for spec in specs:
        if not any(_is_same(spec, other) for other in [*existing, *wanted]):
            wanted.append(spec)
    if len(existing) + len(wanted) > MAX_INDEXES:
        raise ServerError(
            ErrorCode.CannotCreateIndex,
            f"add index fails, too many indexes for {entry.namespace} key:{shell_text(wanted[-1]['key'])}",
        )
    return wanted


def _is_same(spec: Document, other: Document) -> bool:
    """Tell whether an index like `spec` is there already.

    Raises:
        ServerError: When it is nearly there: the name or the key is, and the rest differs.
    """
    same_name = spec["name"] == other["name"]
    same_key = _same_key(spec, other)
    same_signature = same_key and all(_same_option(spec, other, option) for option in _SIGNATURE[1:])
    if spec["key"] == {"_id": 1} and other["name"] == "_id_":
        return True
    if same_signature and not same_name:
        raise ServerError(
            ErrorCode.IndexOptionsConflict, f"Index already exists with a different name: {other['name']}"
        )
    if same_signature:
        if not all(_same_option(spec, other, option) for option in ("expireAfterSeconds", "hidden")):
            raise ServerError(
                ErrorCode.IndexOptionsConflict,
                "An equivalent index already exists with the same name but different options. Requested index: "
                f"{shell_text(spec)}, existing index: {shell_text(other)}",
            )
        return True
    if same_name:
        raise ServerError(
            ErrorCode.IndexKeySpecsConflict,
            "An existing index has the same name as the requested index. When index names are not specified, they are "
            "auto generated and can cause conflicts. Please refer to our documentation. Requested index: "
            f"{shell_text(spec)}, existing index: {shell_text(other)}",
        )
    return False


def _same_key(spec: Document, other: Document) -> bool:
    mine, theirs = cast("Document", spec["key"]), cast("Document", other["key"])
    return list(mine) == list(theirs) and all(equal(mine[path], theirs[path]) for path in mine)


def _same_option(spec: Document, other: Document, option: str) -> bool:
    return equal(spec.get(option) or None, other.get(option) or None)
