"""Everything that a GridFS tutorial does, on one file: `python examples/gridfs_document_manager.py [PATH]`.

It stores, reads, lists, deletes, versions, describes, streams, measures and indexes files, and ends with a small
document manager. With a `mongodb://` URL as PATH it does the same on a server.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bson import ObjectId
from pymongo.database import Database

from satchel import MongoClient
from satchel.gridfs import DEFAULT_CHUNK_SIZE, GridFS, GridOut, NoFile

Files = Database[dict[str, Any]]


def look_at_the_collections(db: Files, fs: GridFS) -> ObjectId:
    """Store one file, and look at the two collections that it is in."""
    db.fs.files.delete_many({})
    db.fs.chunks.delete_many({})
    text = b"A first small file."
    about = {"author": "Ada", "department": "Research", "tags": ["first", "small"]}
    file_id = fs.put(text, filename="first.txt", content_type="text/plain", metadata=about)
    document = db.fs.files.find_one({"_id": file_id})
    assert document is not None
    for field in ("filename", "length", "chunkSize", "uploadDate", "md5", "sha256", "contentType", "metadata"):
        print(f"  {field}: {document[field]}")
    chunks = list(db.fs.chunks.find({"files_id": file_id}))
    assert [(chunk["n"], chunk["data"]) for chunk in chunks] == [(0, text)]
    assert document["chunkSize"] == DEFAULT_CHUNK_SIZE
    return file_id


def store(db: Files, fs: GridFS) -> dict[str, ObjectId]:
    """Store bytes, a file object, a file on disk, and a file in chunks of another size."""
    ids = {"bytes": fs.put(b"some bytes", filename="bytes.bin", content_type="application/octet-stream")}
    ids["object"] = fs.put(io.BytesIO(b"from an object"), filename="object.txt", content_type="text/plain")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "on_disk.txt")
        path.write_text("one line of many\n" * 200)
        with path.open("rb") as source:
            about = {"source": "disk", "original_name": path.name, "size": path.stat().st_size}
            ids["disk"] = fs.put(source, filename="disk.txt", metadata=about)
    small_chunks = GridFS(db, collection="small_chunks")
    ids["chunked"] = small_chunks.put(bytes(1 << 20), filename="large.bin", chunk_size=1 << 16)
    assert db.small_chunks.chunks.count_documents({"files_id": ids["chunked"]}) == 16
    return ids


def retrieve(fs: GridFS, ids: dict[str, ObjectId]) -> None:
    """Read by id, by name, piece by piece, and into a file on disk; ask for what is not there."""
    out = fs.get(ids["bytes"])
    print(f"  {out.filename}: {out.content_type}, {out.length} bytes of {out.upload_date}, md5 {out.md5}")
    assert out.read() == b"some bytes"
    assert fs.get_last_version("object.txt").read() == b"from an object"
    assert sum(len(piece) for piece in _pieces(fs.get(ids["disk"]), 1024)) == 200 * 17
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "copy.txt")
        path.write_bytes(fs.get(ids["disk"]).read())
        assert path.stat().st_size == 200 * 17
    for ask in (lambda: fs.get(ObjectId()), lambda: fs.get_last_version("no such name")):
        try:
            ask()
        except NoFile as error:
            print(f"  not there: {error}")
        else:
            raise AssertionError("a file that is not there was found")


def _pieces(out: GridOut, size: int) -> Iterator[bytes]:
    while piece := out.read(size):
        yield piece


def manage(db: Files, fs: GridFS, ids: dict[str, ObjectId]) -> None:
    """List, find by metadata, type and size, delete one file and all versions of another, ask what exists."""
    print(f"  names: {fs.list()}")
    assert [file["filename"] for file in db.fs.files.find({"metadata.author": "Ada"})] == ["first.txt"]
    assert {file["filename"] for file in db.fs.files.find({"contentType": "text/plain"})} == {
        "first.txt",
        "object.txt",
        "disk.txt",  # nobody said so: it was guessed
    }
    assert [file["filename"] for file in db.fs.files.find({"length": {"$gte": 1000}})] == ["disk.txt"]
    doomed = fs.put(b"not for long", filename="doomed.txt")
    assert fs.exists(doomed)
    fs.delete(doomed)
    assert not fs.exists(doomed)
    for number in range(3):
        fs.put(b"version %d" % number, filename="versions.txt")
    assert db.fs.files.count_documents({"filename": "versions.txt"}) == 3
    for out in fs.find({"filename": "versions.txt"}):
        fs.delete(out._id)
    assert db.fs.files.count_documents({"filename": "versions.txt"}) == 0
    assert fs.exists(ids["bytes"])
    assert not fs.exists(ObjectId())
    assert fs.exists(filename="bytes.bin")


def keep_versions(fs: GridFS) -> list[ObjectId]:
    """Store three versions under one name; read each, the last, and compare neighbours."""
    ids = [
        fs.put(
            f"Version {number}, of {_now()}".encode(),
            filename="report.txt",
            metadata={"version": number, "author": f"author {number}", "created": _now()},
        )
        for number in (1, 2, 3)
    ]
    versions = list(fs.find({"filename": "report.txt"}).sort("uploadDate", 1))
    for version in versions:
        assert version.metadata is not None
        print(f"  {version._id} of {version.upload_date}: {version.metadata['author']}, {version.read(9)!r}")
        version.seek(0)
    assert fs.get_last_version("report.txt")._id == ids[-1]
    for older, newer in itertools.pairwise(versions):
        assert older.read() != newer.read()
        older.seek(0)
        newer.seek(0)
    return ids


def describe(db: Files, fs: GridFS) -> tuple[ObjectId, ObjectId]:
    """Store rich metadata, ask by it, change it, and make a table of it."""
    content = b"Figures of the quarter. " * 10
    report = fs.put(
        content,
        filename="quarter.pdf",
        content_type="application/pdf",
        metadata={
            "kind": "report",
            "department": "finance",
            "tags": ["quarter", "figures"],
            "level": "confidential",
            "version": "1.0",
            "expires": _now() + timedelta(days=365),
            "digest": hashlib.sha256(content).hexdigest(),
            "project": {"number": "P-1", "cost_center": "C-1", "must_be_approved": True},
        },
    )
    picture = fs.put(
        b"not really a picture",
        filename="product.jpg",
        content_type="image/jpeg",
        metadata={
            "kind": "picture",
            "camera": {"iso": 400, "aperture": "f/2.8"},
            "place": {"latitude": 59.3, "longitude": 18.1, "city": "Stockholm"},
            "size": {"width": 1920, "height": 1080},
        },
    )
    _ask_and_change(db, report)
    return report, picture


def _ask_and_change(db: Files, report: ObjectId) -> None:
    hour_ago = _now() - timedelta(hours=1)
    difficult = {
        "$and": [
            {"metadata.level": {"$in": ["confidential", "secret"]}},
            {"metadata.project.must_be_approved": True},
            {"length": {"$gte": 100}},
        ]
    }
    for query in ({"metadata.department": "finance"}, {"metadata.tags": "figures"}, difficult):
        assert [file["filename"] for file in db.fs.files.find(query)] == ["quarter.pdf"]
    assert db.fs.files.count_documents({"uploadDate": {"$gte": hour_ago}}) == db.fs.files.count_documents({})
    change = {
        "$set": {"metadata.status": "reviewed", "metadata.version": "1.1"},
        "$push": {"metadata.tags": "reviewed"},
    }
    assert db.fs.files.update_one({"_id": report}, change).modified_count == 1
    changed = db.fs.files.find_one({"_id": report})
    assert changed is not None
    assert changed["metadata"]["tags"] == ["quarter", "figures", "reviewed"]
    by_type = {"$group": {"_id": "$contentType", "files": {"$sum": 1}, "bytes": {"$sum": "$length"}}}
    for row in db.fs.files.aggregate([by_type, {"$sort": {"files": -1}}]):
        print(f"  {row['_id']}: {row['files']} files, {row['bytes']} bytes")
    has_department = {"$match": {"metadata.department": {"$exists": True}}}
    by_department = {"$group": {"_id": "$metadata.department", "files": {"$sum": 1}, "average": {"$avg": "$length"}}}
    for row in db.fs.files.aggregate([has_department, by_department]):
        print(f"  {row['_id']}: {row['files']} files, {row['average']:.0f} bytes on average")


def stream(fs: GridFS) -> dict[str, ObjectId]:
    """Read and write five MiB in pieces, read a range, and follow the progress."""
    large = fs.put(b"A" * (5 << 20), filename="stream.bin", metadata={"kind": "stream"})
    assert sum(len(piece) for piece in _pieces(fs.get(large), 64 << 10)) == 5 << 20
    writer = fs.new_file(filename="written.bin", content_type="application/octet-stream", metadata={"by": "pieces"})
    try:
        for number in range(100):
            writer.write(b"%012d" % number + b"X" * ((64 << 10) - 12))
        writer.close()
    except BaseException:
        writer.abort()
        raise
    written = fs.get(writer._id)
    written.seek(64 << 10)
    assert written.read(13) == b"000000000001X"
    part = fs.get(large)
    part.seek(1000)
    assert part.read(1001) == b"A" * 1001
    done, out = 0, fs.get(large)
    for piece in _pieces(out, 1 << 20):
        done += len(piece)
        print(f"  {100 * done / out.length:.0f} % of {out.length} bytes")
    return {"large": large, "written": writer._id}


def tune(db: Files) -> None:
    """Compare sizes of chunks, make indexes, ask with and without them, and look at the statistics."""
    for chunk_size in (64 << 10, 256 << 10, 512 << 10, 1 << 20):
        name = f"chunks_of_{chunk_size}"
        fs = GridFS(db, collection=name)
        start = datetime.now(UTC)
        file_id = fs.put(b"X" * (1 << 20), filename="x.bin", chunk_size=chunk_size)
        stored = datetime.now(UTC)
        assert len(fs.get(file_id).read()) == 1 << 20
        chunks = db[name].chunks.count_documents({"files_id": file_id})
        assert chunks == (1 << 20) // chunk_size
        print(f"  {chunks} chunks: stored in {stored - start}, read in {datetime.now(UTC) - stored}")
    assert {index["name"] for index in db.fs.files.list_indexes()} == {"_id_", "filename_1_uploadDate_1"}
    assert {index["name"] for index in db.fs.chunks.list_indexes()} == {"_id_", "files_id_1_n_1"}
    db.fs.files.create_index([("filename", 1), ("uploadDate", -1)])
    db.fs.files.create_index("metadata.department")
    db.fs.files.create_index("contentType")
    db.fs.files.create_index([("metadata.department", 1), ("contentType", 1), ("uploadDate", -1)])
    assert len(list(db.fs.files.find({"length": {"$gte": 1000}}).limit(10))) > 0
    texts = db.fs.files.find({"contentType": "text/plain"}, {"filename": 1, "length": 1, "uploadDate": 1}).limit(10)
    assert all(set(file) == {"_id", "filename", "length", "uploadDate"} for file in texts)
    for name in ("fs.files", "fs.chunks"):
        stats = db.command("collStats", name)
        assert stats["count"] == db[name].count_documents({})
        print(f"  {name}: {stats['count']} documents, {stats['size']} bytes, {stats.get('avgObjSize')} on average")


class DocumentManager:
    """Documents with metadata, an approval, and a trail of what was deleted.

    Args:
        db: Where the documents and the trail are kept.
    """

    def __init__(self, db: Files) -> None:
        self.files = db.documents.files
        self.trail = db.document_trail
        self.fs = GridFS(db, collection="documents")
        self.files.create_index([("metadata.kind", 1), ("metadata.department", 1), ("uploadDate", -1)])
        for field in ("tags", "author", "level"):
            self.files.create_index(f"metadata.{field}")

    def upload(self, content: bytes, filename: str, **about: Any) -> ObjectId:
        """Store a document, which is then to be approved."""
        if not content or not filename:
            raise ValueError("a document has a name and content")
        metadata = {"kind": "general", "tags": [], "level": "public", "version": "1.0", **about, "approval": "pending"}
        return self.fs.put(content, filename=filename, metadata=metadata)  # type: ignore[no-any-return]

    def search(self, since: datetime | None = None, author: str | None = None, **about: Any) -> list[dict[str, Any]]:
        """Return the documents with this metadata, newest first: any of `tags`, `author` a part of a name."""
        query: dict[str, Any] = {f"metadata.{name}": value for name, value in about.items()}
        if "tags" in about:
            query["metadata.tags"] = {"$in": about["tags"]}
        if author is not None:
            query["metadata.author"] = {"$regex": author, "$options": "i"}
        if since is not None:
            query["uploadDate"] = {"$gte": since, "$lte": _now() + timedelta(seconds=1)}
        return list(self.files.find(query).sort("uploadDate", -1))

    def get(self, file_id: ObjectId) -> GridOut | None:
        """Return a document to read, or None."""
        try:
            return self.fs.get(file_id)
        except NoFile:
            return None

    def update(self, file_id: ObjectId, **about: Any) -> bool:
        """Change metadata, and tell whether there was such a document."""
        fields = {f"metadata.{name}": value for name, value in about.items()}
        fields["metadata.modified"] = _now()
        return self.files.update_one({"_id": file_id}, {"$set": fields}).modified_count == 1

    def approve(self, file_id: ObjectId, by: str) -> bool:
        """Approve a document."""
        return self.update(file_id, approval="approved", approved_by=by, approved=_now())

    def delete(self, file_id: ObjectId, reason: str) -> bool:
        """Delete a document, say so in the trail, and tell whether there was one."""
        document = self.files.find_one({"_id": file_id})
        if document is None:
            return False
        entry = {"file_id": file_id, "filename": document["filename"], "deleted": _now(), "reason": reason}
        self.trail.insert_one({**entry, "metadata": document["metadata"]})
        self.fs.delete(file_id)
        return True

    def report(self) -> dict[str, Any]:
        """Count documents and bytes: all, by department, by kind, by approval."""
        total = next(self.files.aggregate([{"$group": {"_id": None, "bytes": {"$sum": "$length"}}}]), {"bytes": 0})
        counts = {"documents": self.files.count_documents({}), "bytes": total["bytes"]}
        for field in ("department", "kind", "approval"):
            group = {"$group": {"_id": f"$metadata.{field}", "count": {"$sum": 1}}}
            rows = self.files.aggregate([group, {"$sort": {"count": -1, "_id": 1}}])
            counts[field] = {row["_id"]: row["count"] for row in rows}
        return counts


def manage_documents(db: Files) -> DocumentManager:
    """Put the document manager to use."""
    manager = DocumentManager(db)
    offer = manager.upload(
        b"We offer.", "offer.pdf", kind="offer", department="sales", author="John", tags=["offer"], level="confidential"
    )
    manager.upload(b"How we work.", "handbook.pdf", kind="policy", department="people", author="Eve", tags=["policy"])
    draft = manager.upload(b"A draft.", "draft.docx", department="sales", author="Johanna")
    assert [found["_id"] for found in manager.search(department="sales", tags=["offer"])] == [offer]
    assert len(manager.search(author="joh", since=_now() - timedelta(minutes=10))) == 2
    assert manager.approve(offer, "Ada")
    assert manager.delete(draft, "a draft")
    assert not manager.delete(draft, "a draft")
    assert manager.get(draft) is None
    kept = manager.get(offer)
    assert kept is not None
    assert (kept.read(), kept.content_type) == (b"We offer.", "application/pdf")
    print(f"  {manager.report()}")
    return manager


def _now() -> datetime:
    """Return the time as documents have it: UTC, without a time zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def main(path: str) -> None:
    """Do it all, in a database named `gridfs_example`, which is emptied first."""
    with MongoClient[dict[str, Any]](path) as client:
        client.drop_database("gridfs_example")
        db = client.gridfs_example
        fs = GridFS(db)
        print("The two collections")
        look_at_the_collections(db, fs)
        print("Storing")
        ids = store(db, fs)
        print("Retrieving")
        retrieve(fs, ids)
        print("Managing")
        manage(db, fs, ids)
        print("Versions")
        keep_versions(fs)
        print("Metadata")
        describe(db, fs)
        print("Streaming")
        stream(fs)
        print("Tuning")
        tune(db)
        print("Documents")
        manage_documents(db)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else ":memory:")
