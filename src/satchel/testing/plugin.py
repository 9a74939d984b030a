"""The pytest plugin: fixtures that give a test a fresh database in memory."""
