"""TLS: the context that connections are wrapped with."""

from __future__ import annotations

import ssl

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
