"""The examples run, and end with what they say."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

from satchel import MongoClient

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def example() -> dict[str, Any]:
    return runpy.run_path(str(EXAMPLES / "gridfs_document_manager.py"))


def test_document_manager(example: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "app.db"
    example["main"](str(path))
    assert "Documents" in capsys.readouterr().out
    with MongoClient(path) as client:
        db = client.gridfs_example
        assert db.documents.files.count_documents({}) == 2
        assert db.document_trail.find_one({}, {"_id": 0, "reason": 1, "filename": 1}) == {
            "filename": "draft.docx",
            "reason": "a draft",
        }
        assert example["DocumentManager"](db).report() == {
            "documents": 2,
            "bytes": 21,
            "department": {"people": 1, "sales": 1},
            "kind": {"offer": 1, "policy": 1},
            "approval": {"approved": 1, "pending": 1},
        }
        for name in ("fs", "documents", "small_chunks"):
            known = db[name].files.distinct("_id")
            assert db[name].chunks.count_documents({"files_id": {"$nin": known}}) == 0
