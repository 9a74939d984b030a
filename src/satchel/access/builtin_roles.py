"""The roles that are always there, and what they allow.

Reference:
    MongoDB manual, "Built-In Roles".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from satchel.access.actions import actions
from satchel.access.privileges import ANY_NORMAL, ANY_RESOURCE, CLUSTER, Privilege, Resource

_READ: Final = actions(
    "changeStream collStats dbHash dbStats find killCursors listCollections listIndexes listSearchIndexes planCacheRead"
)
_READ_WRITE: Final = _READ | actions(
    """convertToCapped createCollection createIndex createSearchIndexes dropCollection dropIndex dropSearchIndex insert
    remove renameCollectionSameDB update updateSearchIndex"""
)
_DB_ADMIN: Final = actions(
    """analyze bypassDocumentValidation collMod collStats compact convertToCapped createCollection createIndex
    createSearchIndexes dbStats dropCollection dropDatabase dropIndex dropSearchIndex enableProfiler listCollections
    listIndexes listSearchIndexes planCacheIndexFilter planCacheRead planCacheWrite reIndex renameCollectionSameDB
    storageDetails updateSearchIndex validate"""
)
_PROFILE: Final = _READ | actions("convertToCapped createCollection dropCollection")
_USER_ADMIN: Final = actions(
    """changeCustomData changePassword createRole createUser dropRole dropUser grantRole revokeRole
    setAuthenticationRestriction viewRole viewUser"""
)
_ACCOUNTS: Final = actions("collStats createIndex dbHash dbStats dropIndex find killCursors planCacheRead")
_MONITOR_CLUSTER: Final = actions(
    """connPoolStats getCmdLineOpts getDefaultRWConcern getLog getParameter getShardMap hostInfo inprog listDatabases
    listSessions listShards netstat queryStatsRead replSetGetConfig replSetGetStatus serverStatus shardingState top"""
)
_MONITOR_DATABASES: Final = actions("collStats dbStats getDatabaseVersion getShardVersion indexStats useUUID")
_MONITOR_SYSTEM_DATABASES: Final = _MONITOR_DATABASES | actions(
    "dbHash find killCursors listCollections listIndexes planCacheRead"
)
_HOST_CLUSTER: Final = actions(
    """applicationMessage closeAllDatabases connPoolSync cpuProfiler dropConnections flushRouterConfig fsync
    invalidateUserCache killAnyCursor killAnySession killop logRotate resync rotateCertificates setParameter shutdown
    touch unlock"""
)
_MANAGE_CLUSTER: Final = actions(
    """addShard appendOplogNote applicationMessage cleanupOrphaned flushRouterConfig getClusterParameter
    getDefaultRWConcern listSessions listShards removeShard replSetConfigure replSetGetConfig replSetGetStatus
    replSetStateChange resync setClusterParameter setDefaultRWConcern setFeatureCompatibilityVersion"""
)
_MANAGE_DATABASES: Final = actions("clearJumboFlag enableSharding moveChunk splitChunk splitVector")
_BACKUP_CLUSTER: Final = actions("appendOplogNote getParameter listDatabases serverStatus setUserWriteBlockMode")
_RESTORE: Final = actions(
    "bypassDocumentValidation collMod convertToCapped createCollection createIndex dropCollection insert"
)
_RESTORE_USERS: Final = _RESTORE | actions("find remove update")

_FIND: Final = actions("find")
_CHANGE: Final = actions("insert remove update")


class _Grant(NamedTuple):
    """Actions on the database that a role is of, or on one collection in it."""

    actions: frozenset[str]
    collection: str = ""

    def on(self, database: str) -> Privilege:
        """Return the privilege on a database; `""` for every one."""
        return Privilege(Resource("namespace", database, self.collection), self.actions)


_READ_GRANTS: Final = (_Grant(_READ), _Grant(_READ, "system.js"))
_READ_WRITE_GRANTS: Final = (_Grant(_READ_WRITE), _Grant(_READ_WRITE, "system.js"))
_DB_ADMIN_GRANTS: Final = (_Grant(_DB_ADMIN), _Grant(_PROFILE, "system.profile"))
_USER_ADMIN_GRANTS: Final = (_Grant(_USER_ADMIN),)

DATABASE_ROLES: Final[dict[str, tuple[_Grant, ...]]] = {
    "dbAdmin": _DB_ADMIN_GRANTS,
    "dbOwner": (*_READ_WRITE_GRANTS, *_DB_ADMIN_GRANTS, *_USER_ADMIN_GRANTS),
    "enableSharding": (_Grant(actions("enableSharding")),),
    "read": _READ_GRANTS,
    "readWrite": _READ_WRITE_GRANTS,
    "userAdmin": _USER_ADMIN_GRANTS,
}
"""The roles of every database."""


def _everywhere(grants: tuple[_Grant, ...], cluster: str = "") -> tuple[Privilege, ...]:
    """Return what a role of one database allows, on all of them, and further actions on the deployment."""
    on_cluster = (Privilege(CLUSTER, actions(cluster)),) if cluster else ()
    return (*(grant.on("") for grant in grants), *on_cluster)


def _in_admin(allowed: frozenset[str], *collections: str) -> Iterator[Privilege]:
    for collection in collections:
        yield Privilege(Resource("namespace", "admin", collection), allowed)


def _in_system_databases(allowed: frozenset[str]) -> Iterator[Privilege]:
    for database in ("config", "local"):
        yield Privilege(Resource("namespace", database), allowed)


_READ_ANY: Final = _everywhere(_READ_GRANTS, "listDatabases")
_READ_WRITE_ANY: Final = _everywhere(_READ_WRITE_GRANTS, "listDatabases")
_DB_ADMIN_ANY: Final = _everywhere(_DB_ADMIN_GRANTS, "applyOps listDatabases")
_USER_ADMIN_ANY: Final = (
    *_everywhere(_USER_ADMIN_GRANTS, "authSchemaUpgrade invalidateUserCache listCachedAndActiveUsers listDatabases"),
    *_in_admin(_ACCOUNTS, "system.users", "system.roles"),
    *_in_admin(_FIND, "system.version"),
)
_CLUSTER_MONITOR: Final = (
    Privilege(CLUSTER, _MONITOR_CLUSTER),
    Privilege(ANY_NORMAL, _MONITOR_DATABASES),
    _Grant(_FIND, "system.profile").on(""),
    *_in_system_databases(_MONITOR_SYSTEM_DATABASES),
)
_HOST_MANAGER: Final = (Privilege(CLUSTER, _HOST_CLUSTER), Privilege(ANY_NORMAL, actions("killCursors")))
_CLUSTER_MANAGER: Final = (
    Privilege(CLUSTER, _MANAGE_CLUSTER),
    Privilege(ANY_NORMAL, _MANAGE_DATABASES),
    *_in_system_databases(_CHANGE | _MANAGE_DATABASES),
    _Grant(_READ).on("config"),
)
_CLUSTER_ADMIN: Final = (
    *_CLUSTER_MONITOR,
    *_HOST_MANAGER,
    *_CLUSTER_MANAGER,
    Privilege(ANY_NORMAL, actions("dropDatabase")),
)
_BACKUP: Final = (
    Privilege(ANY_RESOURCE, actions("collStats listCollections listIndexes")),
    Privilege(ANY_NORMAL, _FIND),
    Privilege(CLUSTER, _BACKUP_CLUSTER),
    *_in_system_databases(_FIND),
    *(_Grant(_FIND, collection).on("") for collection in ("system.js", "system.profile", "system.views")),
    *_in_admin(_FIND, "system.users", "system.roles", "system.version", "system.backup_users", "system.new_users"),
    Privilege(Resource("namespace", "config", "settings"), actions("find insert update")),
)
_RESTORE_GRANTS: Final = (
    Privilege(ANY_NORMAL, _RESTORE | _USER_ADMIN),
    Privilege(ANY_RESOURCE, actions("listCollections")),
    Privilege(CLUSTER, actions("getParameter setUserWriteBlockMode")),
    _Grant(_RESTORE, "system.js").on(""),
    _Grant(_RESTORE, "system.views").on(""),
    *_in_system_databases(_RESTORE),
    *_in_admin(_RESTORE | _FIND, "system.version"),
    *_in_admin(_RESTORE_USERS, "system.users", "system.roles", "tempusers", "temproles"),
)
_ROOT: Final = (
    *_READ_WRITE_ANY,
    *_DB_ADMIN_ANY,
    *_USER_ADMIN_ANY,
    *_CLUSTER_ADMIN,
    *_BACKUP,
    *_RESTORE_GRANTS,
    Privilege(ANY_RESOURCE, actions("validate")),
)

ADMIN_ROLES: Final[dict[str, tuple[Privilege, ...]]] = {
    "backup": _BACKUP,
    "clusterAdmin": _CLUSTER_ADMIN,
    "clusterManager": _CLUSTER_MANAGER,
    "clusterMonitor": _CLUSTER_MONITOR,
    "dbAdminAnyDatabase": _DB_ADMIN_ANY,
    "hostManager": _HOST_MANAGER,
    "readAnyDatabase": _READ_ANY,
    "readWriteAnyDatabase": _READ_WRITE_ANY,
    "restore": _RESTORE_GRANTS,
    "root": _ROOT,
    "userAdminAnyDatabase": _USER_ADMIN_ANY,
}
"""The roles of the database `admin` alone. `__system` is not among them: nobody is to have it."""


def builtin_privileges(database: str, role: str) -> tuple[Privilege, ...] | None:
    """Return what a built-in role allows, or None when there is no such role in the database."""
    if database == "admin" and role in ADMIN_ROLES:
        return ADMIN_ROLES[role]
    grants = DATABASE_ROLES.get(role)
    return None if grants is None or not database else tuple(grant.on(database) for grant in grants)


def builtin_names(database: str) -> list[str]:
    """Return the names of the built-in roles of a database, in order."""
    return sorted({*DATABASE_ROLES, *(ADMIN_ROLES if database == "admin" else ())})
