"""PyMongo's sources of exactly the installed version, from the package registry, and its tests laid out to run."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pymongo

ROOT = Path(__file__).parents[2]
CACHE = ROOT / ".cache" / "conformance"

_CONFIGURATION = """[pytest]
addopts = -m "default or default_async"
asyncio_default_fixture_loop_scope = session
asyncio_default_test_loop_scope = session
faulthandler_timeout = 300
markers =
{markers}
filterwarnings =
    ignore::pytest.PytestUnknownMarkWarning
    error:The read preference 'hedge' option:DeprecationWarning
"""
_MARKERS = (
    "auth auth_aws auth_oidc ocsp atlas_connect sfp perf search_index kms encryption load_balancer mockupdb "
    "default default_async"
)


def prepare() -> Path:
    """Return the folder that holds `test`, PyMongo's suite; fetch and unpack it where it is not there yet.

    The suite stands apart from the sources of `bson`, `gridfs` and `pymongo`, so that it tests the installed ones.
    """
    folder = CACHE / f"pymongo-{pymongo.version}"
    if not (folder / "test").exists():
        archive = _download(CACHE / "sdist")
        shutil.rmtree(folder, ignore_errors=True)
        with tarfile.open(archive) as sources:
            name = archive.name.removesuffix(".tar.gz")
            members = [member for member in sources.getmembers() if member.name.startswith(f"{name}/test/")]
            sources.extractall(CACHE / "unpacked", members, filter="data")
        shutil.move(CACHE / "unpacked" / name, folder)
    markers = "\n".join(f"    {marker}" for marker in _MARKERS.split())
    (folder / "pytest.ini").write_text(_CONFIGURATION.format(markers=markers))
    return folder


def _download(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    archive = folder / f"pymongo-{pymongo.version}.tar.gz"
    if not archive.exists():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
        command += ["--no-deps", "--no-binary", "pymongo", "--dest", str(folder), f"pymongo=={pymongo.version}"]
        subprocess.run(command, check=True)
    return archive
