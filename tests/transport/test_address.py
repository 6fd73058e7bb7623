"""Reading a URL strictly, and telling public addresses from all others."""

import pytest

from openhearth.core.errors import RequestError
from openhearth.transport.address import Place, is_public, parse_url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://example.com", Place("http", "example.com", 80, "/")),
        ("HTTPS://Example.COM./a?b=c#d", Place("https", "example.com", 443, "/a?b=c")),
        (" https://example.com:8443/a%20b\n", Place("https", "example.com", 8443, "/a%20b")),
        ("http://example.com?q=1", Place("http", "example.com", 80, "/?q=1")),
        ("http://8.8.8.8/x", Place("http", "8.8.8.8", 80, "/x")),
        ("http://[2606:4700::1111]:81/", Place("http", "2606:4700::1111", 81, "/")),
        ("https://例え.テスト/写真.png", Place("https", "xn--r8jz45g.xn--zckzah", 443, "/%E5%86%99%E7%9C%9F.png")),
        ("https://my_bucket.example.com/a@b:c", Place("https", "my_bucket.example.com", 443, "/a@b:c")),
        ("http://example.com:/", Place("http", "example.com", 80, "/")),
    ],
)
def test_reads_good_urls_in_one_way(url: str, expected: Place) -> None:
    assert parse_url(url) == expected
    assert parse_url(expected.url) == expected


@pytest.mark.parametrize(
    "url",
    [
        *("", "example.com", "//example.com/", "/etc/passwd", "file:///etc/passwd", "gopher://example.com/_x"),
        *(
            "ftp://example.com/",
            "data:text/plain,x",
            "dict://example.com:11211/",
            "ldap://example.com",
            "jar:http://a!/",
        ),
        *("javascript:alert(1)", "http:example.com", "http:/example.com", "http:\\\\example.com", "unix:///run/x.sock"),
        *("http://", "http:///path", "http://?x", "http://:80/", "http://#x", "http://."),
        *("http://user@example.com/", "http://user:pass@example.com/", "http://@example.com/"),
        *("http://example.com\\@127.0.0.1/", "http://127.0.0.1\\.example.com/", "http://example.com/a\\b"),
        *("http://exa mple.com/", "http://example.com/a b", "http://example.com/a\r\nX: y", "http://example.com/\0"),
        *("http://exam\tple.com/", "http://example.com/\x7f", "http://example.com/\u2028", "http://example\xa0.com/"),
        *("http://example.com:0/", "http://example.com:65536/", "http://example.com:-1/", "http://example.com:8a/"),
        *("http://example.com:٨٠/", "http://example.com:80:80/", "http://example.com:25/", "https://example.com:22/"),
        *("http://%31%32%37.0.0.1/", "http://example%2ecom/", "http://exam%00ple.com/"),
        *("http://a..b/", "http://-a.com/", "http://a.com../", f"http://{'a' * 64}.com/", f"http://{'a.' * 130}com/"),
        *("http://ex!ample.com/", "http://ex*ample.com/", "http://[::1/", "http://[::1]x/", "http://[fe80::1%25eth0]/"),
        *("http://[example.com]/", "http://[]/", "http://::1/", "http://\u200b/", "http://" + "a" * 9000),
    ],
)
def test_refuses_every_other_url(url: str) -> None:
    with pytest.raises(RequestError) as refused:
        parse_url(url)
    assert refused.value.code == "url_refused"
    assert len(refused.value.message) < 200


@pytest.mark.parametrize(
    "address",
    [
        *("8.8.8.8", "1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "2a00:1450:4001:810::200e"),
        *("::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"),
    ],
)
def test_public_addresses_pass(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254"),
        *("169.254.169.254", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.168.1.1", "192.0.0.1"),
        *("192.0.0.192", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1"),
        *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "168.63.129.16"),
        *("::", "::1", "::7f00:1", "::8.8.8.8", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe"),
        *("::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::10.0.0.1", "64:ff9b:1::7f00:1"),
        *(
            "64:ff9b:1::808:808",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "2002:a00:1::1",
            "2001:0:4136:e378:8000:63bf:80ff:fffe",
        ),
        *("2001::1", "2001:db8::1", "2001:10::1", "2001:20::1", "3fff::1", "100::1", "5f00::1", "4000::1"),
        *("fc00::1", "fd00:ec2::254", "fd20:ce::254", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1", "ff0e::1"),
        *("2606:4700::5efe:7f00:1", "2606:4700::200:5efe:10.0.0.1"),
    ],
)
def test_all_other_addresses_do_not(address: str) -> None:
    assert not is_public(address)
