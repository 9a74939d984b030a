"""Projections: which fields of a document come out, and what is computed into it."""

from satchel.mql.projection.add_fields import parse_add_fields, parse_unset
from satchel.mql.projection.parser import parse_projection
from satchel.mql.projection.projection import Projection

__all__ = ["Projection", "parse_add_fields", "parse_projection", "parse_unset"]
