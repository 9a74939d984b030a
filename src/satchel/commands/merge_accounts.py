"""_mergeAuthzCollections: how mongorestore brings users and roles back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from satchel.access.account_writer import AccountWriter
from satchel.access.accounts import ROLES, USERS, Accounts, Name, RoleName, account_id
from satchel.access.actions import actions
from satchel.access.privileges import ANY_NORMAL, Privilege
from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.params import any_value, boolean, param, string
from satchel.commands.rights import Access, Call, privilege
from satchel.engine.namespaces import Namespace, parse_namespace
from satchel.engine.units import WriteUnit
from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import BsonValue, Document, decode_document
from satchel.wire.service import UserName

_FIELD: Final[dict[type[Name], str]] = {UserName: "user", RoleName: "role"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeParams(NoFields):
    """Fields of _mergeAuthzCollections."""

    merge: BsonValue = param(any_value, wire="_mergeAuthzCollections", default=1)
    temp_users_collection: str = param(string, default="")
    temp_roles_collection: str = param(string, default="")
    db: str = param(string, default="")
    drop: bool = param(boolean, default=False)

    def sources(self) -> Iterator[tuple[type[Name], Namespace]]:
        """Yield the collections that it names, and of what they are."""
        for kind, name in ((UserName, self.temp_users_collection), (RoleName, self.temp_roles_collection)):
            if name:
                yield kind, parse_namespace(name)


def _needs(params: MergeParams, call: Call) -> Iterator[Privilege]:
    yield Privilege(ANY_NORMAL, actions("createUser createRole grantRole revokeRole"))
    if params.drop:
        yield Privilege(ANY_NORMAL, actions("dropUser dropRole"))
    for _, source in params.sources():
        yield privilege(source, "find")


@COMMANDS.command("_mergeAuthzCollections", MergeParams, access=Access(_needs), admin_only=True, write=True)
def merge_accounts(params: MergeParams, invocation: Invocation) -> Reply:
    """Take users and roles over from other collections; with `drop` those that are not there go."""
    if not list(params.sources()):
        raise ServerError(
            ErrorCode.BadValue, "Must provide at least one of tempUsersCollection and tempRolesCollection"
        )
    with invocation.engine.write(invocation.operation) as unit:
        for kind, source in params.sources():
            _merge(unit, kind, source, params)
    return {}


def _merge(unit: WriteUnit, kind: type[Name], source: Namespace, params: MergeParams) -> None:
    accounts, writer = Accounts(unit), AccountWriter(unit)
    kept = set()
    for document in _documents(unit, source):
        name = _name(document, kind)
        if params.db and name.database != params.db:
            continue
        kept.add(account_id(name))
        if accounts.exists(name):
            writer.replace(name, {**document, "_id": account_id(name)})
        else:
            writer.insert(name, {field: value for field, value in document.items() if field != "_id"})
    if params.drop:
        writer.delete(kind, lambda document: document["_id"] not in kept and params.db in ("", document.get("db")))


def _documents(unit: WriteUnit, source: Namespace) -> list[Document]:
    if source in (USERS, ROLES):
        raise ServerError(ErrorCode.BadValue, "users and roles cannot be merged with themselves")
    entry = unit.catalog.require(source)
    if entry.is_view:
        raise ServerError(ErrorCode.CommandNotSupportedOnView, f"{source} is a view")
    return [decode_document(bson) for _, bson, _ in unit.reader.scan(entry.table)]


def _name(document: Document, kind: type[Name]) -> Name:
    name, database = document.get(_FIELD[kind]), document.get("db")
    if not isinstance(name, str) or not isinstance(database, str) or not name or not database:
        raise ServerError(ErrorCode.BadValue, f"a document without {_FIELD[kind]} and db cannot be merged")
    return kind(database, name)
