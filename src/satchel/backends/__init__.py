"""Storage backends: each implements `satchel.storage.interface`."""
