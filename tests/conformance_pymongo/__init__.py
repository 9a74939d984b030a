"""PyMongo's own test suite on Satchel, in process: `make conformance`. Not collected by pytest as part of ours."""
