"""Writes: documents, and the index keys that go with them, in one transaction."""
