"""The safe fetcher: nothing inside is ever reached, whatever a URL, a redirect or DNS says."""

import asyncio
from collections.abc import Sequence

import pytest
from typing_extensions import override

from openhearth.config import Fetch
from openhearth.core.errors import RequestError, UpstreamDown, UpstreamError
from openhearth.core.provider import Origin
from openhearth.transport.fetch import Fetcher
from openhearth.transport.h1_client import H1Client
from openhearth.transport.wire import Client, Flight, Headers, Outgoing, Receiver
from tests.fakes.upstream import Fault, Reply, Upstream
from tests.fakes.upstream_answers import ABORT_S

PICTURE = Reply(b"\x89PNG...", headers={"content-type": "Image/PNG; charset=x"})
PUBLIC = "93.184.216.34"


class Names:
    """A resolver with a table; a list of lists answers differently each time (rebinding)."""

    def __init__(self, **table: Sequence[Sequence[str]]) -> None:
        self._table = {name.replace("_", "."): list(answers) for name, answers in table.items()}
        self.asked: list[str] = []

    async def __call__(self, host: str, port: int) -> list[str]:
        self.asked.append(host)
        answers = self._table.get(host)
        if answers is None:
            raise OSError("not known")
        return list(answers.pop(0) if len(answers) > 1 else answers[0])


class Answers(Client):
    """A client that connects nowhere: notes every request and gives the next scripted answer."""

    def __init__(self, *answers: tuple[int, Headers, bytes] | UpstreamError) -> None:
        self.requests: list[Outgoing] = []
        self._answers = list(answers)

    @override
    def send(self, request: Outgoing, receiver: Receiver) -> Flight:
        self.requests.append(request)
        asyncio.get_running_loop().call_soon(self._tell, receiver, self._answers.pop(0))
        return _Done()

    @override
    async def close(self) -> None:
        """Nothing is open."""

    def _tell(self, receiver: Receiver, answer: tuple[int, Headers, bytes] | UpstreamError) -> None:
        if isinstance(answer, UpstreamError):
            receiver.answer_failed(answer)
            return
        receiver.answer_started(answer[0], answer[1])
        if answer[2]:
            receiver.answer_data(answer[2])
        receiver.answer_ended()


class _Done(Flight):
    @override
    def abort(self) -> None:
        """Already over."""

    @override
    def pause(self) -> None:
        """Already over."""

    @override
    def resume(self) -> None:
        """Already over."""


def local(up: Upstream, **settings: int | float) -> Fetch:
    return Fetch(allow_private=(f"127.0.0.1:{up.port}",), **settings)  # type: ignore[arg-type]


async def refusal(fetcher: Fetcher, url: str) -> RequestError:
    with pytest.raises(RequestError) as refused:
        await fetcher.get(url)
    return refused.value


@pytest.fixture
async def files(up: Upstream) -> Upstream:
    up.add("/a.png", PICTURE)
    return up


async def test_fetches_a_picture(client: H1Client, files: Upstream) -> None:
    fetched = await Fetcher(client, local(files)).get(f"{files.url}/a.png?x=1", accept="image/*")
    assert (fetched.data, fetched.mime) == (b"\x89PNG...", "image/png")
    assert fetched.url == f"{files.url}/a.png?x=1"
    seen = files.seen[0]
    assert seen.method == "GET"
    assert seen.headers["accept"] == "image/*"
    assert seen.headers["host"] == f"127.0.0.1:{files.port}"
    assert "authorization" not in seen.headers


async def test_connects_to_the_address_that_was_checked_and_asks_dns_once() -> None:
    names = Names(pictures_test=[[PUBLIC], ["127.0.0.1"]])
    client = Answers((200, [(b"content-type", b"image/png")], b"x"))
    fetched = await Fetcher(client, Fetch(), names).get("https://pictures.test/a.png")
    assert fetched.data == b"x"
    assert client.requests[0].origin == Origin("https", "pictures.test", 443, address=PUBLIC)
    assert b"\r\nhost: pictures.test\r\n" in client.requests[0].head
    assert names.asked == ["pictures.test"]


async def test_a_rebinding_name_is_caught_at_the_redirect() -> None:
    names = Names(pictures_test=[[PUBLIC], ["127.0.0.1"]])
    client = Answers((302, [(b"location", b"/b.png")], b""))
    error = await refusal(Fetcher(client, Fetch(), names), "https://pictures.test/a.png")
    assert error.code == "url_refused"
    assert len(client.requests) == 1


async def test_the_next_address_is_tried_when_one_is_down() -> None:
    names = Names(pictures_test=[["2606:4700::1111", PUBLIC]])
    client = Answers(UpstreamDown("x", code="upstream_connect"), (200, [], b"x"))
    await Fetcher(client, Fetch(), names).get("http://pictures.test/")
    assert [request.origin.address for request in client.requests] == ["2606:4700::1111", PUBLIC]


async def test_an_answer_that_broke_off_is_not_asked_again() -> None:
    names = Names(pictures_test=[["2606:4700::1111", PUBLIC]])
    client = Answers(UpstreamDown("It broke.", code="upstream_disconnected"))
    error = await refusal(Fetcher(client, Fetch(), names), "http://pictures.test/")
    assert error.code == "url_unreachable"


# Hosts as they stand in a URL; {port} is the canary's. Each must be refused before anything connects.
INSIDE_HOSTS = [
    *("127.0.0.1", "127.1", "127.0.1", "127.000.000.001", "127.0.0.1.", "2130706433", "0x7f000001", "0x7f.0.0.1"),
    *("0177.0.0.1", "017700000001", "0x7f.1", "127.0x0.0.1", "0", "0.0.0.0", "0x0", "00000.0.0.0", "127.0.0.0x1"),
    *("4294967295", "4294967296", "0x17f000001", "127.0.0.256", "127.0.0.1.1", "1.2.3", "256.256.256.256", "08.0.0.1"),
    *("１２７.０.０.１", "①②⑦.⓪.⓪.①", "127。0。0。1", "127．0．0．1", "127｡0｡0｡1", "⑯⑨。②⑤④。⑯⑨｡②⑤④", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ"),
    *("10.0.0.1", "10.255.255.255", "172.16.0.1", "192.168.0.1", "100.64.0.1", "100.100.100.200", "169.254.169.254"),
    *("169.254.170.2", "168.63.129.16", "192.0.0.192", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
    *("192.0.2.1", "203.0.113.7", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "0xA9.0xFE.0xA9.0xFE"),
    *("[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::127.0.0.1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]"),
    *("[::ffff:169.254.169.254]", "[0000::ffff:127.0.0.1]", "[::ffff:0:127.0.0.1]", "[64:ff9b::7f00:1]"),
    *("[64:ff9b::127.0.0.1]", "[64:ff9b:1::7f00:1]", "[2002:7f00:1::]", "[2002:a9fe:a9fe::]", "[fe80::1]"),
    *("[fe80::1%25lo]", "[fc00::1]", "[fd00:ec2::254]", "[fd20:ce::254]", "[ff02::1]", "[fec0::1]", "[2001:db8::1]"),
    *("[2001:0:4136:e378:8000:63bf:80ff:fffe]", "[2606:4700::5efe:7f00:1]", "[3fff::1]", "[100::1]"),
    *("localhost", "LOCALHOST", "localhost.", "sub.localhost", "metadata.google.internal", "inside.test", "mixed.test"),
    *(
        "mapped.test",
        "nat64.test",
        "sixtofour.test",
        "metadata.test",
        "lan.test",
        "cgnat.test",
        "zone.test",
        "junk.test",
    ),
    *("user@127.0.0.1", "user:pw@localhost", "public.test@127.0.0.1", "127.0.0.1\\@public.test", "public.test\\.x"),
    *("127.0.0.1%00.public.test", "127.0.0.1%2f.public.test", "%6c%6f%63%61%6c%68%6f%73%74", "127.0.0.1 .public.test"),
    *("public.test\r\nHost: 127.0.0.1", "public.test\t", "ⅼocalhost", "loc\u00adalhost", "[::1", "::1", "junk.test"),
]
INSIDE_URLS = [f"http://{host}:{{port}}/" for host in INSIDE_HOSTS] + [
    *("file:///etc/passwd", "gopher://127.0.0.1:{port}/_GET", "ftp://127.0.0.1:{port}/", "dict://127.0.0.1:{port}/"),
    *("ldap://127.0.0.1:{port}/", "data:image/png;base64,AAAA", "//127.0.0.1:{port}/", "http:/127.0.0.1:{port}/"),
    *("http:127.0.0.1:{port}", "https://127.0.0.1:{port}/", "unix:/run/x.sock", "http:\\\\127.0.0.1:{port}\\"),
    *("http://127.0.0.1:0/", "http://127.0.0.1:{port}#@public.test/", "http://127.0.0.1:{port}?@public.test/"),
    *("http://public.test:0/", "http://public.test:22/", "http://public.test:6379x/", "jar:http://127.0.0.1:{port}!/"),
]
TABLE: dict[str, Sequence[Sequence[str]]] = {
    "localhost": [["127.0.0.1", "::1"]],
    "sub_localhost": [["127.0.0.1"]],
    "metadata_google_internal": [["169.254.169.254"]],
    "metadata_test": [["169.254.169.254"]],
    "inside_test": [["127.0.0.1"]],
    "mixed_test": [[PUBLIC, "127.0.0.1"]],
    "mapped_test": [["::ffff:127.0.0.1"]],
    "nat64_test": [["64:ff9b::7f00:1"]],
    "sixtofour_test": [["2002:7f00:1::"]],
    "lan_test": [["10.0.0.5"]],
    "cgnat_test": [["100.64.0.1"]],
    "zone_test": [["fe80::1%lo"]],
    "junk_test": [["not an address"]],
    "public_test": [[PUBLIC]],
}


async def test_no_url_reaches_the_inside(client: H1Client) -> None:
    assert len(INSIDE_URLS) >= 120
    async with Upstream() as canary:
        fetcher = Fetcher(client, Fetch(total_s=5), Names(**TABLE))
        for url in INSIDE_URLS:
            error = await refusal(fetcher, url.format(port=canary.port))
            assert error.code == "url_refused", (url, error.message)
            if url.endswith(".test:{port}/"):
                assert "127.0.0.1" not in error.message, url
        assert canary.accepted == 0


@pytest.mark.parametrize(
    "location",
    [
        *("http://127.0.0.1:{port}/", "//127.0.0.1:{port}/", "http://localhost:{port}/", "http://[::1]:{port}/"),
        *("http://2130706433:{port}/", "http://inside.test:{port}/", "http://mixed.test:{port}/", "file:///etc/passwd"),
        *(
            "http://user@127.0.0.1:{port}/",
            "\\\\127.0.0.1:{port}\\",
            "http://169.254.169.254/",
            "gopher://x/",
            "http://[",
        ),
    ],
)
async def test_no_redirect_reaches_the_inside(client: H1Client, up: Upstream, location: str) -> None:
    async with Upstream() as canary:
        up.add("/", Reply(status=302, headers={"location": location.format(port=canary.port)}))
        error = await refusal(Fetcher(client, local(up), Names(**TABLE)), f"{up.url}/")
        assert error.code == "url_refused"
        assert canary.accepted == 0


async def test_follows_redirects_and_says_where_it_ended(client: H1Client, files: Upstream) -> None:
    files.add("/", Reply(status=302, headers={"location": "/b?q=1#part"}))
    files.add("/b", Reply(status=308, headers={"location": f"{files.url}/a.png"}))
    fetched = await Fetcher(client, local(files)).get(files.url)
    assert fetched.url == f"{files.url}/a.png"
    assert [seen.path for seen in files.seen] == ["/", "/b?q=1", "/a.png"]


async def test_a_redirect_may_hold_other_letters(client: H1Client, files: Upstream) -> None:
    for name, raw in (("utf8", "/写".encode().decode("latin-1")), ("latin1", "/é")):
        files.add(f"/{name}", Reply(status=302, headers={"location": raw}))
        error = await refusal(Fetcher(client, local(files)), f"{files.url}/{name}")
        assert "404" in error.message
    assert [seen.path for seen in files.seen][1::2] == ["/%E5%86%99", "/%C3%A9"]


@pytest.mark.parametrize("redirects", [0, 2])
async def test_follows_only_so_many_redirects(client: H1Client, up: Upstream, redirects: int) -> None:
    up.add("/", Reply(status=301, headers={"location": "/"}))
    error = await refusal(Fetcher(client, local(up, redirects=redirects)), up.url)
    assert error.code == "url_unreachable"
    assert len(up.seen) == redirects + 1


@pytest.mark.parametrize("headers", [{}, {"location": ""}])
async def test_a_redirect_to_nowhere_is_unreachable(client: H1Client, up: Upstream, headers: dict[str, str]) -> None:
    up.add("/", Reply(status=302, headers=headers))
    assert (await refusal(Fetcher(client, local(up)), up.url)).code == "url_unreachable"


@pytest.mark.parametrize(
    "fault",
    [
        Fault(content_length=10_000, body=b"x"),
        Fault(endless=True),
        Fault(coding="gzip", body=b"x" * 2000),
        Fault(body=b"x" * 1001),
    ],
    ids=["declared", "endless", "decoded", "one more"],
)
async def test_a_file_may_not_be_too_large(client: H1Client, files: Upstream, fault: Fault) -> None:
    files.script(fault)
    with pytest.raises(RequestError) as error:
        await Fetcher(client, local(files)).get(f"{files.url}/a.png", most_bytes=1000)
    assert error.value.code == "url_too_large"


async def test_a_file_may_be_as_large_as_allowed(client: H1Client, files: Upstream) -> None:
    files.script(Fault(body=b"x" * 1000))
    assert len((await Fetcher(client, local(files, bytes=1000)).get(f"{files.url}/a.png")).data) == 1000


@pytest.mark.parametrize(
    "fault",
    [Fault(silent=True), Fault(body=b"x", content_length=9, delay_chunk_s=9), Fault(endless=True, delay_chunk_s=0.01)],
    ids=["silent", "stalled", "endless"],
)
async def test_the_whole_fetch_has_a_deadline(client: H1Client, files: Upstream, fault: Fault) -> None:
    files.script(fault)
    error = await refusal(Fetcher(client, local(files, total_s=0.3)), f"{files.url}/a.png")
    assert error.code == "url_timeout"
    await files.seen[0].aborted(ABORT_S)


async def test_a_slow_resolver_is_a_timeout(client: H1Client) -> None:
    async def slow(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    error = await refusal(Fetcher(client, Fetch(total_s=0.1), slow), "http://pictures.test/")
    assert error.code == "url_timeout"


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(status=404), "404"),
        (Fault(status=500), "500"),
        (Fault(status=206), "206"),
        (Fault(close_after=0), "closed"),
        (Fault(coding="br"), "br"),
        (Fault(bomb_bytes=50_000_000), "grows"),
    ],
)
async def test_what_cannot_be_read_is_unreachable(client: H1Client, files: Upstream, fault: Fault, said: str) -> None:
    files.script(fault)
    error = await refusal(Fetcher(client, local(files)), f"{files.url}/a.png")
    assert error.code == "url_unreachable"
    assert said in error.message


async def test_unknown_hosts_and_closed_ports_are_unreachable_without_telling_addresses(client: H1Client) -> None:
    async with Upstream() as up:
        settings = Fetch(allow_private=("inside.test", "nothing.test"))
        port = up.port
    fetcher = Fetcher(client, settings, Names(inside_test=[["127.0.0.1", "127.0.0.2"]], nothing_test=[[]]))
    for host in ("inside.test", "unknown.test", "nothing.test"):
        error = await refusal(fetcher, f"http://{host}:{port}/")
        assert error.code == "url_unreachable"
        assert host in error.message
        assert "127.0.0" not in error.message


@pytest.mark.parametrize(
    ("entry", "url", "passes"),
    [
        ("127.0.0.1", "http://127.0.0.1:{port}/a.png", True),
        ("127.0.0.1:{port}", "http://127.0.0.1:{port}/a.png", True),
        ("Files.Test", "http://files.test.:{port}/a.png", True),
        ("files.test:{port}", "http://FILES.test:{port}/a.png", True),
        ("127.0.0.1:1", "http://127.0.0.1:{port}/a.png", False),
        ("127.0.0.1", "http://files.test:{port}/a.png", False),
        ("files.test", "http://127.0.0.1:{port}/a.png", False),
        ("test", "http://files.test:{port}/a.png", False),
        ("localhost", "http://127.0.0.1:{port}/a.png", False),
        ("", "http://127.0.0.1:{port}/a.png", False),
    ],
)
async def test_an_exception_holds_for_the_named_host_only(
    client: H1Client, files: Upstream, entry: str, url: str, passes: bool
) -> None:
    settings = Fetch(allow_private=(entry.format(port=files.port),))
    fetcher = Fetcher(client, settings, Names(files_test=[["127.0.0.1"]]))
    if passes:
        assert (await fetcher.get(url.format(port=files.port))).mime == "image/png"
    else:
        assert (await refusal(fetcher, url.format(port=files.port))).code == "url_refused"
        assert files.accepted == 0


async def test_an_exception_for_ipv6_is_written_with_or_without_brackets() -> None:
    for entry in ("::1", "[::1]", "[::1]:8080"):
        client = Answers((200, [], b"x"))
        await Fetcher(client, Fetch(allow_private=(entry,))).get("http://[::1]:8080/")
        assert client.requests[0].origin.address == "::1"


async def test_the_system_resolver_is_asked_by_default(client: H1Client, files: Upstream) -> None:
    fetcher = Fetcher(client, Fetch(allow_private=("localhost",)))
    assert (await fetcher.get(f"http://localhost:{files.port}/a.png")).data == PICTURE.body
    assert (await refusal(Fetcher(client, Fetch()), f"http://localhost:{files.port}/")).code == "url_refused"
