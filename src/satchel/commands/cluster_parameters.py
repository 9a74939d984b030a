"""getClusterParameter and setClusterParameter: of MongoDB's there is `changeStreamOptions`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from bson import Int64, Timestamp

from satchel.commands.command import COMMANDS, Invocation, NoFields, Reply
from satchel.commands.params import any_value, document, param, read_params, string
from satchel.commands.rights import on_cluster
from satchel.engine.cluster_parameters import CHANGE_STREAM_OPTIONS, read_parameter, write_parameter
from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import BsonValue, Document, type_name
from satchel.values.numbers import exact_int64

_OFF: Final = "off"
_DEFAULT: Final[Document] = {
    "_id": CHANGE_STREAM_OPTIONS,
    "clusterParameterTime": Timestamp(0, 0),
    "preAndPostImages": {"expireAfterSeconds": _OFF},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class GetClusterParameterParams(NoFields):
    """Fields of getClusterParameter."""

    get_cluster_parameter: BsonValue = param(any_value)


@COMMANDS.command(
    "getClusterParameter", GetClusterParameterParams, access=on_cluster("getClusterParameter"), admin_only=True
)
def get_cluster_parameter(params: GetClusterParameterParams, invocation: Invocation) -> Reply:
    """Return parameters of the deployment: one by its name, several by an array of names, or all by `*`."""
    wanted = params.get_cluster_parameter
    names = wanted if isinstance(wanted, list) else [wanted]
    if not names:
        raise ServerError(ErrorCode.BadValue, "Must supply at least one cluster parameter name to getClusterParameter")
    for name in names:
        if name != "*" or isinstance(wanted, list):
            _check_name(string("getClusterParameter", name))
    with invocation.engine.read() as unit:
        found = read_parameter(unit, CHANGE_STREAM_OPTIONS)
    return {"clusterParameters": [found or _DEFAULT]}


@dataclass(frozen=True, slots=True, kw_only=True)
class SetClusterParameterParams(NoFields):
    """Fields of setClusterParameter."""

    set_cluster_parameter: Document = param(document)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeStreamOptions(NoFields):
    """Fields of the parameter."""

    pre_and_post_images: Document = param(document)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageOptions(NoFields):
    """Fields of `preAndPostImages`."""

    expire_after_seconds: BsonValue = param(any_value)

    def seconds(self) -> BsonValue:
        """Return what is kept: a number of seconds, or `off`.

        Raises:
            ServerError: TypeMismatch (14), BadValue (2).
        """
        value = self.expire_after_seconds
        if isinstance(value, str):
            if value != _OFF:
                raise ServerError(
                    ErrorCode.BadValue,
                    f"Expected a positive integer or 'off' for 'expireAfterSeconds', but got: {value}",
                )
            return value
        seconds = exact_int64(value)
        if seconds is None:
            raise ServerError(
                ErrorCode.TypeMismatch, f"'expireAfterSeconds' is a whole number or 'off', not {type_name(value)}"
            )
        if seconds <= 0:
            raise ServerError(
                ErrorCode.BadValue,
                f"Expected a positive integer for 'expireAfterSeconds' parameter, but got: {seconds}",
            )
        return Int64(seconds)


@COMMANDS.command(
    "setClusterParameter",
    SetClusterParameterParams,
    access=on_cluster("setClusterParameter"),
    admin_only=True,
    write=True,
)
def set_cluster_parameter(params: SetClusterParameterParams, invocation: Invocation) -> Reply:
    """Set a parameter of the deployment, which stays in the file."""
    if len(params.set_cluster_parameter) != 1:
        raise ServerError(ErrorCode.InvalidOptions, "setClusterParameter only supports setting exactly one parameter")
    ((name, value),) = params.set_cluster_parameter.items()
    _check_name(name)
    options = read_params(ChangeStreamOptions, name, document(name, value))
    images = read_params(ImageOptions, f"{name}.preAndPostImages", options.pre_and_post_images)
    kept: Document = {"preAndPostImages": {"expireAfterSeconds": images.seconds()}}
    with invocation.engine.write(invocation.operation) as unit:
        write_parameter(unit, name, kept)
    return {}


def _check_name(name: str) -> None:
    if name != CHANGE_STREAM_OPTIONS:
        raise ServerError(ErrorCode.NoSuchKey, f"Unknown Cluster Parameter {name}")
