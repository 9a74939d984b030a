"""Benchmarks: Satchel beside floors (raw SQLite, plain files) and peers, as ratios within one run."""
