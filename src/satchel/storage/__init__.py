"""The storage interface: what the engine asks of a backend, and nothing about how it is done."""
