"""PyMongo without a socket: its own clients, whose transport is a function call into the engine."""

from satchel.driver.aio import AsyncMongoClient
from satchel.driver.bulk import bulk_operations
from satchel.driver.client import MongoClient

__all__ = ["AsyncMongoClient", "MongoClient", "bulk_operations"]
