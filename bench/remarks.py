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
        "rest is PyMongo's check of the call, the write lock, the catalog's version, and the wake-up of those "
        "who wait."
    ),
    "find_by_id": (
        "find_one by `_id`: `tables` has the same four statements (a snapshot that knows the catalog's "
        "version). The rest is finding out that nobody observes the call, and the connection pool."
    ),
    "find_by_index": ("find_one by index: as by `_id`."),
    "range_sorted": (
        "Range, sorted: PyMongo's cursor, the command and its plan are paid once for every hundred documents, "
        "and rows come one by one through the generators that let a cursor outlive its command."
    ),
    "scan": (
        "Scan and count: SQLite looks at every record's JSONB, which lies between the record's number and its "
        "BSON; pages hold both copies of a document, so that half as many documents lie on a page as with the "
        "floor."
    ),
    "count": (
        "Count: as the scan; a double is compared twice, since SQLite does not promise to read its text to "
        "the last bit."
    ),
    "update_one": (
        "update_one: parsing filter and update, and writing both columns anew, where the floor changes one "
        "text. `tables` does the same by hand."
    ),
    "match_group": (
        "$match + $group: SQL only reads the fields; they are grouped in Python, where MongoDB's order and "
        "compensation of sums of doubles can be kept to the last bit."
    ),
    "unwind_group": (
        "$unwind + $group: SQL only reads the arrays; each element becomes a document of its own in Python."
    ),
    "lookup": (
        "$lookup: one read by key for each document, decoding both sides and encoding the joined document anew."
    ),
    "delete_many": ("delete_many: documents are decoded for their index keys, which are then removed one by one."),
    "file_put": (
        "GridFS put: a chunk is encoded as a document, decoded to be checked, and stored behind a record with an "
        "index of `_id` and one of `files_id, n`."
    ),
    "file_get": ("GridFS get: chunks come in batches of a reply that is put together and decoded again by PyMongo."),
    "small_put": (
        "Small files, put: PyMongo looks twice whether there are indexes, and writes chunks and file in two commits, "
        "where the floor has one."
    ),
    "small_get": (
        "Small files, get: two finds for each file through PyMongo's cursors, where the floor runs one statement."
    ),
    "disk": (
        "Disk: every document is there twice, as BSON, the truth, and as JSONB, what SQL can look at. Of a fresh load "
        "BSON is 25.5 MB, JSONB 23.8 MB and the three indexes 6 MB; the records' pages are full to 99.7 %. Updates "
        "that make documents longer divide full pages."
    ),
    "memory": (
        "Memory: the interpreter with PyMongo and the engine is most of it before the first document; batches "
        "of 10,000 documents as Python objects are the rest, and count with every peer."
    ),
}
