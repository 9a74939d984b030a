"""Random commands on random documents, run on Satchel and on a real MongoDB engine: `make fuzz`."""
