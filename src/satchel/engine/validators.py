"""Validation rules of a collection: which documents it takes."""

from __future__ import annotations

import logging
from functools import lru_cache
from typing import cast

from satchel.engine.catalog import CollectionEntry
from satchel.engine.operation import Operation
from satchel.errors import ErrorCode, ServerError
from satchel.mql.context import Context
from satchel.mql.match import parse_filter
from satchel.mql.match.failure import explain_failure
from satchel.values.bson_types import Document

_log = logging.getLogger("satchel")


class Validator:
    """A collection's validator, with its level and action.

    Args:
        spec: The filter that documents have to match.
        context: The circumstances in which it is parsed and explained.
        is_moderate: Whether documents that were invalid before an update may stay so.
        action: `error` refuses the document, `warn` logs the failure and takes it, `errorAndLog` does both.
    """

    def __init__(self, spec: Document, context: Context, *, is_moderate: bool, action: str) -> None:
        self._spec = spec
        self._context = context
        self._matches = parse_filter(spec, context).matches
        self._is_moderate = is_moderate
        self._action = action

    def check(self, document: Document, old: Document | None = None) -> None:
        """Raise when `document` may not be stored.

        Args:
            document: The document that is to be stored.
            old: The document that it replaces, or None for a new one.

        Raises:
            ServerError: DocumentValidationFailure (121), with the reasons in `errInfo`.
        """
        if self._accepts(document):
            return
        if old is not None and self._is_moderate and not self._accepts(old):
            return
        reasons = explain_failure(self._spec, document, self._context)
        details = {"failingDocumentId": document.get("_id"), "details": reasons}
        if self._action != "error":
            _log.warning("Document would fail validation: %s", details)
        if self._action != "warn":
            raise ServerError(
                ErrorCode.DocumentValidationFailure, "Document failed validation", details={"errInfo": details}
            )

    def _accepts(self, document: Document) -> bool:
        try:
            return self._matches(document)
        except ServerError:  # an expression that cannot be computed for this document
            return False


@lru_cache(maxsize=256)
def _validator_of(entry: CollectionEntry) -> Validator | None:
    spec = cast("Document | None", entry.options.get("validator"))
    level = entry.options.get("validationLevel", "strict")
    if not spec or level == "off":
        return None
    return Validator(
        spec,
        Context(collation=entry.collation),
        is_moderate=level == "moderate",
        action=cast("str", entry.options.get("validationAction", "error")),
    )


def validator_of(entry: CollectionEntry, operation: Operation) -> Validator | None:
    """Return what documents of a collection have to pass in this operation, or None."""
    return None if operation.bypass_validation else _validator_of(entry)
