"""TLS: who is let in."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography import x509
from pymongo import MongoClient
from pymongo.errors import OperationFailure, ServerSelectionTimeoutError

from satchel.commands.dispatch import Service
from satchel.errors import ErrorCode
from satchel.server.options import ConfigurationError, ServerOptions, TlsOptions
from satchel.server.server import Server
from satchel.server.tls import _attribute
from tests.server.conftest import QUICK, ServerMaker, address_of
from tests.server.test_hostile import PING, receive


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def files(authority: trustme.CA, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("tls")
    names = {name: folder / f"{name}.pem" for name in ("ca", "server", "client")}
    authority.cert_pem.write_to_path(str(names["ca"]))
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(names["server"]))
    authority.issue_cert("client@example.com").private_key_and_cert_chain_pem.write_to_path(str(names["client"]))
    return names


def client(server: Server, **options: Any) -> MongoClient[dict[str, Any]]:
    return MongoClient(server.uris[0], serverSelectionTimeoutMS=5000, **options)


def test_clients_speak_tls(make_server: ServerMaker, files: dict[str, Path]) -> None:
    server = make_server(tls=TlsOptions(files["server"]))
    assert server.uris[0].endswith("/?tls=true")
    with client(server, tlsCAFile=str(files["ca"])) as secure:
        documents = [{"_id": number, "data": bytes(2_000_000)} for number in range(8)]
        secure.shop.things.insert_many(documents)
        assert list(secure.shop.things.find().sort("_id", 1)) == documents


def test_plain_clients_are_closed(make_server: ServerMaker, files: dict[str, Path]) -> None:
    server = make_server(tls=TlsOptions(files["server"]))
    with socket.create_connection(address_of(server), timeout=30) as connection:
        connection.sendall(PING)
        with contextlib.suppress(ConnectionResetError):
            assert b"ismaster" not in receive(connection)
    assert server.wait_until_empty(30)


def test_clients_may_have_to_show_a_certificate(make_server: ServerMaker, files: dict[str, Path]) -> None:
    server = make_server(tls=TlsOptions(files["server"], client_ca=files["ca"]))
    options = {"tlsCAFile": str(files["ca"])}
    with client(server, tlsCertificateKeyFile=str(files["client"]), **options) as known:
        assert known.admin.command("ping")["ok"] == 1.0
    with (
        MongoClient(server.uris[0], serverSelectionTimeoutMS=300, **options) as unknown,
        pytest.raises(ServerSelectionTimeoutError),
    ):
        unknown.admin.command("ping")


def test_tls_before_1_2_is_refused(make_server: ServerMaker, files: dict[str, Path]) -> None:
    server = make_server(tls=TlsOptions(files["server"]))
    assert server._tls is not None
    assert server._tls.minimum_version == ssl.TLSVersion.TLSv1_2


def test_a_silent_client_holds_nobody_up(make_server: ServerMaker, files: dict[str, Path]) -> None:
    server = make_server(tls=TlsOptions(files["server"]))
    with (
        socket.create_connection(address_of(server), timeout=30),
        client(server, tlsCAFile=str(files["ca"])) as secure,
    ):
        assert secure.admin.command("ping")["ok"] == 1.0


def test_files_that_are_no_certificates(tmp_path: Path) -> None:
    text = tmp_path / "text.pem"
    text.write_text("nothing")
    for path in (text, tmp_path / "missing.pem"):
        with pytest.raises(ConfigurationError, match=str(path)):
            Server(ServerOptions(port=0, tls=TlsOptions(path), time_limits=QUICK))


X509 = {"authMechanism": "MONGODB-X509"}


@pytest.fixture
def certified(make_server: ServerMaker, service: Service, files: dict[str, Path]) -> Iterator[Server]:
    """A server that lets in only those whom it knows."""
    server = make_server(tls=TlsOptions(files["server"], client_ca=files["ca"]))
    yield server
    service.authorization = False


def subject(files: dict[str, Path]) -> str:
    return x509.load_pem_x509_certificate(files["client"].read_bytes()).subject.rfc4514_string()


def test_a_certificate_is_a_login(certified: Server, service: Service, files: dict[str, Path]) -> None:
    options = {"tlsCAFile": str(files["ca"]), "tlsCertificateKeyFile": str(files["client"])}
    name = subject(files)
    with client(certified, **options) as administrator:
        external = administrator["$external"]
        with pytest.raises(OperationFailure, match="Cannot set the password"):
            external.command("createUser", name, pwd="secret", roles=[])
        external.command("createUser", name, roles=[{"role": "readWrite", "db": "shop"}])
        assert external.command("usersInfo", name)["users"][0]["mechanisms"] == ["external"]
        service.authorization = True
        for username in (None, name):
            with client(certified, **options, **X509, username=username) as known:
                known.shop.things.insert_one({})
                status = known.admin.command("connectionStatus")["authInfo"]
                assert status["authenticatedUsers"] == [{"user": name, "db": "$external"}]
                with pytest.raises(OperationFailure, match="not authorized"):
                    known.secret.things.insert_one({})
        with client(certified, **options, **X509, username="CN=somebody else") as other:
            with pytest.raises(OperationFailure) as failure:
                other.shop.things.find_one()
            assert failure.value.code == ErrorCode.AuthenticationFailed


def test_a_certificate_of_nobody_is_no_login(certified: Server, service: Service, files: dict[str, Path]) -> None:
    service.authorization = True
    options = {"tlsCAFile": str(files["ca"]), "tlsCertificateKeyFile": str(files["client"])}
    with client(certified, **options, **X509) as stranger, pytest.raises(OperationFailure) as failure:
        stranger.shop.things.find_one()
    assert failure.value.code == ErrorCode.AuthenticationFailed


def test_without_a_certificate_there_is_no_such_login(
    make_server: ServerMaker, service: Service, files: dict[str, Path]
) -> None:
    server = make_server(tls=TlsOptions(files["server"]))
    with client(server, tlsCAFile=str(files["ca"])) as bare:
        for database, command, code in (
            ("$external", {"authenticate": 1, "mechanism": "MONGODB-X509"}, ErrorCode.AuthenticationFailed),
            ("admin", {"authenticate": 1, "mechanism": "MONGODB-X509"}, ErrorCode.ProtocolError),
            ("$external", {"authenticate": 1, "mechanism": "MONGODB-CR"}, ErrorCode.BadValue),
        ):
            with pytest.raises(OperationFailure) as failure:
                bare[database].command(command)
            assert failure.value.code == code


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain", "plain"),
        ('a,b+c"d\\e<f>g;h', 'a\\,b\\+c\\"d\\\\e\\<f\\>g\\;h'),
        ("#1", "\\#1"),
        (" a ", "\\ a\\ "),
        ("Zoë", "Zoë"),
    ],
)
def test_subjects_are_written_as_rfc_2253_says(value: str, written: str) -> None:
    assert _attribute("commonName", value) == f"CN={written}"
