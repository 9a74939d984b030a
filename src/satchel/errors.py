"""Errors: MongoDB's codes, the error that a client sees, and the error of a storage backend."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum


class ErrorCode(IntEnum):
    """MongoDB's named error codes; a member's name is the codeName on the wire.

    A number without a name here is a "location" code, which MongoDB reports as `Location<number>`.

    Reference:
        MongoDB manual, "Error Codes".
    """

    InternalError = 1
    BadValue = 2
    NoSuchKey = 4
    GraphContainsCycle = 5
    HostUnreachable = 6
    HostNotFound = 7
    UnknownError = 8
    FailedToParse = 9
    CannotMutateObject = 10
    UserNotFound = 11
    UnsupportedFormat = 12
    Unauthorized = 13
    TypeMismatch = 14
    Overflow = 15
    InvalidLength = 16
    ProtocolError = 17
    AuthenticationFailed = 18
    CannotReuseObject = 19
    IllegalOperation = 20
    EmptyArrayOperation = 21
    InvalidBSON = 22
    LockTimeout = 24
    NamespaceNotFound = 26
    IndexNotFound = 27
    PathNotViable = 28
    NonExistentPath = 29
    InvalidPath = 30
    RoleNotFound = 31
    PrivilegeNotFound = 33
    CannotBackfillArray = 34
    UserModificationFailed = 35
    FileNotOpen = 38
    FileStreamFailed = 39
    ConflictingUpdateOperators = 40
    LogWriteFailed = 42
    CursorNotFound = 43
    NoMatchingDocument = 47
    NamespaceExists = 48
    InvalidRoleModification = 49
    MaxTimeMSExpired = 50
    DollarPrefixedFieldName = 52
    InvalidIdField = 53
    NotSingleValueField = 54
    InvalidDBRef = 55
    EmptyFieldName = 56
    DottedFieldName = 57
    CommandNotFound = 59
    WriteConcernTimeout = 64
    ImmutableField = 66
    CannotCreateIndex = 67
    IndexAlreadyExists = 68
    InvalidOptions = 72
    InvalidNamespace = 73
    NoReplicationEnabled = 76
    UnknownReplWriteConcern = 79
    IndexOptionsConflict = 85
    IndexKeySpecsConflict = 86
    NetworkTimeout = 89
    ShutdownInProgress = 91
    InvalidReplicaSetConfig = 93
    OperationFailed = 96
    NoProjectionFound = 97
    UnsatisfiableWriteConcern = 100
    NotExactValueField = 111
    WriteConflict = 112
    CommandNotSupported = 115
    DocTooLargeForCapped = 116
    ConflictingOperationInProgress = 117
    DocumentValidationFailure = 121
    NotAReplicaSet = 123
    CommandFailed = 125
    FailedToSatisfyReadPreference = 133
    CappedPositionLost = 136
    JSInterpreterFailure = 139
    CursorInUse = 143
    ExceededMemoryLimit = 146
    StaleEpoch = 150
    DurationOverflow = 159
    IncompatibleCollationVersion = 161
    CollectionIsEmpty = 162
    ViewDepthLimitExceeded = 165
    CommandNotSupportedOnView = 166
    OptionNotSupportedOnView = 167
    InvalidPipelineOperator = 168
    CannotIndexParallelArrays = 171
    QueryPlanKilled = 175
    FileOpenFailed = 176
    AmbiguousIndexKeyPattern = 181
    InvalidViewDefinition = 182
    ClientMetadataCannotBeMutated = 186
    PrimarySteppedDown = 189
    InvalidIndexSpecificationOption = 197
    CannotBuildIndexKeys = 201
    NoSuchSession = 206
    InvalidUUID = 207
    KeyNotFound = 211
    IncompleteTransactionHistory = 217
    UpdateOperationFailed = 218
    CloseChangeStream = 222
    IllegalOpMsgFlag = 223
    QueryFeatureNotAllowed = 224
    TransactionTooOld = 225
    AtomicityFailure = 226
    MaxSubPipelineDepthExceeded = 232
    TooManyDocumentSequences = 233
    RetryChangeStream = 234
    CursorKilled = 237
    NotImplemented = 238
    SnapshotTooOld = 239
    ConversionFailure = 241
    CannotCreateCollection = 242
    SnapshotUnavailable = 246
    NoSuchTransaction = 251
    TransactionCommitted = 256
    TransactionTooLarge = 257
    InvalidResumeToken = 260
    TooManyLogicalSessions = 261
    ExceededTimeLimit = 262
    OperationNotSupportedInTransaction = 263
    TooManyFilesOpen = 264
    PreparedTransactionInProgress = 267
    FailPointSetFailed = 266
    ClientDisconnect = 279
    ChangeStreamFatalError = 280
    ChangeStreamHistoryLost = 286
    ChecksumMismatch = 288
    TransactionExceededLifetimeLimitSeconds = 290
    NoQueryExecutionPlans = 291
    QueryExceededMemoryLimitNoDiskUseAllowed = 292
    DataCorruptionDetected = 301
    APIVersionError = 322
    APIStrictError = 323
    MechanismUnavailable = 334
    UnsupportedOpQueryCommand = 352
    InvalidBSONType = 357
    CannotConvertIndexToUnique = 359
    CollectionUUIDMismatch = 361
    UserWritesBlocked = 371
    NonConformantBSON = 378
    DuplicateKeyId = 386
    ResourceExhausted = 402
    SocketException = 9001
    CannotGrowDocumentInCappedNamespace = 10003
    NotWritablePrimary = 10107
    BSONObjectTooLarge = 10334
    DuplicateKey = 11000
    InterruptedAtShutdown = 11600
    Interrupted = 11601
    InterruptedDueToReplStateChange = 11602
    BackgroundOperationInProgressForDatabase = 12586
    BackgroundOperationInProgressForNamespace = 12587
    MergeStageNoMatchingDocument = 13113
    DatabaseDifferCase = 13297
    StaleConfig = 13388
    NotPrimaryNoSecondaryOk = 13435
    NotPrimaryOrSecondary = 13436
    OutOfDiskSpace = 14031
    IDLFailedToParse = 40414
    IDLUnknownField = 40415


def code_name(code: int) -> str:
    """Return MongoDB's codeName of `code`: its own name, or `Location<code>`."""
    try:
        return ErrorCode(code).name
    except ValueError:
        return f"Location{code}"


class ServerError(Exception):
    """A failure as a MongoDB server reports it.

    Args:
        code: MongoDB's error code, named or a location code.
        message: The `errmsg` of the reply.
        details: Further fields of the reply, as `keyPattern` and `keyValue` of a duplicate key.
        labels: Error labels, as `TransientTransactionError`.
    """

    def __init__(
        self,
        code: int,
        message: str,
        *,
        details: Mapping[str, object] | None = None,
        labels: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.code = int(code)
        self.message = message
        self.details = dict(details or {})
        self.labels = labels

    @property
    def code_name(self) -> str:
        """MongoDB's name of the code."""
        return code_name(self.code)

    def reply(self) -> dict[str, object]:
        """Return the reply document of a command that failed with this error."""
        reply: dict[str, object] = {
            "ok": 0.0,
            "errmsg": self.message,
            "code": self.code,
            "codeName": self.code_name,
            **self.details,
        }
        if self.labels:
            reply["errorLabels"] = list(self.labels)
        return reply


class StorageError(Exception):
    """A failure of a storage backend; the engine translates it into a `ServerError`."""


class NotADatabaseError(StorageError):
    """The file is not a Satchel file: another format, or another program's."""


class WrongKeyError(NotADatabaseError):
    """The file cannot be read with this key, or not without one."""


class StorageInUseError(StorageError):
    """Somebody else has the file open, and the operation needs it alone."""


class DamagedStorageError(StorageError):
    """The file has pages that make no sense."""


class UnreachableStorageError(StorageError):
    """The file cannot be opened: no such folder, no permission, no file but a folder."""


class NewerFormatError(StorageError):
    """The file was written by a newer Satchel than this one can read."""


class ReadOnlyStorageError(StorageError):
    """The file, or its folder, cannot be written."""


class StorageFullError(StorageError):
    """The disk is full, or the file has reached its size limit."""


class WriteConflictError(StorageError):
    """A transaction cannot begin to write: the file has changed since its snapshot, or another one is writing."""


class TransactionLostError(StorageError):
    """A transaction is no more: the storage has ended it, or it stayed in the parent process."""


class DuplicateKeyError(StorageError):
    """A unique index holds the key already.

    Args:
        index: The name of the storage index.
        key: The key that stands there.
    """

    def __init__(self, index: str, key: bytes) -> None:
        super().__init__(f"duplicate key in {index}")
        self.index = index
        self.key = key
