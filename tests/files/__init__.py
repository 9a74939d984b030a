"""Files: GridFS with checksums, FileStorage, fsspec, and the commands for them."""
