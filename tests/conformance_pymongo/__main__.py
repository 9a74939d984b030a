"""Run PyMongo's own test suite on Satchel and write `docs/conformance.md`.

python -m tests.conformance_pymongo                  everything
python -m tests.conformance_pymongo test_gridfs …    some modules, to the terminal only
python -m tests.conformance_pymongo --async          the asynchronous twins as well
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pymongo

from tests.conformance_pymongo.modules import ASYNC_FOLDER, GROUPS
from tests.conformance_pymongo.report import Outcome, failures, read_outcome, table
from tests.conformance_pymongo.suite import CACHE, ROOT, prepare

PAGE = ROOT / "docs" / "conformance.md"
MODULE_TIME_LIMIT_S = 1200

_PAGE = """# Conformance

PyMongo's own test suite, taken from the sources of PyMongo {version}, run in process: every client that it makes for
its server is a `satchel.MongoClient` on one file. Written by `make conformance`.

A skipped test asks for something that the server says it has not: several members, sharding, TLS, authentication,
fail points, a version range. Modules that are about nothing else are left out.

{table}
{failures}"""


def main() -> int:
    """Run what the command line says."""
    arguments = _arguments()
    folder = prepare()
    groups = _selected(arguments.modules, with_async=arguments.asynchronous)
    results: dict[str, Sequence[Outcome]] = {}
    for group, modules in groups.items():
        results[group] = outcomes = []
        for module in modules:
            outcomes.append(run(folder, module, arguments.select))
            _print(outcomes[-1], verbose=bool(arguments.modules))
    print(table(results))
    _save(results, write_page=not arguments.modules and not arguments.select)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="conformance", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("modules", nargs="*", help="modules, as test_gridfs; none means all")
    parser.add_argument("--async", dest="asynchronous", action="store_true", help="run the asynchronous twins too")
    parser.add_argument("-k", dest="select", default="", help="only tests whose name matches (pytest's -k)")
    return parser.parse_args()


def _selected(names: Sequence[str], *, with_async: bool) -> dict[str, Sequence[str]]:
    groups: dict[str, Sequence[str]] = {"Selected": names} if names else dict(GROUPS)
    if with_async:
        twins = [f"{ASYNC_FOLDER}/{module}" for modules in groups.values() for module in modules]
        groups["Asynchronous twins"] = twins
    return groups


def run(folder: Path, module: str, select: str = "") -> Outcome:
    """Run one module in a process of its own."""
    junit = CACHE / "results" / f"{module.replace('/', '-')}.xml"
    junit.parent.mkdir(parents=True, exist_ok=True)
    junit.unlink(missing_ok=True)
    path = folder / "test" / f"{module}.py"
    if not path.exists():
        return Outcome(module)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "tests.conformance_pymongo.in_process",
        "-p",
        "no:cacheprovider",
    ]
    command += [
        "-c",
        "pytest.ini",
        f"--junitxml={junit}",
        "--tb=short",
        "-o",
        "console_output_style=classic",
        str(path),
    ]
    if select:
        command += ["-k", select]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
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
        output = finished.stdout + finished.stderr
    except subprocess.TimeoutExpired as expired:
        output = (
            f"{(expired.stdout or b'').decode(errors='replace')}\nthe module took more than {MODULE_TIME_LIMIT_S} s"
        )
    junit.with_suffix(".txt").write_text(output)
    return read_outcome(module, junit, output)


def _print(outcome: Outcome, *, verbose: bool) -> None:
    print(
        f"{outcome.module}: {outcome.passed} passed, {len(outcome.failures)} failed, {outcome.skipped} skipped",
        flush=True,
    )
    if verbose:
        for name, message in outcome.failures:
            print(f"    {name}: {message}")


def _save(results: dict[str, Sequence[Outcome]], *, write_page: bool) -> None:
    everything = {outcome.module: outcome.failures for outcomes in results.values() for outcome in outcomes}
    (CACHE / "failures.json").write_text(json.dumps(everything, indent=1))
    if write_page:
        failed = failures(results)
        section = f"\n## What fails\n\n{failed}\n" if failed else ""
        PAGE.write_text(_PAGE.format(version=pymongo.version, table=table(results), failures=section))


if __name__ == "__main__":
    sys.exit(main())
