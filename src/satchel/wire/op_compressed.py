"""OP_COMPRESSED: a body, compressed. zlib always works; snappy and zstd work where their module is installed."""

from __future__ import annotations

import importlib
import importlib.util
import struct
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Protocol, cast

from satchel.errors import ErrorCode, ServerError
from satchel.wire.header import MAX_MESSAGE_SIZE_BYTES, ProtocolError

_PREFIX: Final = struct.Struct("<iiB")


@dataclass(frozen=True, slots=True)
class Compressor:
    """One way to compress.

    Attributes:
        name: MongoDB's name, as in hello.
        id: MongoDB's number, as in OP_COMPRESSED.
        compress: Compresses a body.
        decompress: Takes the compressed bytes and the size that they are said to have; gives at most one byte more.
    """

    name: str
    id: int
    compress: Callable[[bytes], bytes]
    decompress: Callable[[bytes, int], bytes]


class _Snappy(Protocol):
    def compress(self, data: bytes) -> bytes: ...
    def uncompress(self, data: bytes) -> bytes: ...


class _ZstdDecompressor(Protocol):
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


class _Zstd(Protocol):
    """Python's own module since 3.14, and its backport, which PyMongo uses too."""

    def compress(self, data: bytes) -> bytes: ...
    def ZstdDecompressor(self) -> _ZstdDecompressor: ...  # noqa: N802 - the module's name


def _zlib_decompress(data: bytes, size: int) -> bytes:
    return zlib.decompressobj().decompress(data, size + 1)


def _is_installed(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ImportError:
        return False  # nor is the package that it would be in


def _snappy() -> Iterable[Compressor]:
    if _is_installed("snappy"):
        yield Compressor("snappy", 1, lambda data: _snappy_module().compress(data), _snappy_decompress)


def _snappy_module() -> _Snappy:
    """Import the module when data come: a server starts without it."""
    return cast("_Snappy", importlib.import_module("snappy"))


def _snappy_decompress(data: bytes, size: int) -> bytes:
    """Decompress what says of itself that it has `size` bytes: the module believes it and makes room for it."""
    said, shift = 0, 0
    for byte in data[:5]:
        said |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    if said != size:
        raise ProtocolError(f"the snappy data has {said} bytes, not {size}")
    return _snappy_module().uncompress(data)


def _zstd() -> Iterable[Compressor]:
    name = next(filter(_is_installed, ("compression.zstd", "backports.zstd")), None)
    if name is not None:

        def module() -> _Zstd:
            return cast("_Zstd", importlib.import_module(name))

        yield Compressor(
            "zstd",
            3,
            lambda data: module().compress(data),
            lambda data, size: module().ZstdDecompressor().decompress(data, size + 1),
        )


COMPRESSORS: Final[dict[str, Compressor]] = {
    compressor.name: compressor
    for compressor in (
        *_snappy(),
        Compressor("zlib", 2, zlib.compress, _zlib_decompress),
        *_zstd(),
    )
}
"""The compressors of this process, by name."""

_NOOP: Final = Compressor("noop", 0, lambda data: data, lambda data, _size: data)
_BY_ID: Final = {compressor.id: compressor for compressor in (_NOOP, *COMPRESSORS.values())}


def negotiate(offered: Iterable[object]) -> list[str]:
    """Return which of the client's compressors (`compression` of hello) this process has, in the client's order."""
    return [name for name in offered if isinstance(name, str) and name in COMPRESSORS]


def decompress_body(body: bytes | memoryview) -> tuple[int, Compressor, bytes]:
    """Undo OP_COMPRESSED.

    Args:
        body: What follows the header.

    Returns:
        The opcode and the body of the message inside, and how it was compressed.

    Raises:
        ProtocolError: When the bytes are not what they say.
        ServerError: BadValue (2) for a compressor that this process does not have.
    """
    if len(body) < _PREFIX.size:
        raise ProtocolError("OP_COMPRESSED is too short")
    opcode, size, compressor_id = _PREFIX.unpack_from(body)
    if not 0 <= size <= MAX_MESSAGE_SIZE_BYTES:
        raise ProtocolError(f"uncompressed size {size} is invalid")
    compressor = _BY_ID.get(compressor_id)
    if compressor is None:
        raise ServerError(
            ErrorCode.BadValue, f"Compression algorithm specified in message is not available: {compressor_id}"
        )
    try:
        inner = compressor.decompress(bytes(body[_PREFIX.size :]), size)
    except Exception as error:
        # Each optional module has an exception class of its own; whichever it is, the bytes are bad.
        raise ProtocolError(f"cannot decompress the message: {error}") from error
    if len(inner) != size:
        raise ProtocolError("the message does not decompress to the size that it gives")
    return opcode, compressor, inner


def compress_body(opcode: int, body: bytes, compressor: Compressor) -> bytes:
    """Return the body of an OP_COMPRESSED message that holds `body`."""
    return _PREFIX.pack(opcode, len(body), compressor.id) + compressor.compress(body)
