"""serverStatus, top, hostInfo, replSetGetStatus: what monitoring tools read."""

from __future__ import annotations

import importlib
import os
import platform
import socket
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, cast

import apsw
from bson import Int64, Timestamp
from bson.datetime_ms import DatetimeMS

from satchel import settings
from satchel.commands.activity import USAGES, Timing
from satchel.commands.command import COMMANDS, Invocation, Reply
from satchel.commands.handshake import SET_NAME, AnyParams
from satchel.commands.rights import on_cluster
from satchel.values.bson_types import BsonValue, Document

_READS: Final = frozenset({"aggregate", "count", "distinct", "explain", "find", "getMore"})
_WRITES: Final = frozenset({"bulkWrite", "delete", "findAndModify", "insert", "update"})
_TOP: Final = ("total", "readLock", "writeLock", "queries", "getmore", "insert", "update", "remove", "commands")


@COMMANDS.command("serverStatus", AnyParams, access=on_cluster("serverStatus"), strict=False)
def server_status(params: AnyParams, invocation: Invocation) -> Reply:
    """Return counters of the engine and facts about the process; a section can be left out: `{metrics: 0}`."""
    uptime = time.time() - invocation.engine.started
    reply: Document = {
        "host": socket.gethostname(),
        "version": settings.VERSION,
        "process": "satchel",
        "pid": Int64(os.getpid()),
        "uptime": uptime,
        "uptimeMillis": Int64(int(uptime * 1000)),
        "uptimeEstimate": Int64(int(uptime)),
        "localTime": DatetimeMS(time.time_ns() // 1_000_000),
    }
    for name, section in _SECTIONS.items():
        if invocation.request.command.get(name, 1):
            reply[name] = section(invocation)
    return reply


def _asserts(invocation: Invocation) -> Document:
    failed = sum(timing.failed for timing in invocation.service.activity.commands().values())
    return {"regular": 0, "warning": 0, "msg": 0, "user": Int64(failed), "tripwire": 0, "rollovers": 0}


def _connections(invocation: Invocation) -> Document:
    traffic = invocation.service.traffic()
    return {
        "current": traffic.current,
        "available": traffic.available,
        "totalCreated": Int64(traffic.created),
        "active": traffic.active,
    }


def _global_lock(invocation: Invocation) -> Document:
    operations = list(invocation.engine.operations.values())
    writers = sum(operation.command in _WRITES for operation in operations)
    clients: Document = {"total": len(operations), "readers": len(operations) - writers, "writers": writers}
    uptime = int((time.time() - invocation.engine.started) * 1_000_000)
    queue: Document = {"total": 0, "readers": 0, "writers": 0}
    return {"totalTime": Int64(uptime), "currentQueue": queue, "activeClients": clients}


def _network(invocation: Invocation) -> Document:
    traffic = invocation.service.traffic()
    requests = sum(invocation.engine.opcounters.values())
    return {
        "bytesIn": Int64(traffic.bytes_in),
        "bytesOut": Int64(traffic.bytes_out),
        "numRequests": Int64(requests),
    }


def _latencies(invocation: Invocation) -> Document:
    reads, writes, commands = Timing(), Timing(), Timing()
    for name, timing in invocation.service.activity.commands().items():
        kind = reads if name in _READS else writes if name in _WRITES else commands
        kind.count += timing.count
        kind.seconds += timing.seconds
    named = {"reads": reads, "writes": writes, "commands": commands}
    return {
        name: {"latency": Int64(int(kind.seconds * 1_000_000)), "ops": Int64(kind.count)}
        for name, kind in named.items()
    }


def _opcounters(invocation: Invocation) -> Document:
    counters = invocation.engine.opcounters
    named = {"insert": "insert", "query": "find", "update": "update", "delete": "delete", "getmore": "getMore"}
    counted: Document = {name: Int64(counters[command]) for name, command in named.items()}
    others = sum(counters.values()) - sum(counters[command] for command in named.values())
    return {**counted, "command": Int64(others)}


def _metrics(invocation: Invocation) -> Document:
    cursors = invocation.engine.cursors
    commands: Document = {
        name: {"failed": Int64(timing.failed), "total": Int64(timing.count)}
        for name, timing in sorted(invocation.service.activity.commands().items())
    }
    no_timeout = sum(cursor.no_timeout for cursor in cursors.idle())
    opened: Document = {"noTimeout": Int64(no_timeout), "total": Int64(len(cursors))}
    return {
        "commands": commands,
        "cursor": {
            "open": opened,
            "totalOpened": Int64(cursors.opened_total),
            "timedOut": Int64(cursors.timed_out_total),
        },
    }


def _replication(invocation: Invocation) -> Document:
    me = _address(invocation)
    return {
        "setName": SET_NAME,
        "setVersion": 1,
        "isWritablePrimary": True,
        "secondary": False,
        "hosts": [me],
        "primary": me,
        "me": me,
    }


def _sessions(invocation: Invocation) -> Document:
    count = len(invocation.engine.sessions)
    return {"activeSessionsCount": count, "sessionCatalogSize": count}


def _transactions(invocation: Invocation) -> Document:
    sessions = invocation.engine.sessions
    totals, are_active = sessions.totals, [each.is_active for each in sessions.open_transactions()]
    return {
        "retriedCommandsCount": Int64(totals.retried_commands),
        "retriedStatementsCount": Int64(totals.retried_statements),
        "currentActive": Int64(sum(are_active)),
        "currentInactive": Int64(len(are_active) - sum(are_active)),
        "currentOpen": Int64(len(are_active)),
        "totalAborted": Int64(totals.aborted),
        "totalCommitted": Int64(totals.committed),
        "totalStarted": Int64(totals.started),
    }


def _storage_engine(invocation: Invocation) -> Document:
    storage = invocation.engine.storage
    return {
        "name": "sqlite",
        "supportsCommittedReads": True,
        "persistent": storage.path != ":memory:",
        "readOnly": storage.read_only,
    }


def _sqlite(invocation: Invocation) -> Document:
    storage = invocation.engine.storage
    sizes = storage.stats()
    return {
        "version": apsw.sqlite_lib_version(),
        "path": storage.path,
        "fileBytes": Int64(sizes.file_bytes),
        "freeBytes": Int64(sizes.free_bytes),
        "walBytes": Int64(wal_bytes(storage.path)),
        "memoryBytes": Int64(sqlite_memory_bytes()),
    }


def sqlite_memory_bytes() -> int:
    """Return the memory that SQLite has in this process; most of it are page caches."""
    return int(apsw.memory_used())


def wal_bytes(path: str) -> int:
    """Return the size of a file's log; 0 where there is none."""
    try:
        return Path(f"{path}-wal").stat().st_size
    except OSError:
        return 0


def _memory(invocation: Invocation) -> Document:
    resident, virtual = memory_bytes()
    mib = 1024 * 1024
    return {
        "bits": 64 if sys.maxsize > 2**32 else 32,
        "resident": resident // mib,
        "virtual": virtual // mib,
        "supported": bool(resident),
    }


def memory_bytes() -> tuple[int, int]:
    """Return the resident and the virtual memory of the process; zeros where the system does not tell."""
    try:
        virtual, resident = Path("/proc/self/statm").read_text(encoding="ascii").split()[:2]
    except OSError:
        return 0, 0
    page_bytes = os.sysconf("SC_PAGE_SIZE")
    return int(resident) * page_bytes, int(virtual) * page_bytes


def _extra_info(invocation: Invocation) -> Document:
    try:
        resource = importlib.import_module("resource")
    except ImportError:
        return {"note": "fields vary by platform"}
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "note": "fields vary by platform",
        "user_time_us": Int64(int(usage.ru_utime * 1_000_000)),
        "system_time_us": Int64(int(usage.ru_stime * 1_000_000)),
        "maximum_resident_set_kb": Int64(usage.ru_maxrss),
        "page_faults": Int64(usage.ru_majflt),
    }


_SECTIONS: Final[dict[str, Callable[[Invocation], Document]]] = {
    "asserts": _asserts,
    "connections": _connections,
    "extra_info": _extra_info,
    "globalLock": _global_lock,
    "logicalSessionRecordCache": _sessions,
    "mem": _memory,
    "metrics": _metrics,
    "network": _network,
    "opLatencies": _latencies,
    "opcounters": _opcounters,
    "repl": _replication,
    "sqlite": _sqlite,
    "storageEngine": _storage_engine,
    "transactions": _transactions,
}


@COMMANDS.command("top", AnyParams, access=on_cluster("top"), admin_only=True, strict=False)
def top(params: AnyParams, invocation: Invocation) -> Reply:
    """Return how often each collection was used for what, and how long that took, in microseconds."""
    totals: Document = {"note": "all times in microseconds"}
    with invocation.engine.read() as unit:
        names = {str(entry.namespace) for entry in unit.catalog}
    for namespace, timings in sorted(invocation.service.activity.namespaces().items()):
        if namespace in names:
            totals[namespace] = _usage(timings)
    return {"totals": totals}


def _usage(timings: dict[str, Timing]) -> Document:
    used = [timing for name, timing in timings.items() if name in {*USAGES.values(), "commands"}]
    shown = {**timings, "total": _sum(used)}
    none = Timing()
    return {name: _count(shown.get(name, none)) for name in _TOP}


def _sum(timings: Iterable[Timing]) -> Timing:
    total = Timing()
    for timing in timings:
        total.count += timing.count
        total.seconds += timing.seconds
    return total


def _count(timing: Timing) -> BsonValue:
    return {"time": Int64(int(timing.seconds * 1_000_000)), "count": Int64(timing.count)}


@COMMANDS.command("hostInfo", AnyParams, access=on_cluster("hostInfo"), strict=False)
def host_info(params: AnyParams, invocation: Invocation) -> Reply:
    """Return facts about the machine."""
    memory_mib = _physical_memory_bytes() // (1024 * 1024)
    return {
        "system": {
            "currentTime": DatetimeMS(time.time_ns() // 1_000_000),
            "hostname": socket.gethostname(),
            "cpuAddrSize": 64 if sys.maxsize > 2**32 else 32,
            "memSizeMB": Int64(memory_mib),
            "memLimitMB": Int64(memory_mib),
            "numCores": os.cpu_count() or 1,
            "cpuArch": platform.machine(),
            "numaEnabled": False,
        },
        "os": {"type": platform.system(), "name": platform.system(), "version": platform.release()},
        "extra": {"pythonVersion": platform.python_version()},
    }


def _physical_memory_bytes() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return 0


@COMMANDS.command("replSetGetStatus", AnyParams, access=on_cluster("replSetGetStatus"), admin_only=True, strict=False)
def repl_set_get_status(params: AnyParams, invocation: Invocation) -> Reply:
    """Return the state of the replica set: one member, the primary."""
    now = time.time()
    optime: Document = {"ts": Timestamp(int(now), 1), "t": Int64(1)}
    date = DatetimeMS(int(now * 1000))
    member: Document = {
        "_id": 0,
        "name": _address(invocation),
        "health": 1.0,
        "state": 1,
        "stateStr": "PRIMARY",
        "uptime": int(now - invocation.engine.started),
        "optime": optime,
        "optimeDate": date,
        "electionDate": DatetimeMS(int(invocation.engine.started * 1000)),
        "configVersion": 1,
        "configTerm": 1,
        "self": True,
    }
    return {
        "set": SET_NAME,
        "date": date,
        "myState": 1,
        "term": Int64(1),
        "heartbeatIntervalMillis": Int64(2000),
        "majorityVoteCount": 1,
        "writeMajorityCount": 1,
        "votingMembersCount": 1,
        "writableVotingMembersCount": 1,
        "optimes": cast("Document", dict.fromkeys(_OPTIMES, optime)),
        "members": [member],
    }


_OPTIMES: Final = ("lastCommittedOpTime", "readConcernMajorityOpTime", "appliedOpTime", "durableOpTime")


def _address(invocation: Invocation) -> str:
    return invocation.connection.presentation.address or "{}:{}".format(*invocation.service.address)
