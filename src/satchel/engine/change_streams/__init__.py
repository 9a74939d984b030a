"""Change streams: what the change log says, as the events that clients watch."""
