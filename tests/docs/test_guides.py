"""The guides' Python blocks run, one after the other, and give what stands behind the arrows."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any, Final

import pytest

from satchel import MongoClient

GUIDES: Final = Path(__file__).parents[2] / "docs" / "guide"
NAMES: Final = ("change-streams", "encryption", "from-litedb", "from-mainydb", "from-mongodb", "from-neosqlite")

_BLOCK: Final = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ARROW: Final = "  # → "


def blocks(name: str) -> list[str]:
    return _BLOCK.findall((GUIDES / f"{name}.md").read_text(encoding="utf-8"))


def checked(block: str) -> ast.Module:
    """Return a block that compares each value with what stands behind the arrow at its end."""
    module = ast.parse(block)
    lines = block.splitlines()
    for node in ast.walk(module):
        if isinstance(node, ast.Expr) and _ARROW in (last := lines[(node.end_lineno or 0) - 1]):
            promised = ast.Constant(last.partition(_ARROW)[2])
            node.value = ast.Call(ast.Name("_check", ast.Load()), [node.value, promised], [])
    return ast.fix_missing_locations(module)


@pytest.mark.parametrize("name", NAMES)
def test_guide(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MONGODB_URI", str(tmp_path / "server.db"))
    with MongoClient[dict[str, Any]](tmp_path / "server.db") as server:
        server.shop.users.insert_one({"_id": 1})
        server.shop.orders.insert_many([{"number": number} for number in range(2500)])
        server.shop.orders.create_index("number", unique=True)
    seen: list[str] = []

    def check(value: object, promised: str) -> None:
        seen.append(promised)
        assert repr(value) == promised

    names: dict[str, Any] = {"_check": check}
    found = blocks(name)
    for number, block in enumerate(found):
        exec(compile(checked(block), f"{name}.md, block {number + 1}", "exec"), names)
    assert len(seen) == sum(block.count("# →") for block in found) > 0


def test_an_arrow_is_checked() -> None:
    assert ast.unparse(checked("1 + 1  # → 2\nx = 1")) == "_check(1 + 1, '2')\nx = 1"
    assert ast.unparse(checked("with a:\n    f(\n        1\n    )  # → 3")) == "with a:\n    _check(f(1), '3')"
