"""What is known of a stored file or folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from satchel.files.tree import FOLDER, Entry


@dataclass(frozen=True, slots=True)
class FileInfo:
    """What is known of a stored file or folder.

    Attributes:
        length: Its size in bytes; 0 of a folder.
        content_type: Its MIME type; None of a folder.
        created: When the path got its first file.
        modified: When it got the bytes that it has; of a folder: when it was made.
        metadata: What goes with it.
        sha256: The checksum of its bytes in hexadecimal; None of a folder.
    """

    path: str
    name: str
    is_folder: bool
    length: int
    content_type: str | None
    created: datetime
    modified: datetime
    metadata: Mapping[str, Any]
    sha256: str | None

    @classmethod
    def of(cls, entry: Entry) -> FileInfo:
        """Return what the document of a path says."""
        return cls(
            path=entry["path"],
            name=entry["name"],
            is_folder=entry["kind"] == FOLDER,
            length=int(entry.get("length", 0)),
            content_type=entry.get("contentType"),
            created=entry["created"],
            modified=entry.get("modified", entry["created"]),
            metadata=entry.get("metadata", {}),
            sha256=entry.get("sha256"),
        )
