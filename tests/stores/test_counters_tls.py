"""Counters on a server over TLS with a password: it is believed only with a certificate that holds for its address."""

import shutil
import signal
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from openhearth.core.errors import StoreAway
from openhearth.stores.shared.wire import Wire
from tests.servers import valkey as valkey_server
from tests.servers.certificates import written
from tests.servers.processes import Program, folder_for, free_port, runner


class Secure(msgspec.Struct):
    """A server that speaks TLS only."""

    port: int
    authority: Path

    def url(self, *, password: str = "hunter2", host: str = "127.0.0.1", ca: bool = True) -> str:
        query = f"?ssl_ca_certs={self.authority}" if ca else ""
        return f"valkeys://:{password}@{host}:{self.port}/0{query}"


def started(address: str) -> Iterator[Secure]:
    program = valkey_server.found()
    if program is None:
        pytest.skip(f"No Valkey is installed: apt-get install {valkey_server.PACKAGE}")
    folder, port = folder_for(), free_port()
    authority, certificate, key = written(folder, address)
    for file in (certificate, key):
        file.chmod(0o644)
    trusted = ssl.create_default_context(cafile=str(authority))
    trusted.check_hostname = False

    def answers() -> bool:
        try:
            with socket.create_connection(("127.0.0.1", port), 10) as plain, trusted.wrap_socket(plain) as sock:
                sock.sendall(b"PING\r\n")
                return sock.recv(100).startswith(b"-NOAUTH")
        except OSError:
            return False

    words = ("--port", "0", "--tls-port", str(port), "--bind", "127.0.0.1", "--tls-auth-clients", "no", "--save", "")
    files = ("--tls-cert-file", str(certificate), "--tls-key-file", str(key), "--tls-ca-cert-file", str(authority))
    command = [*runner(), program, "--dir", str(folder), "--requirepass", "hunter2", *words, *files]
    server = Program(command, folder, answers)
    try:
        server.start()
        yield Secure(port, authority)
    finally:
        server.stop(signal.SIGKILL)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def secure() -> Iterator[Secure]:
    yield from started("127.0.0.1")


@pytest.fixture
def elsewhere() -> Iterator[Secure]:
    """Its certificate is another address's."""
    yield from started("127.0.0.2")


async def said(url: str) -> str:
    wire = Wire(url)
    try:
        return await wire.run_id()
    finally:
        await wire.close()


async def test_a_server_with_a_good_certificate_is_used(secure: Secure) -> None:
    assert await said(secure.url()) not in ("", "unknown")


@pytest.mark.parametrize("wrong", [{"ca": False}, {"password": "another"}])
async def test_an_unknown_authority_and_a_wrong_password_are_refused(secure: Secure, wrong: dict[str, str]) -> None:
    with pytest.raises(StoreAway) as caught:
        await said(secure.url(**wrong))  # type: ignore[arg-type]
    assert caught.value.code == "counters_unavailable"
    assert "hunter2" not in str(caught.value)


async def test_a_certificate_of_another_address_is_refused(elsewhere: Secure) -> None:
    with pytest.raises(StoreAway):
        await said(elsewhere.url())
