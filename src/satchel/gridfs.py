"""GridFS with checksums: PyMongo's classes, whose files have `md5` and `sha256` and are verified when they are read.

from satchel.gridfs import GridFS

fs = GridFS(db)
file_id = fs.put(b"…", filename="report.pdf")
fs.get(file_id).read()                         # CorruptGridFile when a byte was altered
"""

from gridfs import DEFAULT_CHUNK_SIZE
from gridfs.errors import CorruptGridFile, FileExists, NoFile

from satchel.files.async_gridfs import AsyncGridFS, AsyncGridFSBucket, AsyncGridIn, AsyncGridOut, AsyncGridOutCursor
from satchel.files.gridfs import GridFS, GridFSBucket, GridIn, GridOut, GridOutCursor

__all__ = [
    "DEFAULT_CHUNK_SIZE",
    "AsyncGridFS",
    "AsyncGridFSBucket",
    "AsyncGridIn",
    "AsyncGridOut",
    "AsyncGridOutCursor",
    "CorruptGridFile",
    "FileExists",
    "GridFS",
    "GridFSBucket",
    "GridIn",
    "GridOut",
    "GridOutCursor",
    "NoFile",
]
