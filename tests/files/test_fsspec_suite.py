"""fsspec's own abstract test suite: copy, get, put, open, pipe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.tests import abstract

from satchel.files.filesystem import SatchelFileSystem


class SatchelFixtures(abstract.AbstractFixtures):  # type: ignore[misc]
    @pytest.fixture
    def fs(self, tmp_path: Path) -> Iterator[SatchelFileSystem]:
        fs = fsspec.filesystem("satchel", path=tmp_path / "app.db", skip_instance_cache=True)
        yield fs
        fs.close()

    @pytest.fixture
    def fs_path(self) -> str:
        return ""

    @pytest.fixture
    def fs_join(self) -> Any:
        return lambda *parts: "/".join(part for part in parts if part)


class TestCopy(abstract.AbstractCopyTests, SatchelFixtures):  # type: ignore[misc]
    pass


class TestGet(abstract.AbstractGetTests, SatchelFixtures):  # type: ignore[misc]
    pass


class TestPut(abstract.AbstractPutTests, SatchelFixtures):  # type: ignore[misc]
    pass


class TestOpen(abstract.AbstractOpenTests, SatchelFixtures):  # type: ignore[misc]
    pass


class TestPipe(abstract.AbstractPipeTests, SatchelFixtures):  # type: ignore[misc]
    pass
