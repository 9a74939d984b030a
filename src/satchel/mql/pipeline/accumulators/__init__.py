"""Accumulators of `$group` and the window functions that share their code."""
