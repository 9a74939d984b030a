"""What ships for other people's tests: the pytest plugin (`docs/guide/testing.md`)."""
