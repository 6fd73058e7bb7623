"""Behind a proxy the fetcher reaches no more than without one: the proxy gets the address that was checked."""

import pytest

from openhearth.config import Fetch, Upstream
from openhearth.core.errors import UpstreamDown
from openhearth.core.provider import Origin
from openhearth.transport.fetch import Fetcher
from openhearth.transport.h1_client import H1Client
from tests.fakes.proxy import Proxy
from tests.fakes.upstream import Upstream as FakeUpstream
from tests.transport.test_fetch import PUBLIC, Answers, Names, refusal
from tests.transport.wiring import outgoing, sent

PROXY = "http://user:word@proxy.test:3128"
BEHIND = Upstream(proxy=PROXY, no_proxy=("direct.test", "127.0.0.1"))
NAMES = {"pictures_test": [[PUBLIC]], "inside_test": [["10.0.0.7"]], "direct_test": [[PUBLIC]]}


def fetcher(client: Answers, settings: Fetch, names: Names | None = None) -> Fetcher:
    return Fetcher(client, settings, names or Names(**NAMES), upstream=BEHIND)


async def test_the_proxy_is_asked_for_the_address_that_was_checked() -> None:
    client, names = Answers((200, [], b"x")), Names(**NAMES)
    await fetcher(client, Fetch(), names).get("https://pictures.test/a.png")
    assert client.requests[0].origin == Origin("https", "pictures.test", 443, address=PUBLIC, proxy=PROXY)
    assert names.asked == ["pictures.test"]


@pytest.mark.parametrize("by_proxy", ["pinned", "named", "never"])
@pytest.mark.parametrize("url", ["http://127.0.0.1/", "http://[::1]/", "http://169.254.169.254/", "http://10.0.0.7/"])
async def test_private_addresses_are_refused_with_and_without_names(by_proxy: str, url: str) -> None:
    client = Answers()
    error = await refusal(fetcher(client, Fetch(by_proxy=by_proxy)), url)  # type: ignore[arg-type]
    assert error.code == "url_refused"
    assert client.requests == []


async def test_a_name_that_leads_inside_is_refused_before_the_proxy_hears_of_it() -> None:
    client = Answers()
    assert (await refusal(fetcher(client, Fetch()), "https://inside.test/")).code == "url_refused"
    assert client.requests == []


async def test_a_redirect_inside_is_refused_too() -> None:
    client = Answers((302, [(b"location", b"https://inside.test/")], b""))
    assert (await refusal(fetcher(client, Fetch()), "https://pictures.test/")).code == "url_refused"
    assert len(client.requests) == 1


async def test_a_proxy_that_is_trusted_resolves_names_itself() -> None:
    client, names = Answers((200, [], b"x")), Names()
    await fetcher(client, Fetch(by_proxy="named"), names).get("https://pictures.test/a.png")
    assert client.requests[0].origin == Origin("https", "pictures.test", 443, proxy=PROXY)
    assert names.asked == []


@pytest.mark.parametrize("host", ["localhost", "metadata", "db.internal", "printer.local", "a.b.home.arpa", "nas.lan"])
async def test_even_a_trusted_proxy_is_not_asked_for_names_of_inner_networks(host: str) -> None:
    client = Answers()
    assert (await refusal(fetcher(client, Fetch(by_proxy="named")), f"http://{host}/")).code == "url_refused"
    assert client.requests == []


@pytest.mark.parametrize(
    ("settings", "url"),
    [
        (Fetch(by_proxy="never"), "https://pictures.test/"),
        (Fetch(), "https://direct.test/"),
        (Fetch(allow_private=("inside.test",)), "https://inside.test/"),
    ],
    ids=["never", "no_proxy", "allow_private"],
)
async def test_some_hosts_are_reached_without_the_proxy(settings: Fetch, url: str) -> None:
    client = Answers((200, [], b"x"))
    await fetcher(client, settings).get(url)
    assert client.requests[0].origin.proxy == ""


async def test_the_next_address_is_tried_when_the_proxy_cannot_reach_one() -> None:
    client = Answers(UpstreamDown("x", code="proxy_failed"), (200, [], b"x"))
    names = Names(pictures_test=[["2606:4700::1111", PUBLIC]])
    await fetcher(client, Fetch(), names).get("https://pictures.test/")
    assert [request.origin.address for request in client.requests] == ["2606:4700::1111", PUBLIC]


async def test_a_pinned_address_goes_through_a_tunnel_and_the_upstream_sees_the_name(
    client: H1Client, up: FakeUpstream
) -> None:
    async with Proxy() as proxy:
        origin = Origin("http", "pictures.test", up.port, address="127.0.0.1", proxy=proxy.url)
        answer = await sent(client, outgoing(origin)).finished()
    assert answer.status == 200
    assert proxy.asked == [f"CONNECT 127.0.0.1:{up.port} HTTP/1.1"]
    assert up.seen[0].path == "/v1/chat/completions"
    assert up.seen[0].headers["host"] == "pictures.test"
