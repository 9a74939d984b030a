"""Options of collections and views: checked when they are created, and changed by collMod."""

from __future__ import annotations

from dataclasses import replace
from typing import Final, cast

from bson import Int64

from satchel.engine.catalog import CollectionEntry, IndexEntry
from satchel.engine.indexes.build import fill_index
from satchel.engine.indexes.specs import parse_index_spec
from satchel.engine.namespaces import Namespace
from satchel.engine.operation import Operation
from satchel.engine.units import WriteUnit
from satchel.engine.views import check_view
from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.match import parse_filter
from satchel.mql.pipeline.source import Source
from satchel.mql.pipeline.stages.operands import check_names, check_type
from satchel.values.bson_types import BsonValue, Document
from satchel.values.collation import parse_collation
from satchel.values.compare import equal
from satchel.values.numbers import exact_int64, narrow
from satchel.values.shell_text import shell_text

MAX_CAPPED_BYTES: Final = 2**50
MAX_CAPPED_DOCUMENTS: Final = 2**31 - 1
_IMAGES: Final = "changeStreamPreAndPostImages"
_LEVELS: Final = ("off", "strict", "moderate")
_ACTIONS: Final = ("error", "warn", "errorAndLog")
_REFUSED: Final = {
    "timeseries": "time series collections",
    "clusteredIndex": "clustered collections",
    "encryptedFields": "queryable encryption",
}
_KEPT: Final = (
    "capped", "size", "max", "temp", "validator", "validationLevel", "validationAction", "viewOn", "pipeline",
    "collation", _IMAGES, "storageEngine", "indexOptionDefaults",
)  # fmt: skip


def create_options(fields: Document, namespace: Namespace, context: Context) -> Document:
    """Check the fields of a `create` and return the options as listCollections shows them.

    Raises:
        ServerError: InvalidOptions (72), BadValue (2), TypeMismatch (14), NotImplemented (238).
    """
    _check_fields(fields)
    if "viewOn" in fields:
        fields = {name: value for name, value in fields.items() if name in _OF_VIEWS}
    options: Document = {name: fields[name] for name in _KEPT if name in fields and _says_something(name, fields[name])}
    _check_storage_engine(options)
    _check_capped(options)
    check_validation_options(options, context)
    _normalise_collation(options)
    check_images_option(options, namespace)
    if "viewOn" in options:
        _check_view_options(options)
    elif namespace.collection == "system.views":
        raise ServerError(ErrorCode.InvalidNamespace, f"cannot create {namespace}")
    return options


def _check_fields(fields: Document) -> None:
    for name, what in _REFUSED.items():
        if name in fields:
            raise ServerError(ErrorCode.NotImplemented, f"{what} are not supported")
    if "expireAfterSeconds" in fields:
        raise ServerError(
            ErrorCode.InvalidOptions,
            "'expireAfterSeconds' is only supported on time-series collections or when the 'clusteredIndex' option is "
            "specified",
        )
    if "pipeline" in fields and "viewOn" not in fields:
        raise ServerError(ErrorCode.InvalidOptions, "'pipeline' requires 'viewOn' to also be specified")
    id_index = fields.get("idIndex")
    if isinstance(id_index, dict) and not equal(id_index.get("key"), {"_id": 1}):
        raise ServerError(ErrorCode.BadValue, "The field 'key' for an _id index must be {_id: 1}")


def check_images_option(options: Document, namespace: Namespace) -> None:
    """Check `changeStreamPreAndPostImages`, and drop it where it says no.

    Raises:
        ServerError: TypeMismatch (14), IDLFailedToParse (40414), IDLUnknownField (40415), InvalidOptions (72).
    """
    spec = options.get(_IMAGES)
    if spec is None:
        return
    fields = cast("Document", spec)
    check_names(f"create.{_IMAGES}", fields, required=("enabled",))
    check_type(f"create.{_IMAGES}.enabled", fields["enabled"], "bool")
    if not fields["enabled"]:
        del options[_IMAGES]
    elif namespace.database in ("admin", "config", "local"):
        raise ServerError(
            ErrorCode.InvalidOptions,
            f"{_IMAGES} collection option is not supported on the {namespace.database} database",
        )


def _normalise_collation(options: Document) -> None:
    if "collation" not in options:
        return
    if not options["collation"]:
        raise ServerError(40414, "BSON field 'create.collation.locale' is missing but a required field")
    parsed = parse_collation(cast("Document", options.pop("collation")))
    if parsed is not None:
        options["collation"] = parsed.spec()


_OF_VIEWS: Final = frozenset({"viewOn", "pipeline", "collation"})


def _says_something(name: str, value: BsonValue) -> bool:
    """Tell whether an option that was given is worth keeping."""
    return bool(value) or name in (_IMAGES, "viewOn", "pipeline", "collation", "size", "max")


def _check_storage_engine(options: Document) -> None:
    engines = cast("Document", options.get("storageEngine", {}))
    for name in engines:
        if name != "wiredTiger":
            raise ServerError(ErrorCode.InvalidOptions, f"{name} is not a registered storage engine for this server")


def _check_capped(options: Document) -> None:
    if not options.get("capped"):
        options.pop("capped", None)
        if options.pop("size", None) is not None or options.pop("max", None) is not None:
            raise ServerError(
                ErrorCode.InvalidOptions,
                "the 'capped' field needs to be true when either the 'size' or 'max' fields are present",
            )
        return
    if "size" not in options:
        raise ServerError(ErrorCode.InvalidOptions, "the 'size' field is required when 'capped' is true")
    options["capped"] = True
    options["size"] = narrow(cast("int", options["size"]))
    if "max" in options:
        documents = cast("int", options["max"])
        if documents > MAX_CAPPED_DOCUMENTS:
            raise ServerError(ErrorCode.BadValue, "max in a capped collection has to be < 2^31 or not set")
        options["max"] = documents if documents > 0 else MAX_CAPPED_DOCUMENTS


def check_validation_options(options: Document, context: Context) -> None:
    """Check `validator`, `validationLevel` and `validationAction`.

    Raises:
        ServerError: BadValue (2), or what is wrong with the validator's filter.
    """
    for name, allowed in (("validationLevel", _LEVELS), ("validationAction", _ACTIONS)):
        if name in options and options[name] not in allowed:
            raise ServerError(
                ErrorCode.BadValue,
                f"Enumeration value '{options[name]}' for field '{name}' is not a valid value.",
            )
    if "validator" in options:
        parse_filter(cast("Document", options["validator"]), context)


def _check_view_options(options: Document) -> None:
    if not options["viewOn"]:
        raise ServerError(ErrorCode.BadValue, "'viewOn' cannot be empty")
    options.setdefault("pipeline", [])


def modify(
    unit: WriteUnit, entry: CollectionEntry, fields: Document, operation: Operation, source: Source
) -> tuple[Document, CollectionEntry]:
    """Apply a `collMod` and return its reply and the changed entry.

    Raises:
        ServerError: InvalidOptions (72), IndexNotFound (27), BadValue (2), CannotConvertIndexToUnique (359).
    """
    changes: Document = {name: fields[name] for name in _MODIFIABLE if name in fields}
    if entry.is_view != bool({"viewOn", "pipeline"} & changes.keys()) and changes:
        if entry.is_view:
            raise ServerError(ErrorCode.InvalidOptions, f"option not supported on a view: {next(iter(changes))}")
        raise ServerError(ErrorCode.InvalidOptions, "option only supported on a view: viewOn")
    options = {**entry.options, **_capped_changes(entry, changes)}
    for name in (
        "validator",
        "validationLevel",
        "validationAction",
        "viewOn",
        "pipeline",
        _IMAGES,
    ):
        if name in changes:
            options[name] = changes[name]
    if entry.is_view and changes:
        check_view(unit.catalog, entry.namespace, options, source, operation.context)
    check_images_option(options, entry.namespace)
    if options.get(_IMAGES):
        unit.start_change_log()
    if not options.get("validator", True):
        del options["validator"]
    changed = entry if equal(options, entry.options) else replace(entry, options=options)
    if "index" in fields:
        return _modify_index(unit, changed, cast("Document", fields["index"]), operation)
    return {}, changed


_MODIFIABLE: Final = (
    "validator", "validationLevel", "validationAction", "viewOn", "pipeline", "cappedSize", "cappedMax",
    _IMAGES,
)  # fmt: skip


def _capped_changes(entry: CollectionEntry, changes: Document) -> Document:
    changed: Document = {}
    for name, option in (("cappedSize", "size"), ("cappedMax", "max")):
        if name in changes:
            if not entry.capped:
                raise ServerError(ErrorCode.InvalidOptions, "Collection must be capped.")
            changed[option] = narrow(int(cast("int", changes[name])))
    return changed


_INDEX_FIELDS: Final = ("expireAfterSeconds", "hidden", "unique", "prepareUnique")


def _modify_index(
    unit: WriteUnit, entry: CollectionEntry, spec: Document, operation: Operation
) -> tuple[Document, CollectionEntry]:
    index = _named_index(entry, spec)
    given = {name: spec[name] for name in _INDEX_FIELDS if name in spec}
    if not given:
        raise ServerError(ErrorCode.InvalidOptions, "no expireAfterSeconds, hidden, unique, or prepareUnique field")
    if "expireAfterSeconds" in given and len(index.paths) > 1:
        raise ServerError(ErrorCode.InvalidOptions, "compound TTL indexes are not supported")
    if index.is_id and "hidden" in given:
        raise ServerError(ErrorCode.BadValue, "can't hide _id index")
    reply: Document = {}
    changed = dict(index.spec)
    for name, value in given.items():
        old = changed.get(name, False) if name != "expireAfterSeconds" else changed.get(name)
        if name == "unique" and not value:
            raise ServerError(ErrorCode.BadValue, "Cannot make index non-unique")
        if equal(old, value):
            continue
        if old is not None:
            reply[f"{name}_old"] = old if name != "expireAfterSeconds" else Int64(cast("int", old))
        reply[f"{name}_new"] = Int64(exact_int64(value) or 0) if name == "expireAfterSeconds" else value
        changed[name] = value
    checked = parse_index_spec(changed, entry, Context())
    new = replace(index, spec=checked)
    if new.unique and not index.unique:
        new = _rebuilt(unit, entry, new, operation)
    return reply, entry.with_index(new)


def _named_index(entry: CollectionEntry, spec: Document) -> IndexEntry:
    if ("name" in spec) == ("keyPattern" in spec):
        raise ServerError(ErrorCode.InvalidOptions, "Must specify either index name or key pattern, not both")
    if "name" in spec:
        found = [index for index in entry.indexes if index.name == spec["name"]]
    else:
        found = [index for index in entry.indexes if equal(dict(index.key_pattern), spec["keyPattern"])]
    if not found:
        raise ServerError(ErrorCode.IndexNotFound, f"cannot find index {shell_text(spec)} for ns {entry.namespace}")
    if len(found) > 1:
        raise ServerError(ErrorCode.AmbiguousIndexKeyPattern, f"index keyPattern {shell_text(spec)} matches several")
    return found[0]


def _rebuilt(unit: WriteUnit, entry: CollectionEntry, index: IndexEntry, operation: Operation) -> IndexEntry:
    """Make an index unique: its table is built anew, with the constraint.

    Raises:
        ServerError: CannotConvertIndexToUnique (359), when documents share a key.
    """
    unit.writer.drop_index(index.table)
    new = replace(index, table=unit.writer.create_index(entry.table, index.name, unique=True))
    try:
        fill_index(unit, entry, new, operation)
    except ServerError as error:
        if error.code != ErrorCode.DuplicateKey:
            raise
        raise ServerError(
            ErrorCode.CannotConvertIndexToUnique,
            "Cannot convert the index to unique. Please resolve conflicting documents before running collMod again.",
            details={"violations": []},
        ) from error
    return new
