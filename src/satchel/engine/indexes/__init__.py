"""Indexes: their specifications, and the keys that documents have in them."""
