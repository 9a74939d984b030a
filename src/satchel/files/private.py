"""Every private name of PyMongo's `gridfs` that our subclasses stand on; a test looks for them in the installed one."""

from __future__ import annotations

from typing import Final

PRIVATE_NAMES: Final = {
    "GridFS": {"_collection": "read: where the files are"},
    "GridIn": {
        "_file": "read, set: the file document",
        "_coll": "read: where the files are",
        "_session": "read",
        "_closed": "set",
        "_position": "read: how many bytes were taken",
        "_chunk_number": "read: how many chunks were taken",
        "_buffered_docs": "read: whether all chunks were sent",
        "_ensure_indexes": "call: before the first chunk",
        "_flush_data": "extend: each chunk once, in order",
        "_flush_buffer": "extend: just before the file document is inserted",
    },
    "GridOut": {
        "_file": "read: the file document",
        "_position": "read: where a chunk begins",
        "_buffer": "read: whether a chunk is in memory",
        "_buffer_pos": "read: how much of it was handed out",
        "_chunks": "read: has an empty file chunks?",
        "_chunk_iter": "call: is there a chunk too many?",
    },
    "GridFSBucket": {
        "_collection": "read: where the files are",
        "_files": "read: the collection of file documents",
        "_chunk_size_bytes": "read",
    },
    "GridOutCursor": {"_root_collection": "read: where the files are", "_clone_base": "override: a cursor of ours"},
}
"""By class, the synchronous one standing for its asynchronous twin: the names, and what for."""
