"""BSON values: their types, order, numbers, keys and paths. Pure; the types themselves are PyMongo's `bson`."""
