"""Files: GridFS with checksums, files by path, an fsspec file system.

`satchel.gridfs` is the public name of the GridFS classes. Only PyMongo's API is used, so all of it works on a MongoDB
server too.
"""

from satchel.files.file_info import FileInfo
from satchel.files.file_storage import FileStorage
from satchel.files.file_writer import FileWriter

__all__ = ["FileInfo", "FileStorage", "FileWriter"]
