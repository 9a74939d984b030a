"""Decoding and encoding: the engine's documents are the client's, to the byte."""

from __future__ import annotations

from typing import Any

import bson
import pytest
from bson import Binary, Code, Int64
from hypothesis import given

from satchel.errors import ErrorCode, ServerError
from satchel.testing import strategies
from satchel.values.bson_types import decode_document, encode_document

DBREF_SHAPED: list[dict[str, Any]] = [
    {"a": {"$ref": "c", "$id": 1}},
    {"a": {"$id": 1, "$ref": "c", "$db": "d", "more": {"x": [1.0]}}},
    {"a": {"$ref": "#/definitions/x"}},
    {"a": [{"$ref": 5}, [{"$ref": None}]]},
    {"$ref": "c", "$id": Int64(1)},
    {"a": Code("x", {"$ref": "c", "$id": 1}), "b": {"$ref": "c"}},
    {"a": "$ref", "b": Binary(b"$ref\0", 5)},
]


@pytest.mark.parametrize("document", DBREF_SHAPED, ids=str)
def test_a_document_with_a_ref_stays_as_it_is(document: dict[str, Any]) -> None:
    raw = bson.encode(document)
    assert encode_document(decode_document(raw)) == raw


@pytest.mark.parametrize("document", DBREF_SHAPED, ids=str)
def test_a_large_document_with_a_ref_stays_as_it_is(document: dict[str, Any]) -> None:
    raw = bson.encode({"data": bytes(100_000), **document})
    assert encode_document(decode_document(raw)) == raw


@given(strategies.documents)
def test_large_documents_are_decoded_like_small_ones(document: dict[str, Any]) -> None:
    raw = encode_document({**document, "data": bytes(100_000)})
    expected = decode_document(encode_document(document))
    decoded = decode_document(raw)
    assert decoded.pop("data") == bytes(100_000)
    assert repr(decoded) == repr({name: value for name, value in expected.items() if name != "data"})


@given(strategies.documents)
def test_encoding_what_was_decoded_gives_the_same_bytes(document: dict[str, Any]) -> None:
    raw = encode_document(document)
    assert encode_document(decode_document(raw)) == raw


@pytest.mark.parametrize("raw", [b"", b"\x05\0\0\0", b"\x06\0\0\0\x01\0", b"\x0c\0\0\0\x10a\0\x01\0\0\0\0"[:-1]])
def test_malformed_bytes_are_invalid_bson(raw: bytes) -> None:
    with pytest.raises(ServerError) as caught:
        decode_document(raw)
    assert caught.value.code == ErrorCode.InvalidBSON


def test_deprecated_types_are_read_as_their_successors() -> None:
    undefined = b"\x08\0\0\0\x06a\0\0"
    symbol = b"\x10\0\0\0\x0ea\0\x04\0\0\0abc\0\0"
    assert decode_document(undefined) == {"a": None}
    assert decode_document(symbol) == {"a": "abc"}
