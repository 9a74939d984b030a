"""The actions that a privilege can allow, by MongoDB's names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

ANY_ACTION: Final = "anyAction"

_NAMES: Final = """
addShard advanceClusterTime allCollectionStats analyze analyzeShardKey anyAction appendOplogNote applicationMessage
applyOps auditConfigure auditLogRotate authCheck authSchemaUpgrade authenticate bypassDefaultMaxTimeMS
bypassDocumentValidation bypassWriteBlockingMode changeCustomData changeOwnCustomData changeOwnPassword changePassword
changeStream checkFreeMonitoringStatus checkMetadataConsistency cleanupOrphaned cleanupStructuredEncryptionData
clearJumboFlag closeAllDatabases collMod collStats compact compactStructuredEncryptionData configureQueryAnalyzer
connPoolStats connPoolSync convertToCapped cpuProfiler createCollection createDatabase createIndex createRole
createSearchIndexes createUser dbCheck dbHash dbStats dropAllRolesFromDatabase dropAllUsersFromDatabase dropCollection
dropConnections dropDatabase dropIndex dropRole dropSearchIndex dropUser emptycapped enableProfiler enableSharding
exportCollection find flushRouterConfig forceUUID fsync fsyncUnlock getChangeStreamState getClusterParameter
getCmdLineOpts getDatabaseVersion getDefaultRWConcern getLog getParameter getShardMap getShardVersion
grantPrivilegesToRole grantRole grantRolesToRole grantRolesToUser hostInfo impersonate importCollection indexStats
inprog insert internal invalidateUserCache issueDirectShardOperations killAnyCursor killAnySession killCursors killop
listCachedAndActiveUsers listCollections listCursors listDatabases listIndexes listSampledQueries listSearchIndexes
listSessions listShards logRotate moveChunk moveCollection netstat oidReset oidcListKeys oidcRefreshKeys
operationMetrics planCacheIndexFilter planCacheRead planCacheWrite querySettings queryStatsRead
queryStatsReadTransformed reIndex refineCollectionShardKey remove removeShard renameCollection renameCollectionSameDB
repairDatabase replSetConfigure replSetGetConfig replSetGetStatus replSetHeartbeat replSetReconfig replSetResizeOplog
replSetStateChange reshardCollection resync revokePrivilegesFromRole revokeRole revokeRolesFromRole revokeRolesFromUser
rotateCertificates runAsLessPrivilegedUser runTenantMigration serverStatus setAuthenticationRestriction
setChangeStreamState setClusterParameter setDefaultRWConcern setFeatureCompatibilityVersion setFreeMonitoring
setParameter setUserWriteBlockMode shardCollection shardedDataDistribution shardingState shutdown splitChunk splitVector
storageDetails top touch trafficRecord transitionFromDedicatedConfigServer transitionToDedicatedConfigServer unlock
update updateRole updateSearchIndex updateUser useTenant useUUID validate viewRole viewUser
"""

ACTIONS: Final = frozenset(_NAMES.split())
"""Every action that a role may name. Many are of clusters; no command here asks for those."""


def actions(names: str | Iterable[str]) -> frozenset[str]:
    """Return a set of actions, written as words or one by one.

    Raises:
        ValueError: One of them does not exist (a programming error).
    """
    found = frozenset(names.split() if isinstance(names, str) else names)
    if unknown := found - ACTIONS:
        raise ValueError(f"unknown actions: {', '.join(sorted(unknown))}")
    return found
