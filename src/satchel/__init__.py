"""Satchel: MongoDB's API and GridFS in one SQLite file."""
