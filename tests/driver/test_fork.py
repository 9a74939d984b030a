"""After a fork a client goes on, in both processes, with connections of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from satchel import MongoClient
from satchel.driver.lease import Lease
from tests.driver.fake_service import FakeService

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform has no fork")


def in_child(work: Callable[[], None]) -> None:
    """Run `work` in a fork and fail when it does."""
    with warnings.catch_warnings():
        # Python 3.12 warns of a fork beside threads; a prefork server does the same.
        warnings.simplefilter("ignore", DeprecationWarning)
        pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_child_and_parent_go_on(client: MongoClient[dict[str, Any]], service: FakeService) -> None:
    client.shop.users.insert_one({"_id": 1})
    parents = {state.id for state in service.states}

    def work() -> None:
        assert client.shop.users.find_one() == {"_id": 1}
        client.shop.users.insert_one({"_id": 2})
        assert {state.id for state in service.states} - parents, "no connection of its own"
        client.close()

    in_child(work)
    client.shop.users.insert_one({"_id": 3})
    assert client.shop.users.find_one({"_id": 3}) == {"_id": 3}
    assert {state.id for state in service.states} == parents


_CLOSES_IN_A_HANDLER = """
import os, sys
clients = []
os.register_at_fork(after_in_child=lambda: [client.close() for client in clients])
from satchel import MongoClient
clients.append(MongoClient(sys.argv[1]))
clients[0].shop.users.insert_one({"_id": 1})
child = os.fork()
if not child:
    os._exit(0)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), clients[0].shop.users.count_documents({}))
"""


def test_a_handler_of_the_fork_may_close_a_client_before_ours_has_run(tmp_path: Path) -> None:
    """As fsspec's does, which forgets its file systems."""
    arguments = [sys.executable, "-W", "ignore", "-c", _CLOSES_IN_A_HANDLER, str(tmp_path / "app.db")]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "0 1\n"


def test_fork_while_other_threads_work(client: MongoClient[dict[str, Any]]) -> None:
    stop = threading.Event()

    def keep_busy() -> None:
        while not stop.is_set():
            client.shop.users.insert_one({})
            client.shop.users.find_one()

    threads = [threading.Thread(target=keep_busy) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(5):
            in_child(lambda: client.shop.users.insert_one({}) and None)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_sessions_are_not_shared(client: MongoClient[dict[str, Any]]) -> None:
    with client.start_session() as session:
        client.admin.command("ping", session=session)
        ours = session.session_id

    def work() -> None:
        with client.start_session() as session:
            client.admin.command("ping", session=session)
            assert session.session_id != ours

    in_child(work)


def test_a_client_closed_in_the_child_stays_open_in_the_parent(service: FakeService) -> None:
    client = MongoClient("fake.db", _lease=Lease(service))
    client.admin.command("ping")
    in_child(client.close)
    assert client.admin.command("ping") == {"ok": 1.0}
    assert service.released == 0
    client.close()
