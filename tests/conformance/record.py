"""Record what a real MongoDB server answers: `python -m tests.conformance.record [--uri URI] [name ...]`."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pymongo

from . import extended_json
from .case import RECORDED, case_modules, cases_of, resolve, sets_of
from .server import ServerRunner

_ORACLE = Path("/tmp/oracle0/uri")


def oracle_uri() -> str | None:
    """Return the URI of the oracle: from MONGODB_ORACLE_URI, or where the tool puts it."""
    found = os.environ.get("MONGODB_ORACLE_URI")
    return found or (_ORACLE.read_text().strip() if _ORACLE.exists() else None)


def record(client: Any, name: str) -> int:
    """Record the cases of one module and return their number."""
    cases = cases_of(name)
    sets = sets_of(cases)
    runner = ServerRunner(client, f"conformance_{name}_{os.getpid()}")
    lines = [extended_json.dumps({"sets": sets})]
    try:
        for spec in cases:
            result = runner.run(resolve(name, spec, sets))
            lines.append(extended_json.dumps({**spec, "result": result}))
    finally:
        runner.close()
    RECORDED.mkdir(exist_ok=True)
    (RECORDED / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return len(cases)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--uri", default=oracle_uri(), help="the real server (default: MONGODB_ORACLE_URI)")
    parser.add_argument("names", nargs="*", help="case modules (default: all)")
    options = parser.parse_args(arguments)
    if options.uri is None:
        parser.error("no server: give --uri or MONGODB_ORACLE_URI")
    with pymongo.MongoClient(options.uri) as client:
        for name in options.names or case_modules():
            print(f"{name}: {record(client, name)} cases")


if __name__ == "__main__":
    main()
