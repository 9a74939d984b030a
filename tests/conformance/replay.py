"""Compare Satchel with the recorded results: `python -m tests.conformance.replay NAME ... --way language|command`."""

from __future__ import annotations

import argparse
import collections
import logging
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

from satchel import MongoClient
from satchel.values.bson_types import Document

from . import extended_json, language
from .case import RecordedCase, case_modules, recorded_cases
from .server import ServerRunner

Run = Callable[[RecordedCase], Document]


def mismatch(case: RecordedCase, found: Document, *, code_only: bool) -> str | None:
    """Compare a result with the recorded one, strictly: values, types, field order; errors by code and details.

    Args:
        case: The case with its recorded result.
        found: What this run gave.
        code_only: Compare only the code of errors, and no batches, as the language knows neither of them.

    Returns:
        Both results as text, or None when they agree.
    """
    expected = case.result or {}
    if code_only:
        expected, found = _language_part(expected), _language_part(found)
    wanted, got = extended_json.dumps(expected), extended_json.dumps(found)
    if wanted == got:
        return None
    # Long results are shown from shortly before the first difference.
    start = max(0, next(i for i, pair in enumerate(zip(wanted, got, strict=False)) if len(set(pair)) > 1) - 100)
    lead = "…" if start else ""
    return f"expected {lead}{wanted[start:]}\n     got {lead}{got[start:]}"


def _language_part(result: Document) -> Document:
    errors = result.get("writeErrors")
    error = errors[0] if errors else result.get("error")
    if error:
        return {"error": error["code"]}
    return {name: value for name, value in result.items() if name != "batches"}


@contextmanager
def way(name: str, database: str) -> Iterator[Run]:
    """Open one of the ways in which cases run: `language`, `command` or `message`."""
    if name == "language":
        yield language.run
        return
    with open_client(name) as client:
        yield ServerRunner(client, database).run


class _Listener(CommandListener):
    """Makes PyMongo take no short cut: somebody is listening."""

    def started(self, event: CommandStartedEvent) -> None:
        pass

    def succeeded(self, event: CommandSucceededEvent) -> None:
        pass

    def failed(self, event: CommandFailedEvent) -> None:
        pass


def open_client(way_name: str, path: str = ":memory:") -> MongoClient:
    """Open a client of Satchel whose commands go by a short cut (`command`) or as messages of the wire (`message`)."""
    return MongoClient(path, event_listeners=[_Listener()] if way_name == "message" else [])


def _failures(file: str, way_name: str, only: str) -> Iterator[tuple[str, str]]:
    with way(way_name, f"conformance_{file}") as run:
        for case in recorded_cases(file):
            if only not in case.name:
                continue
            try:
                difference = mismatch(case, run(case), code_only=way_name == "language")
            except language.UnsupportedError:
                yield "skipped", case.name
                continue
            except Exception:
                difference = "raised " + "".join(traceback.format_exc(limit=-3))
            yield ("same", case.name) if difference is None else ("different", f"{_shown(case)}\n{difference}")


def _shown(case: RecordedCase) -> str:
    return f"{case.id}\n command {extended_json.dumps(case.command)}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="recorded files (default: all)")
    parser.add_argument("--way", choices=["language", "command", "message"], default="language")
    parser.add_argument("--only", default="", help="only cases whose name has this in it")
    parser.add_argument("--limit", type=int, default=20, help="how many mismatches to print")
    parser.add_argument("--width", type=int, default=400, help="characters of a line to print")
    options = parser.parse_args(arguments)
    logging.getLogger("satchel").setLevel(logging.CRITICAL)
    for file in options.names or case_modules():
        counts: collections.Counter[str] = collections.Counter()
        for kind, text in _failures(file, options.way, options.only):
            counts[kind] += 1
            if kind == "different" and counts[kind] <= options.limit:
                print("\n".join(line[: options.width] for line in text.split("\n")), end="\n\n")
        print(file, dict(counts))


if __name__ == "__main__":
    main()
