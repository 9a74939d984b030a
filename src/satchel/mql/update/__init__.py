"""Updates: operators, replacements and pipelines, parsed once and applied to many documents."""

from satchel.mql.update.identity import identical
from satchel.mql.update.parser import parse_update
from satchel.mql.update.result import check_size
from satchel.mql.update.update import Update
from satchel.mql.update.upsert import check_upsert_filter

__all__ = ["Update", "check_size", "check_upsert_filter", "identical", "parse_update"]
