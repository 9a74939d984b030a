"""Paths of stored files: what they may be, and patterns of them.

A path is names with a slash between them: `$/photos/2014/a.jpg`. It has no slash at the beginning or the end. A name is
any Unicode text but the empty one, `.` and `..`; it has no slash and no NUL in it. Names are compared byte by byte.
"""

from __future__ import annotations

import re
from typing import Final

ROOT: Final = ""
"""The folder of the first names."""

_LITEDB_NAME: Final = re.compile(r"[\w\-$@!+%;.]+")


def check_path(path: str, *, litedb_ids: bool = False) -> str:
    """Return `path` if it is one.

    Args:
        path: The path of a file or folder, not of the root.
        litedb_ids: Allow only what LiteDB allows in the `_id` of a file: letters, digits and `_-$@!+%;.`.

    Raises:
        ValueError: It is none; the message says what is wrong with it.
    """
    if not isinstance(path, str):
        raise TypeError(f"a path is a str, not {type(path).__name__}")
    if (wrong := _what_is_wrong(path, litedb_ids=litedb_ids)) is not None:
        raise ValueError(f"{path!r} is not a path of a stored file: {wrong}")
    return path


def _what_is_wrong(path: str, *, litedb_ids: bool) -> str | None:
    if not path:
        return "it is empty"
    if path.startswith("/"):
        return "it begins with a slash"
    if path.endswith("/"):
        return "it ends with a slash"
    if "\0" in path:
        return "it has a NUL in it"
    if any("\ud800" <= char <= "\udfff" for char in path):
        return "it has half a surrogate pair in it, which is not Unicode text"
    for name in path.split("/"):
        if name in {"", ".", ".."}:
            return f"{name!r} is not a name"
        if litedb_ids and not _LITEDB_NAME.fullmatch(name):
            return f"{name!r} has more in it than letters, digits and _-$@!+%;."
    return None


def check_folder(path: str, *, litedb_ids: bool = False) -> str:
    """Return the path of a folder without the slash that it may end with; an empty path is the root.

    Raises:
        ValueError: It is no path.
    """
    bare = path.removesuffix("/")
    return bare if bare == ROOT and path in {"", "/"} else check_path(bare, litedb_ids=litedb_ids)


def split(path: str) -> tuple[str, str]:
    """Return the folder that a path lies in, and its name."""
    folder, _, name = path.rpartition("/")
    return folder, name


def ancestors(path: str) -> list[str]:
    """Return the folders that a path lies in, nearest first, without the root."""
    folders = []
    while path := split(path)[0]:
        folders.append(path)
    return folders


def below(folder: str) -> dict[str, str]:
    """Return a condition on the paths of everything below a folder, at any depth."""
    return {} if folder == ROOT else {"$gte": f"{folder}/", "$lt": f"{folder}0"}  # 0 comes after the slash


def glob_pattern(folder: str, glob: str) -> str:
    """Return a pattern of paths below a folder as a regular expression.

    `*` and `?` stay within a name, `**` does not, `[a-z]` is one of these, `[!a-z]` another one.
    """
    pattern, position = [re.escape(f"{folder}/") if folder else ""], 0
    while position < len(glob):
        piece, text = _glob_piece(glob, position)
        pattern.append(piece)
        position += len(text)
    return f"^{''.join(pattern)}$"


def _glob_piece(glob: str, position: int) -> tuple[str, str]:
    """Return the expression for what stands at a position of a pattern, and that part of the pattern."""
    for text, piece in (("**/", "(?:[\\s\\S]*/)?"), ("**", "[\\s\\S]*"), ("*", "[^/]*"), ("?", "[^/]")):
        if glob.startswith(text, position):
            return piece, text
    if (found := re.compile(r"\[(!?)([^\]/]+)\]").match(glob, position)) is not None:
        inner = found[2].replace("\\", "\\\\").replace("^", "\\^").replace("[", "\\[")
        return f"[{'^/' if found[1] else ''}{inner}]", found[0]
    return re.escape(glob[position]), glob[position]


def join(folder: str, name: str) -> str:
    """Return the path of a name in a folder."""
    return f"{folder}/{name}" if folder and name else folder or name


def literal_folder(folder: str, glob: str) -> str:
    """Return the folder that everything which a pattern matches below a folder lies in."""
    literal = re.split(r"[*?\[]", glob, maxsplit=1)[0]
    return join(folder, split(literal)[0])
