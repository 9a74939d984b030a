"""Index specifications: what createIndexes accepts, and how it tells two indexes apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, cast

from satchel.engine.catalog import CollectionEntry
from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.match import MatchExpression, parse_filter
from satchel.mql.match.comparison import Eq, Gt, Gte, In, Lt, Lte
from satchel.mql.match.element import Exists, Type
from satchel.mql.match.tree import And, Or
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
_DROPPED: Final = frozenset({"background", "dropDups", "ns"})
_SIGNATURE: Final = ("key", "collation", "partialFilterExpression", "unique", "sparse", "wildcardProjection")


def parse_index_spec(spec: Document, entry: CollectionEntry) -> Document:
    """Check one index specification and return it as it will be stored and listed.

    Raises:
        ServerError: FailedToParse (9), TypeMismatch (14), CannotCreateIndex (67), BadValue (2),
            InvalidIndexSpecificationOption (197), NotImplemented (238) for text and geospatial indexes.
    """
    for name in ("key", "name"):
        if name not in spec:
            raise ServerError(
                ErrorCode.FailedToParse, f"The '{name}' field is a required property of an index specification"
            )
    key = spec["key"]
    if not isinstance(key, dict):
        raise ServerError(ErrorCode.TypeMismatch, f"The field 'key' must be an object, but got {type_name(key)}")
    _check_key(key)
    stored: Document = {"v": 2, "key": key, "name": _name(spec["name"])}
    for option, value in spec.items():
        if option in stored or option in _DROPPED:
            continue
        checker = _OPTIONS.get(option)
        if checker is None:
            raise ServerError(
                ErrorCode.InvalidIndexSpecificationOption,
                f"The field '{option}' is not valid for an index specification. Specification: {shell_text(spec)}",
            )
        checked = checker(option, value)
        if checked is not None:
            stored[option] = checked
    if "collation" not in spec and "collation" in entry.options:
        stored["collation"] = entry.options["collation"]
    _check_together(stored)
    return stored


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
    wildcards = [path for path in key if path == "$**" or path.endswith(".$**")]
    if len(wildcards) > 1:
        raise ServerError(ErrorCode.CannotCreateIndex, "An index may only have one wildcard field")
    if list(key.values()).count("hashed") > 1:
        raise ServerError(31303, "A maximum of one index field is allowed to be hashed")


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


def _document_option(option: str, value: BsonValue) -> BsonValue:
    if not isinstance(value, dict):
        raise ServerError(ErrorCode.TypeMismatch, f"The field '{option}' must be an object, but got {type_name(value)}")
    return value


def _version(option: str, value: BsonValue) -> BsonValue:
    if not is_number(value):
        raise ServerError(ErrorCode.TypeMismatch, f"The field 'v' must be a number, but got {type_name(value)}")
    if value not in (1, 2):
        raise ServerError(ErrorCode.CannotCreateIndex, f"Invalid index specification, version {value} is not supported")
    return None


def _ttl(option: str, value: BsonValue) -> BsonValue:
    if not is_number(value):
        raise ServerError(
            ErrorCode.TypeMismatch,
            f"TTL index 'expireAfterSeconds' option must be numeric, but received a type of '{type_name(value)}'.",
        )
    number = cast("float", value)
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
    elif not isinstance(expression, (*_PARTIAL_LEAVES, Exists)):
        raise ServerError(
            ErrorCode.CannotCreateIndex,
            f"Expression not supported in partial index: {shell_text(expression.spec())}",
        )


def _wildcard_projection(option: str, value: BsonValue) -> BsonValue:
    document = cast("Document", _document_option(option, value))
    if not document:
        raise ServerError(ErrorCode.FailedToParse, "The 'wildcardProjection' field can't be an empty object")
    return document


_OPTIONS: Final[dict[str, Callable[[str, BsonValue], BsonValue]]] = {
    "v": _version,
    "unique": _flag,
    "sparse": _flag,
    "hidden": _flag,
    "prepareUnique": _flag,
    "expireAfterSeconds": _ttl,
    "partialFilterExpression": _partial_filter,
    "collation": _collation,
    "wildcardProjection": _wildcard_projection,
    "storageEngine": _document_option,
}


def _check_together(spec: Document) -> None:
    """Check the options that depend on each other."""
    key = cast("Document", spec["key"])
    wildcard = any(path == "$**" or path.endswith(".$**") for path in key)
    if "sparse" in spec and "partialFilterExpression" in spec:
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
        for option in ("unique", "sparse"):
            if spec.get(option):
                raise ServerError(
                    ErrorCode.CannotCreateIndex, f"Index type 'wildcard' does not support the {option} option"
                )
    elif "wildcardProjection" in spec:
        raise ServerError(ErrorCode.BadValue, "The field 'wildcardProjection' is only allowed in an 'wildcard' index")
    if key == {"_id": 1}:
        _check_id_spec(spec)
    elif spec["name"] == "_id_":
        raise ServerError(
            ErrorCode.BadValue,
            "The index name '_id_' is reserved for the _id index, which must have key pattern {_id: 1}",
        )


_ID_OPTIONS: Final = frozenset({"v", "key", "name", "collation", "ns"})


def _check_id_spec(spec: Document) -> None:
    for option in spec:
        if option == "hidden":
            raise ServerError(ErrorCode.BadValue, "can't hide _id index")
        if option not in _ID_OPTIONS:
            raise ServerError(
                ErrorCode.InvalidIndexSpecificationOption,
                f"The field '{option}' is not valid for an _id index specification. Specification: {shell_text(spec)}",
            )
    spec["name"] = "_id_"


def new_indexes(specs: list[Document], entry: CollectionEntry) -> list[Document]:
    """Return those of the (checked) specifications that the collection does not have yet.

    Raises:
        ServerError: IndexOptionsConflict (85), IndexKeySpecsConflict (86), CannotCreateIndex (67).
    """
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
        if not _same_option(spec, other, "expireAfterSeconds"):
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
    return equal(spec.get(option), other.get(option))
