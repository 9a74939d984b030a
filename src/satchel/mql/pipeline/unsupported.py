"""The stages that MongoDB has and Satchel has not, as data: each answers NotImplemented (238)."""

from __future__ import annotations

from typing import Final

_ATLAS: Final = "it needs MongoDB Atlas"
_SHARDED: Final = "it needs a sharded cluster"
_SERVER: Final = "it is about the inside of a MongoDB server"

UNSUPPORTED_STAGES: Final[dict[str, str]] = {
    "$geoNear": "geospatial queries come with their indexes",
    "$listClusterCatalog": _SHARDED,
    "$listMqlEntities": _SERVER,
    "$listSampledQueries": _SHARDED,
    "$listSearchIndexes": _ATLAS,
    "$querySettings": _SERVER,
    "$queryStats": _SERVER,
    "$rankFusion": _ATLAS,
    "$score": _ATLAS,
    "$scoreFusion": _ATLAS,
    "$search": _ATLAS,
    "$searchMeta": _ATLAS,
    "$shardedDataDistribution": _SHARDED,
    "$vectorSearch": _ATLAS,
}
"""Stage → why there is none."""
