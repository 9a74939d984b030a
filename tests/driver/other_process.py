"""A process that makes calls on a database file, and the same on one in memory, by PyMongo's way: see its test.

Each line of its input is a call as JSON; for each it prints what came of it.
"""

from __future__ import annotations

import copy
import json
import sys
from typing import Any

from satchel import MongoClient
from tests.conformance.replay import open_client
from tests.driver.outcomes import Outcome, outcome


def perform(client: MongoClient[Any], call: dict[str, Any]) -> Outcome:
    """Make a call on a collection, or on the database."""
    target: Any = client["d"]
    if "collection" in call:
        target = target[call["collection"]]

    def run() -> object:
        # An insert puts `_id`s into what it is given.
        result = getattr(target, call["method"])(*copy.deepcopy(call["arguments"]), **call.get("options", {}))
        if call["method"] == "create_collection":
            return result.full_name
        return result.to_list() if hasattr(result, "to_list") else result

    return outcome(run)


def main(path: str) -> None:
    """Answer until the input ends."""
    with open_client("message", path) as on_file, open_client("message") as twin:
        for line in sys.stdin:
            which, call = json.loads(line)
            print(json.dumps(perform(on_file if which == "file" else twin, call).text), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
