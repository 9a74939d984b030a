"""Which fields of a collection are encrypted or hashed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from pymongo.errors import ConfigurationError

from satchel.files.encryption.hashing import HASH_ALGORITHMS, HashAlgorithm


class Treatment(Enum):
    """What is done to a field's values."""

    RANDOM = "encrypted"
    DETERMINISTIC = "encrypted deterministically"
    HASH = "hashed"


Treatments: TypeAlias = Mapping[str, Treatment]
"""What is done to which field, by its path."""


@dataclass(frozen=True)
class EncryptedFields:
    """The fields of a collection that are not stored as they are.

    A field is a dotted path; arrays on the way are gone through, and of an array in the field itself each element is
    treated by itself. A document in it is encrypted whole. null is stored as null.

    Attributes:
        encrypt: Encrypted so that equal values look different; they cannot be searched for.
        deterministic: Encrypted so that equal values look equal, for filters by equality. That shows which documents
            have the same value: for fields with many values, as e-mail addresses.
        hash: Hashed with a salt, for good: `verify` tells whether a value is the one. For passwords.
        treatments: All of them, by path.
        hash_algorithm: `argon2id`, or `sha256` (salted; fast, so a guess at a weak password is fast too).

    Raises:
        ConfigurationError: A path is malformed, or lies within another one.
    """

    encrypt: Iterable[str] = ()
    deterministic: Iterable[str] = ()
    hash: Iterable[str] = ()
    hash_algorithm: HashAlgorithm = "argon2id"
    treatments: Treatments = field(init=False)

    def __post_init__(self) -> None:
        kinds = (
            (self.encrypt, Treatment.RANDOM),
            (self.deterministic, Treatment.DETERMINISTIC),
            (self.hash, Treatment.HASH),
        )
        treatments: dict[str, Treatment] = {}
        for paths, treatment in kinds:
            if isinstance(paths, str):
                raise ConfigurationError("fields are given as a list of paths")
            for path in paths:
                _check(path, treatments)
                treatments[path] = treatment
        if self.hash_algorithm not in HASH_ALGORITHMS:
            raise ConfigurationError(f"hash_algorithm is one of {', '.join(HASH_ALGORITHMS)}")
        object.__setattr__(self, "treatments", treatments)


def _check(path: str, known: Iterable[str]) -> None:
    if not isinstance(path, str) or not all(path.split(".")) or "$" in path or path.partition(".")[0] == "_id":
        raise ConfigurationError(f"{path!r} is not a path of a field that can be encrypted")
    for other in known:
        if f"{path}.".startswith(f"{other}.") or f"{other}.".startswith(f"{path}."):
            raise ConfigurationError(f"{path!r} and {other!r} overlap")
