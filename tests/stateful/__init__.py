"""Properties and state machines against small models."""
