"""The ways to an origin: TLS and its checks, a pinned address, a Unix socket, proxies of both kinds."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest

from openhearth.core.errors import UpstreamDown, UpstreamRefusedUs, UpstreamTimeout
from openhearth.core.provider import Origin
from openhearth.transport.h1_client import H1Client
from openhearth.transport.proxy import parse_proxy
from openhearth.transport.wire import Deadlines
from tests.fakes.proxy import Proxy
from tests.fakes.upstream import Fault, Upstream
from tests.fakes.upstream_answers import ABORT_S
from tests.transport.wiring import CHAT_STREAM, outgoing, sent


def by(origin: Origin, proxy: str) -> Origin:
    return msgspec.structs.replace(origin, proxy=proxy)


async def test_tls_with_a_trusted_certificate() -> None:
    async with Upstream(tls=True) as up:
        client = H1Client(ca_file=up.ca_file)
        for _ in range(2):
            answer = await sent(client, outgoing(up.origin, CHAT_STREAM)).finished()
            assert answer.body.endswith(b"[DONE]\n\n")
        assert up.accepted == 1
        await client.close()


async def test_tls_with_an_unknown_authority_is_refused(client: H1Client) -> None:
    async with Upstream(tls=True) as up:
        answer = await sent(client, outgoing(up.origin)).finished()
        assert isinstance(answer.error, UpstreamDown)
        assert answer.error.code == "upstream_tls"
        assert "not trusted" in answer.error.message
        assert up.seen == []


async def test_tls_with_another_name_is_refused() -> None:
    async with Upstream(tls=True, names=("other.example",)) as up:
        client = H1Client(ca_file=up.ca_file)
        answer = await sent(client, outgoing(up.origin)).finished()
        assert answer.error is not None
        assert answer.error.code == "upstream_tls"
        assert up.seen == []
        await client.close()


async def test_tls_to_a_plain_server_is_an_error(client: H1Client, up: Upstream) -> None:
    origin = Origin("https", "127.0.0.1", up.port)
    answer = await sent(client, outgoing(origin, deadlines=Deadlines(connect_s=0.3))).finished()
    assert isinstance(answer.error, UpstreamDown | UpstreamTimeout)


async def test_a_reset_in_tls_is_upstream_down() -> None:
    async with Upstream(tls=True) as up:
        client = H1Client(ca_file=up.ca_file)
        up.script(Fault(reset_after=300))
        answer = await sent(client, outgoing(up.origin, CHAT_STREAM)).finished()
        assert isinstance(answer.error, UpstreamDown)
        await client.close()


async def test_a_missing_ca_file_is_said_at_start(tmp_path: Path) -> None:
    with pytest.raises(OSError):
        H1Client(ca_file=str(tmp_path / "none.pem"))
    (tmp_path / "bad.pem").write_text("not a certificate")
    with pytest.raises(ssl.SSLError):
        H1Client(ca_file=str(tmp_path / "bad.pem"))


async def test_a_pinned_address_keeps_the_name_for_sni_and_certificate() -> None:
    async with Upstream(tls=True, names=("upstream.test",)) as up:
        client = H1Client(ca_file=up.ca_file)
        origin = Origin("https", "upstream.test", up.port, address="127.0.0.1")
        answer = await sent(client, outgoing(origin)).finished()
        assert answer.status == 200
        assert up.seen[0].headers["host"] == "upstream.test"
        await client.close()


async def test_a_unix_socket(client: H1Client, tmp_path: Path) -> None:
    path = str(tmp_path / "up.sock")
    async with Upstream(unix=path) as up:
        answer = await sent(client, outgoing(up.origin, CHAT_STREAM)).finished()
        assert answer.body.endswith(b"[DONE]\n\n")
    gone = await sent(client, outgoing(Origin("unix", path + ".none", 0))).finished()
    assert isinstance(gone.error, UpstreamDown)


async def test_http_goes_through_a_proxy_in_absolute_form(client: H1Client, up: Upstream) -> None:
    async with Proxy(wanted="user:secret") as proxy:
        for _ in range(2):
            answer = await sent(client, outgoing(by(up.origin, proxy.url), path="/v1/completions?a=b")).finished()
            assert answer.status == 200
        assert proxy.asked[0] == f"POST http://127.0.0.1:{up.port}/v1/completions?a=b HTTP/1.1"
        assert proxy.credentials == ["user:secret"]
        assert up.seen[0].path == "/v1/completions?a=b"


async def test_https_goes_through_a_tunnel() -> None:
    async with Upstream(tls=True) as up, Proxy(wanted="user:secret") as proxy:
        client = H1Client(ca_file=up.ca_file)
        for _ in range(2):
            answer = await sent(client, outgoing(by(up.origin, proxy.url), CHAT_STREAM)).finished()
            assert answer.body.endswith(b"[DONE]\n\n")
        assert proxy.asked == [f"CONNECT 127.0.0.1:{up.port} HTTP/1.1"]
        assert proxy.credentials == ["user:secret"]
        assert "secret" not in up.seen[0].head.decode()
        assert up.accepted == 1
        await client.close()


async def test_abort_closes_a_tunnel() -> None:
    async with Upstream(tls=True) as up, Proxy() as proxy:
        client = H1Client(ca_file=up.ca_file)
        up.script(Fault(silent=True))
        answer = sent(client, outgoing(by(up.origin, proxy.url)))
        seen = await up.saw(1)
        answer.flight.abort()
        await seen.aborted(ABORT_S)
        await client.close()


async def test_the_certificate_behind_a_tunnel_is_checked(client: H1Client) -> None:
    async with Upstream(tls=True) as up, Proxy() as proxy:
        answer = await sent(client, outgoing(by(up.origin, proxy.url))).finished()
        assert answer.error is not None
        assert answer.error.code == "upstream_tls"
        assert up.seen == []


@pytest.mark.parametrize("status", [403, 502])
async def test_a_proxy_that_opens_no_tunnel(client: H1Client, status: int) -> None:
    async with Proxy(refuse=status) as proxy:
        origin = Origin("https", "127.0.0.1", 9, proxy=proxy.url)
        answer = await sent(client, outgoing(origin)).finished()
        assert isinstance(answer.error, UpstreamDown)
        assert answer.error.code == "proxy_failed"
        assert str(status) in answer.error.message


async def test_a_proxy_that_wants_other_credentials(client: H1Client) -> None:
    async with Proxy(wanted="user:secret") as proxy:
        origin = Origin("https", "127.0.0.1", 9, proxy=proxy.url.replace("secret", "wrong"))
        answer = await sent(client, outgoing(origin)).finished()
        assert isinstance(answer.error, UpstreamRefusedUs)
        assert "wrong" not in answer.error.message


@pytest.mark.parametrize("leave", [True, False], ids=["abort", "deadline"])
async def test_a_mute_proxy_does_not_hold_us(client: H1Client, leave: bool) -> None:
    async with Proxy(mute=True) as proxy:
        before = asyncio.all_tasks()
        origin = Origin("https", "127.0.0.1", 9, proxy=proxy.url)
        answer = sent(client, outgoing(origin, deadlines=Deadlines(connect_s=0.2)))
        connecting = asyncio.all_tasks() - before
        if leave:
            async with asyncio.timeout(30):
                await proxy.was_asked.wait()
            answer.flight.abort()
        else:
            await answer.finished()
            assert isinstance(answer.error, UpstreamTimeout)
        _, pending = await asyncio.wait(connecting, timeout=ABORT_S)
        assert not pending


@pytest.mark.parametrize(
    "address", ["socks5://h:1", "http://", "h:8080", "http://h:port", "http://h:1/path", "https://u:secret@h:1"]
)
def test_other_proxy_addresses_are_refused_without_showing_them(address: str) -> None:
    with pytest.raises(ValueError) as refused:
        parse_proxy(address)
    assert "secret" not in str(refused.value)


def test_a_proxy_address_may_hold_escaped_credentials() -> None:
    assert parse_proxy("http://me:p%40ss@[::1]:3128").authorization == b"proxy-authorization: Basic bWU6cEBzcw==\r\n"
    assert parse_proxy("http://proxy").port == 80


class Raw:
    """A TCP server that says one thing to whoever connects, and notes when they leave."""

    def __init__(self, says: bytes) -> None:
        self._says = says
        self.accepted = asyncio.Event()
        self.left = asyncio.Event()
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted.set()
        writer.write(self._says)
        try:
            while await reader.read(65536):
                pass
        except ConnectionError:
            pass
        self.left.set()
        writer.transport.abort()


@asynccontextmanager
async def raw(says: bytes) -> AsyncIterator[Raw]:
    talker = Raw(says)
    server = await asyncio.start_server(talker.serve, "127.0.0.1", 0)
    talker.port = server.sockets[0].getsockname()[1]
    yield talker
    server.close()
    async with asyncio.timeout(30):
        await talker.left.wait()
    await server.wait_closed()


async def test_tls_to_a_server_that_speaks_something_else(client: H1Client) -> None:
    async with raw(b"220 mail.example ESMTP\r\n") as server:
        answer = await sent(client, outgoing(Origin("https", "127.0.0.1", server.port))).finished()
        assert isinstance(answer.error, UpstreamDown)
        assert answer.error.code == "upstream_tls"


async def test_abort_in_the_middle_of_a_handshake_closes_the_socket(client: H1Client) -> None:
    async with raw(b"") as server:
        answer = sent(client, outgoing(Origin("https", "127.0.0.1", server.port)))
        async with asyncio.timeout(30):
            await server.accepted.wait()
        answer.flight.abort()
        async with asyncio.timeout(ABORT_S):
            await server.left.wait()


async def test_a_proxy_whose_answer_does_not_end(client: H1Client) -> None:
    async with raw(b"HTTP/1.1 200 OK\r\nx: " + b"y" * 100_000) as server:
        origin = Origin("https", "127.0.0.1", 9, proxy=f"http://127.0.0.1:{server.port}")
        answer = await sent(client, outgoing(origin)).finished()
        assert answer.error is not None
        assert answer.error.code == "proxy_failed"


async def test_an_upstream_that_talks_while_idle_is_left(client: H1Client, up: Upstream) -> None:
    up.script(Fault(surplus_later=b"HTTP/1.1 408 Idle\r\ncontent-length: 0\r\n\r\n"))
    await sent(client, outgoing(up.origin)).finished()
    await up.left(0)
    assert (await sent(client, outgoing(up.origin)).finished()).status == 200
