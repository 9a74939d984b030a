"""The planner: which index, which bounds, what is left to check."""
