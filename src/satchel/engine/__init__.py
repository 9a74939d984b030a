"""The engine: catalog, indexes, planner, execution, writes and cursors over a storage backend."""
