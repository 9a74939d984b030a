"""Commands: one function per MongoDB command, with its fields declared; and the service that dispatches to them."""
