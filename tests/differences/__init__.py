"""The numbered differences from MongoDB, each held by a recorded case or a test of its own."""
