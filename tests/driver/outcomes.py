"""What a call of one of PyMongo's methods gives, in a form in which two of them compare strictly."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import bson
from bson import CodecOptions
from bson.binary import UuidRepresentation
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from pymongo.errors import InvalidOperation

from satchel.values.bson_types import decode_document

_VOLATILE = frozenset({"$clusterTime", "operationTime", "lsid", "txnNumber", "$db"})
_OPTIONS: CodecOptions[Any] = CodecOptions(uuid_representation=UuidRepresentation.STANDARD)
_GENERATED = re.compile(
    r"[0-9a-f]{24}|(datetime\.datetime|DatetimeMS|Timestamp)\([^)]*\)|(txnNumber:|transaction number(?: is)?) -?\d+"
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A value in the two forms that together tell all values and classes apart.

    Attributes:
        text: Its `repr`, which tells all classes but those of integers.
        encoded: Its BSON, which tells int32 from int64 and shows the order of fields; empty when it has none.
    """

    text: str
    encoded: bytes

    @classmethod
    def of(cls, value: object) -> Outcome:
        """Take down a value."""
        try:
            encoded = bson.encode({"": value}, codec_options=_OPTIONS)
        except (BSONError, OverflowError, UnicodeEncodeError):
            encoded = b""
        return cls(repr(value), encoded)

    def resembles(self, other: Outcome) -> bool:
        """Tell whether another one is the same but for ObjectIds and times, which may have been generated."""
        return self == other or _GENERATED.sub("", self.text) == _GENERATED.sub("", other.text)


def outcome(call: Callable[[], object], *, unordered: bool = False) -> Outcome:
    """Call, and take down what it returns or raises; a list in order when its order says nothing."""
    try:
        result = plain(call())
    except Exception as error:
        return Outcome.of(_error(error))
    return Outcome.of(sorted(result, key=repr) if unordered and isinstance(result, list) else result)


def plain(value: Any) -> object:
    """Return a result as a value that can be encoded, without times."""
    if hasattr(value, "acknowledged"):
        return {"class": type(value).__name__, **_properties(value)}
    if isinstance(value, RawBSONDocument):
        return {"raw": decode_document(value.raw)}
    return list(map(plain, value)) if type(value) is list else value


def _error(error: Exception) -> dict[str, object]:
    # How large a message is, and the document that holds what is wrong, depend on the session that they name.
    found: dict[str, object] = {
        "error": type(error).__qualname__,
        "message": re.sub(r"\(\d+ bytes\)", "", str(error).partition(", full error")[0]),
    }
    for name in ("code", "details", "document", "_error_labels", "timeout"):
        if hasattr(error, name):
            found[name] = _timeless(getattr(error, name))
    return found


def _properties(value: object) -> dict[str, object]:
    found: dict[str, object] = {}
    for name in dir(type(value)):
        if isinstance(getattr(type(value), name), property):
            try:
                found[name] = _timeless(getattr(value, name))
            except InvalidOperation as error:
                found[name] = str(error)
    return found


def _timeless(value: object) -> object:
    if isinstance(value, dict | RawBSONDocument):
        found = {name: _timeless(inner) for name, inner in value.items() if name not in _VOLATILE}
        return found if type(value) is dict else {type(value).__name__: found}
    if isinstance(value, set | frozenset):
        return sorted(value)
    return value
