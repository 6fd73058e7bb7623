"""Lists of names and networks: what several of them hold together, and where a client really is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhearth.accounts.tries import Tries
from openhearth.core.errors import Forbidden, LimitError
from openhearth.core.networks import check_address, client_of, is_within
from openhearth.core.patterns import NOTHING, common, matches

_NAME = st.text("ab", max_size=3)
_PATTERNS = st.lists(
    st.builds(lambda name, star: name + star, _NAME, st.sampled_from(["", "*"])).filter(bool), max_size=4
)


@given(st.lists(_PATTERNS, max_size=3), st.text("ab", min_size=1, max_size=4))
def test_one_list_holds_what_all_of_them_hold(lists: list[list[str]], name: str) -> None:
    found = common(*lists)
    assert (not found or matches(name, found)) == all(not one or matches(name, one) for one in lists)


def test_lists_with_nothing_in_common_hold_nothing() -> None:
    assert common(["a"], ["b"]) == NOTHING
    assert common(["a*"], [], ["b"], ["c"]) == NOTHING
    assert common([], []) == ()


@pytest.mark.parametrize(
    ("address", "networks", "expected"),
    [
        ("10.1.2.3", ("10.0.0.0/8",), True),
        ("11.1.2.3", ("10.0.0.0/8", "192.0.2.7"), False),
        ("192.0.2.7", ("192.0.2.7",), True),
        ("::ffff:10.1.2.3", ("10.0.0.0/8",), True),
        ("2001:db8::5", ("2001:db8::/32",), True),
        ("2001:db9::5", ("2001:db8::/32", "0.0.0.0/0"), False),
        ("fe80::1%eth0", ("fe80::/10",), True),
        ("", ("0.0.0.0/0", "::/0"), False),
        ("/run/a.sock", ("0.0.0.0/0",), False),
        ("010.1.2.3", ("10.0.0.0/8",), False),
    ],
)
def test_an_address_is_within_its_networks_only(address: str, networks: tuple[str, ...], expected: bool) -> None:
    assert is_within(address, networks) is expected
    if expected:
        check_address(address, networks)
    else:
        with pytest.raises(Forbidden) as caught:
            check_address(address, networks)
        assert caught.value.code == "address_not_allowed"


TRUSTED = ("10.0.0.0/8", "2001:db8::1")


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", "203.0.113.9", "192.0.2.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "10.9.9.9", "10.9.9.9"),
        ("10.0.0.1", "203.0.113.9:4711", "203.0.113.9"),
        ("2001:db8::1", "[2001:db8::9]:4711", "2001:db8::9"),
        ("10.0.0.1", "1.1.1.1, unknown", "10.0.0.1"),
        ("10.0.0.1", "1.1.1.1, unknown, 10.0.0.3", "10.0.0.3"),
        ("10.0.0.1", ",".join(["10.0.0.2"] * 1000), "10.0.0.2"),
    ],
)
def test_only_proxies_of_ours_say_who_a_client_is(peer: str, forwarded: str, client: str) -> None:
    assert client_of(peer, forwarded, TRUSTED) == client
    assert client_of(peer, forwarded, ()) == peer


def test_tries_come_back_with_time_and_memory_is_bounded() -> None:
    now = [0.0]
    tries = Tries(2, 60.0, now=lambda: now[0])
    for _ in range(2):
        tries.begin("ann", "1.1.1.1")
        now[0] += 10
    with pytest.raises(LimitError) as caught:
        tries.begin("ann", "2.2.2.2")
    assert caught.value.retry_after_s == 40.0
    now[0] = 60.0
    tries.begin("ann", "2.2.2.2")
    for number in range(20_000):
        tries.begin(f"name{number}", f"a{number}")
    assert len(tries._seen) <= 10_002
