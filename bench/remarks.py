"""Why a target is missed, said of those that a run finds missed."""

from __future__ import annotations

REMARKS: dict[str, str] = {}
