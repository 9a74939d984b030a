"""Names of cases made from their values."""

from __future__ import annotations

import re
from collections import Counter

from satchel.values.bson_types import BsonValue, decode_document, encode_document

from . import extended_json


class Slugs:
    """Makes names that are unique in a file and stay when cases are added behind."""

    def __init__(self) -> None:
        self._seen: Counter[str] = Counter()

    def __call__(self, *parts: BsonValue) -> str:
        """Return a name of the parts: letters, digits and hyphens, with a number when it comes again."""
        parts = tuple(decode_document(encode_document({str(i): part for i, part in enumerate(parts)})).values())
        texts = [part if isinstance(part, str) else extended_json.dumps(part) for part in parts]
        name = "-".join(filter(None, (re.sub(r"[^A-Za-z0-9]+", "-", text).strip("-")[:60] for text in texts)))
        self._seen[name] += 1
        count = self._seen[name]
        return name if count == 1 else f"{name}.{count}"
