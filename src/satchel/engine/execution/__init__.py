"""Execution: scans, filters and sorts over a snapshot, as generators that outlive it."""
