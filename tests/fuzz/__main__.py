"""Run random commands on Satchel and on a real engine: `python -m tests.fuzz [--seconds N] [--cases N] [kinds…]`."""

from __future__ import annotations

import argparse
import collections
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from bson.errors import InvalidDocument

from satchel.values.bson_types import Document

from . import engines, verdict
from .engines import Engine, OracleDiedError
from .shrink import shrink
from .trial import KINDS, Trial, trials

_TRIALS_PER_COLLECTION = 25
_HELP = """No MongoDB engine: give --uri or set MONGODB_ORACLE_URI. Any mongod does; one without authentication, as
    docker run --rm -p 27017:27017 mongo:8
then
    make fuzz MONGODB_ORACLE_URI='mongodb://localhost:27017/?directConnection=true'"""


class Fuzzer:
    """Runs trials until time, number or patience is used up.

    Args:
        satchel: What is tested.
        oracle: What is right.
        restart: Brings the oracle back after a crash.
        show: Prints a line.
    """

    def __init__(
        self, satchel: Engine, oracle: Engine, restart: Callable[[], None], show: Callable[[str], None] = print
    ) -> None:
        self._satchel = satchel
        self._oracle = oracle
        self._restart = restart
        self._show = show
        self.counts: collections.Counter[str] = collections.Counter()
        self.signatures: set[tuple[str, ...]] = set()
        self.orders = False

    def run(self, kind: str, seed: int, *, cases: int, seconds: float, failures: int) -> collections.Counter[str]:
        """Run trials of a kind and return how many ended how.

        Args:
            kind: One of `KINDS`.
            seed: Where to begin.
            cases: The greatest number of trials.
            seconds: The longest time.
            failures: After how many different failures to stop.
        """
        self.counts.clear()
        self.signatures.clear()
        end = time.monotonic() + seconds
        position = 0
        while self.counts.total() < cases and time.monotonic() < end and len(self.signatures) < failures:
            for trial in trials(kind, f"{kind} {seed} {position}", _TRIALS_PER_COLLECTION):
                self._try(trial)
            position += 1
            self._forget()
        return self.counts

    def _forget(self) -> None:
        self._satchel.forget()
        try:
            self._oracle.forget()
        except Exception:
            self._revive()

    def _try(self, trial: Trial) -> None:
        try:
            found = self.judge(trial)
            self.counts[found] += 1
            if found in (verdict.VALUE, verdict.FAILS, verdict.SUCCEEDS) or (
                self.orders and found == verdict.OTHER_ERROR
            ):
                self.report(trial, found)
        except OracleDiedError:
            self.counts["the oracle died"] += 1
            self._show(f"the oracle died of\n{trial.text()}\n")
            self._revive()

    def judge(self, trial: Trial) -> str:
        """Run a trial on both engines and return the verdict."""
        expected, found = self._oracle.run(trial), self._satchel.run(trial)
        first = verdict.verdict(trial, expected, found)
        if first not in (verdict.FAILS, verdict.SUCCEEDS):
            return first
        if "$expr" in verdict.operators({name: trial.command.get(name) for name in ("filter", "query", "updates")}):
            return verdict.OPTIMISED
        if verdict.counts_without_sorting(trial, expected):
            return verdict.OPTIMISED
        if any(self._agree_when_reordered(trial, other, expected, found) for other in trial.reordered()):
            return verdict.OPTIMISED
        if "pipeline" in trial.command:
            plainly = verdict.verdict(trial, self._oracle.run(trial.unoptimised()), self._satchel.run_plainly(trial))
            return verdict.OPTIMISED if plainly in (verdict.SAME, verdict.OTHER_ERROR) else first
        return first

    def _agree_when_reordered(self, trial: Trial, other: Trial, expected: Document, found: Document) -> bool:
        """Tell whether one of the engines, given the conditions in another order, says what the other one says."""
        return verdict.SAME in (
            verdict.verdict(trial, expected, self._satchel.run(other)),
            verdict.verdict(trial, self._oracle.run(other), found),
        )

    def report(self, trial: Trial, found: str) -> None:
        def still_differs(candidate: Trial) -> bool:
            try:
                return self.judge(candidate) == found
            except (ValueError, TypeError, InvalidDocument):
                return False

        smallest = shrink(trial, still_differs)
        signature = (found, *sorted(set(verdict.operators(smallest.command))))
        if signature in self.signatures:
            return
        self.signatures.add(signature)
        self._show(f"{found}\n{smallest.text()}")
        self._show(f"  expected {_text(self._oracle.run(smallest))}\n       got {_text(self._satchel.run(smallest))}\n")

    def _revive(self) -> None:
        self._restart()
        self._oracle.renew()


def _text(result: object) -> str:
    from ..conformance import extended_json  # noqa: PLC0415

    return extended_json.dumps(result)[:1500]


def _restart_command(command: str | None, given: Callable[[], str]) -> Callable[[], None]:
    def restart() -> None:
        if command is None:
            sys.exit("the engine has died; start it again, or give --restart COMMAND")
        if not _is_alive(given()):
            subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL)

    return restart


def _is_alive(uri: str) -> bool:
    import pymongo  # noqa: PLC0415

    try:
        with pymongo.MongoClient(uri, serverSelectionTimeoutMS=2_000) as client:
            return bool(client.admin.command("ping")["ok"])
    except Exception:
        return False


def _uri(given: str | None) -> str:
    """Return a URI; one that begins with `@` names the file that has it."""
    found = given or os.environ.get("MONGODB_ORACLE_URI")
    if not found:
        sys.exit(_HELP)
    return Path(found[1:]).read_text(encoding="utf-8").strip() if found.startswith("@") else found


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; the status is 1 when something differs."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("kinds", nargs="*", help=f"of {', '.join(KINDS)} (default: all)")
    parser.add_argument("--seconds", type=float, default=60, help="for each kind (default 60)")
    parser.add_argument("--cases", type=int, default=10_000, help="for each kind (default 10000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--failures", type=int, default=5, help="stop a kind after so many (default 5)")
    parser.add_argument("--uri", help="the real engine, or @FILE (default: MONGODB_ORACLE_URI)")
    parser.add_argument("--restart", help="a command that starts the engine again when it has died")
    parser.add_argument("--orders", action="store_true", help="report other error codes, too")
    options = parser.parse_args(arguments)
    if set(options.kinds) - set(KINDS):
        parser.error(f"the kinds are {', '.join(KINDS)}")

    def uri() -> str:
        return _uri(options.uri)

    oracle = engines.oracle_engine(uri)
    fuzzer = Fuzzer(engines.satchel_engine(), oracle, _restart_command(options.restart, uri))
    fuzzer.orders = options.orders
    failed = False
    for kind in options.kinds or KINDS:
        counts = fuzzer.run(kind, options.seed, cases=options.cases, seconds=options.seconds, failures=options.failures)
        print(f"{kind}: {counts.total()} cases, {dict(counts)}", flush=True)
        failed |= bool(fuzzer.signatures)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
