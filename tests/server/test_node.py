"""MongoDB's Node driver and Mongoose, from npm."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.server.process import ServerProcess

SOURCES = Path(__file__).with_name("node")
INSTALLED = Path(__file__).parents[2] / ".cache" / "node"


@pytest.fixture(scope="module")
def folder() -> Path:
    """Return a folder with the drivers, installed once."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("needs node and npm")
    INSTALLED.mkdir(parents=True, exist_ok=True)
    wanted = (SOURCES / "package.json").read_text()
    manifest = INSTALLED / "package.json"
    if not (INSTALLED / "node_modules").exists() or not manifest.exists() or manifest.read_text() != wanted:
        manifest.write_text(wanted)
        command = ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error"]
        done = subprocess.run(command, cwd=INSTALLED, capture_output=True, text=True, timeout=300, check=False)
        if done.returncode:
            shutil.rmtree(INSTALLED)
            pytest.skip(f"npm cannot install the drivers: {done.stderr.strip()[-200:]}")
    return INSTALLED


def test_node_driver_and_mongoose(folder: Path, start_process: Callable[..., ServerProcess]) -> None:
    server = start_process("--log-level=warning")
    shutil.copy(SOURCES / "drivers.js", folder)
    done = subprocess.run(
        ["node", "--test", "drivers.js"],
        cwd=folder,
        env={**os.environ, "MONGODB_URI": server.uri},
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert "pass 5" in done.stdout
