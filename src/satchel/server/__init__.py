"""The socket server: MongoDB's wire protocol on TCP, TLS and Unix sockets, in front of the service of one file."""
