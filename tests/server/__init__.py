"""The socket server: clients over TCP, Unix sockets and TLS; hostile bytes; shutting down; load."""
