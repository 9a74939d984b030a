"""Satchel: MongoDB's API and GridFS in one SQLite file.

from satchel import MongoClient
db = MongoClient("app.db").shop
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from satchel.driver.aio import AsyncMongoClient
    from satchel.driver.bulk import bulk_operations
    from satchel.driver.client import MongoClient

__all__ = ["AsyncMongoClient", "MongoClient", "bulk_operations"]


def __getattr__(name: str) -> object:
    """Import a name when it is first asked for: the pytest plugin is always loaded, PyMongo need not be."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from satchel import driver  # noqa: PLC0415

    return getattr(driver, name)
