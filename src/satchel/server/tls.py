"""TLS: the context that connections are wrapped with."""

from __future__ import annotations

import ssl
from typing import Final

from satchel.server.options import ConfigurationError, TlsOptions


def tls_context(options: TlsOptions) -> ssl.SSLContext:
    """Return the context of a server: TLS 1.2 or newer, and certificates of clients if an authority for them is given.

    Raises:
        ConfigurationError: A file is not there or not what it should be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(options.certificate, options.key)
        if options.client_ca is not None:
            context.load_verify_locations(options.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        files = ", ".join(str(path) for path in (options.certificate, options.key, options.client_ca) if path)
        raise ConfigurationError(f"TLS cannot use {files}: {error}") from error
    return context


_SHORT_NAMES: Final = {
    "commonName": "CN",
    "countryName": "C",
    "domainComponent": "DC",
    "localityName": "L",
    "organizationName": "O",
    "organizationalUnitName": "OU",
    "stateOrProvinceName": "ST",
    "streetAddress": "STREET",
    "userId": "UID",
}


def subject_of(connection: ssl.SSLSocket) -> str:
    """Return the subject of the client's certificate as RFC 2253 writes it; empty where none was asked for."""
    certificate = connection.getpeercert()
    names = reversed(certificate.get("subject", ())) if certificate else ()
    return ",".join("+".join(_attribute(*attribute) for attribute in name) for name in names)


def _attribute(name: str, value: str) -> str:
    escaped = "".join(f"\\{character}" if character in '"+,;<>\\' else character for character in value)
    if escaped[:1] in {"#", " "}:
        escaped = f"\\{escaped}"
    if len(value) > 1 and value.endswith(" "):
        escaped = f"{escaped[:-1]}\\ "
    return f"{_SHORT_NAMES.get(name, name)}={escaped}"
