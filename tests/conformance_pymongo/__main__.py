"""Run PyMongo's own test suite on Satchel and write `docs/conformance.md`.

python -m tests.conformance_pymongo                  everything, in process and over TCP
python -m tests.conformance_pymongo test_gridfs …    some modules, to the terminal only
python -m tests.conformance_pymongo --way tcp        one of the two ways only, to the terminal only
python -m tests.conformance_pymongo --async          the asynchronous twins as well
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pymongo

from tests.conformance_pymongo.modules import ASYNC_FOLDER, GROUPS
from tests.conformance_pymongo.report import WAYS, Outcome, Results, differences, failures, read_outcome, table
from tests.conformance_pymongo.suite import CACHE, ROOT, prepare
from tests.server.process import ServerProcess

PAGE = ROOT / "docs" / "conformance.md"
MODULE_TIME_LIMIT_S = 1200

_PAGE = """# Conformance

PyMongo's own test suite, taken from the sources of PyMongo {version}, run two ways: in process, where every client that
it makes for its server is a `satchel.MongoClient` on one file, and over TCP, where it is PyMongo's own client of
`satchel serve`; and so are the twins of the modules for the asynchronous client. Both with fail points
(`--enable-test-commands`), in a process and on a file of its own for each module. Written by `make conformance`.

A skipped test asks for something that the server says it has not: several members, sharding, TLS, authentication,
a version range. Modules that are about nothing else are left out.

{table}
{differences}{failures}"""


def main() -> int:
    """Run what the command line says."""
    options = _options()
    folder = prepare()
    results: Results = {way: {} for way in options.way or WAYS}
    for group, modules in _selected(options.modules, with_async=options.asynchronous).items():
        for way, groups in results.items():
            groups[group] = outcomes = []
            for module in modules:
                outcomes.append(run(folder, module, way, options.select))
                _print(outcomes[-1], way, verbose=bool(options.modules))
    print(table(results))
    _save(results, write_page=not (options.modules or options.select or options.way))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="conformance", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("modules", nargs="*", help="modules, as test_gridfs; none means all")
    parser.add_argument("--way", choices=WAYS, action="append", help="only in process, or only over TCP")
    parser.add_argument("--async", dest="asynchronous", action="store_true", help="run the asynchronous twins too")
    parser.add_argument("-k", dest="select", default="", help="only tests whose name matches (pytest's -k)")
    return parser.parse_args()


def _selected(names: Sequence[str], *, with_async: bool) -> dict[str, Sequence[str]]:
    groups: dict[str, Sequence[str]] = {"Selected": names} if names else dict(GROUPS)
    if with_async:
        twins = [f"{ASYNC_FOLDER}/{module}" for modules in groups.values() for module in modules]
        groups["Asynchronous twins"] = twins
    return groups


def run(folder: Path, module: str, way: str, select: str = "") -> Outcome:
    """Run one module in a process of its own, and over TCP with a server of its own."""
    junit = CACHE / "results" / f"{way}-{module.replace('/', '-')}.xml"
    junit.parent.mkdir(parents=True, exist_ok=True)
    junit.unlink(missing_ok=True)
    path = folder / "test" / f"{module}.py"
    if not path.exists():
        return Outcome(module)
    command = [sys.executable, "-m", "pytest", "-q", "-c", "pytest.ini", "-p", "no:cacheprovider"]
    command += [
        "-p",
        "tests.conformance_pymongo.time_limit",
        "-p",
        "tests.conformance_pymongo.machine",
        "--tb=short",
        "-o",
        "console_output_style=classic",
    ]
    command += [f"--junitxml={junit}", str(path)]
    if way == "in process":
        command += ["-p", "tests.conformance_pymongo.in_process"]
    if select:
        command += ["-k", select]
    with _server(way) as address:
        output = _output(command, folder, address)
    junit.with_suffix(".txt").write_text(output)
    return read_outcome(module, junit, output)


@contextmanager
def _server(way: str) -> Iterator[dict[str, str]]:
    """Give what the suite has to know of its server, as environment variables."""
    if way != "TCP":
        yield {}
        return
    with tempfile.TemporaryDirectory(prefix="satchel-conformance-") as folder:
        path = Path(folder) / "suite.db"
        with ServerProcess(path, "--enable-test-commands", "--log-level=warning", f"--port={_port()}") as server:
            host, _, port = server.uri.removeprefix("mongodb://").rstrip("/").rpartition(":")
            yield {"DB_IP": host, "DB_PORT": port}


def _port() -> int:
    """Return the port that some of the suite's clients insist on, or 0 (any) when somebody else has it."""
    with socket.socket() as probe:
        return 0 if probe.connect_ex(("127.0.0.1", 27017)) == 0 else 27017


def _output(command: Sequence[str], folder: Path, address: dict[str, str]) -> str:
    environment = {**os.environ, **address, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
    try:
        finished = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=MODULE_TIME_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as expired:
        output = (expired.stdout or b"").decode(errors="replace")
        return f"{output}\nthe module took more than {MODULE_TIME_LIMIT_S} s"
    return finished.stdout + finished.stderr


def _print(outcome: Outcome, way: str, *, verbose: bool) -> None:
    counts = f"{outcome.passed} passed, {len(outcome.failures)} failed, {outcome.skipped} skipped"
    print(f"{outcome.module} {way}: {counts}", flush=True)
    if verbose:
        for name, message in outcome.failures:
            print(f"    {name}: {message}")


def _save(results: Results, *, write_page: bool) -> None:
    everything = {
        way: {outcome.module: outcome.failures for outcomes in groups.values() for outcome in outcomes}
        for way, groups in results.items()
    }
    (CACHE / "failures.json").write_text(json.dumps(everything, indent=1))
    if write_page:
        page = _PAGE.format(
            version=pymongo.version, table=table(results), differences=differences(results), failures=failures(results)
        )
        PAGE.write_text(page.rstrip() + "\n")


if __name__ == "__main__":
    sys.exit(main())
