"""Authentication restrictions: from where somebody may log in, and on which of the server's addresses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from satchel.errors import ErrorCode, ServerError
from satchel.values.bson_types import BsonValue, Document
from satchel.wire.service import Peer

Network = IPv4Network | IPv6Network
_FIELDS = ("clientSource", "serverAddress")


@dataclass(frozen=True, slots=True)
class Restriction:
    """A pair of conditions that both have to hold; an empty one always does."""

    client_source: tuple[Network, ...] = ()
    server_address: tuple[Network, ...] = ()

    def allows(self, peer: Peer | None) -> bool:
        """Tell whether a client may log in; one of this process, or on a Unix socket, has no address and may not."""
        client, server = ("", "") if peer is None else (peer.client, peer.server)
        return _is_within(client, self.client_source) and _is_within(server, self.server_address)

    def to_bson(self) -> Document:
        """Return the stored form."""
        pairs = zip(_FIELDS, (self.client_source, self.server_address), strict=True)
        return {name: [_shown(network) for network in networks] for name, networks in pairs if networks}


def parse_restrictions(stored: BsonValue) -> list[Restriction]:
    """Read the `authenticationRestrictions` of a user or role.

    Raises:
        ServerError: UnsupportedFormat (12), which refuses a login rather than to pass over a condition.
    """
    if stored is None:
        return []
    if not isinstance(stored, list):
        raise _unreadable("they are no array")
    return [_restriction(each) for each in stored]


def are_met(restrictions: Iterable[Restriction], peer: Peer | None) -> bool:
    """Tell whether a client meets one of the restrictions of a user, or of a role; none are always met."""
    every = list(restrictions)
    return not every or any(restriction.allows(peer) for restriction in every)


def _restriction(spec: BsonValue) -> Restriction:
    if not isinstance(spec, dict) or spec.keys() - set(_FIELDS):
        raise _unreadable(f"one has other fields than {' and '.join(_FIELDS)}")
    return Restriction(*(_networks(name, spec.get(name, [])) for name in _FIELDS))


def _networks(name: str, value: BsonValue) -> tuple[Network, ...]:
    given = [value] if isinstance(value, str) else value
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given):
        raise _unreadable(f"{name} is no array of addresses")
    try:
        return tuple(ip_network(str(each), strict=False) for each in given)
    except ValueError as error:
        raise _unreadable(f"{name}: {error}") from error


def _unreadable(why: str) -> ServerError:
    return ServerError(ErrorCode.UnsupportedFormat, f"authentication restrictions cannot be read: {why}")


def _is_within(address: str, networks: tuple[Network, ...]) -> bool:
    if not networks:
        return True
    return bool(address) and any(ip_address(address.partition("%")[0]) in network for network in networks)


def _shown(network: Network) -> str:
    return str(network.network_address) if network.num_addresses == 1 else str(network)
