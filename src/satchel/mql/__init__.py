"""MongoDB's query language, pure: filters, projections, updates, expressions, pipelines. No storage, no sockets."""
