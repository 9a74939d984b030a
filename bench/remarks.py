"""Why a target is missed, said of those that a run finds missed."""

from __future__ import annotations

REMARKS: dict[str, str] = {
    "insert_many": (
        "insert_many: a document is decoded, checked, and stored as BSON and as JSONB; its `_id` has an index "
        "beside the record's number, where the floor has one integer for both. The column `tables` is that "
        "much by hand; what lies above it is decoding, MongoDB's rules and keys, in Python."
    ),
    "insert_one": (
        "insert_one: `tables` is what a commit of a record with two columns and an index of `_id` takes; the "
        "rest is PyMongo's check of the call, MongoDB's rules for a document, and the write lock."
    ),
    "find_by_id": (
        "find_one by `_id`: `tables` has the same four statements (a snapshot that knows the catalog's "
        "version). The rest is finding out that nobody observes the call, and the connection pool."
    ),
    "find_by_index": ("find_one by index: as by `_id`."),
    "range_sorted": "Range, sorted: PyMongo's cursor is paid once for every hundred documents.",
    "scan": (
        "Scan: SQLite looks into every record's JSONB once; pages hold both copies of a document, so that half as "
        "many documents lie on a page as with the floor. The documents that match are found by the same statement."
    ),
    "count": "Count: as the scan.",
    "update_one": (
        "update_one: parsing filter and update, and writing both columns anew, where the floor changes one "
        "text. `tables` does the same by hand."
    ),
    "match_group": (
        "$match + $group: SQL only reads the fields; they are grouped in Python, where MongoDB's order and "
        "compensation of sums of doubles can be kept to the last bit."
    ),
    "unwind_group": "$unwind + $group: SQL only reads the arrays; their elements are counted in Python.",
    "lookup": (
        "$lookup: one read by key for each document, which is decoded for that; what is found is put behind it as it "
        "is stored."
    ),
    "delete_many": ("delete_many: documents are decoded for their index keys, which are then removed one by one."),
    "file_put": (
        "GridFS put: a chunk is encoded as a document, decoded to be checked, and stored behind a record with an "
        "index of `_id` and one of `files_id, n`."
    ),
    "file_get": "GridFS get: PyMongo decodes every chunk's document and copies its data out.",
    "small_put": (
        "Small files, put: PyMongo looks twice whether there are indexes, and writes chunks and file in two commits, "
        "where the floor has one."
    ),
    "small_get": (
        "Small files, get: two finds for each file, a GridOut and a cursor of PyMongo's, where the floor runs one "
        "statement."
    ),
    "disk": (
        "Disk: every document is there twice, as BSON, the truth, and as JSONB, what SQL can look at. Of a fresh load "
        "BSON is 25.5 MB, JSONB 23.8 MB and the three indexes 6 MB; the records' pages are full to 99.7 %. Updates "
        "that make documents longer divide full pages."
    ),
    "memory": (
        "Memory: the interpreter with PyMongo and the engine is most of it before the first document; batches "
        "of 10,000 documents as Python objects are the rest, and count with every peer. Of files, 48 MB are the chunks "
        "that PyMongo's upload collects before it writes them."
    ),
}
