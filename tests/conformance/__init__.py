"""Results recorded from a real MongoDB server, and their replay on Satchel: see README.md."""
