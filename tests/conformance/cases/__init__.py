"""The cases: one module per subject, each with `cases()`."""
