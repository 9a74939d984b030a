"""MongoDB's wire protocol: bytes ⇄ messages, without sockets, and the interface of the service behind them."""
