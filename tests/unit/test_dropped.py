from openhearth.core.dropped import listed


def test_a_name_cannot_end_the_header() -> None:
    assert listed(["a\r\nset-cookie: b=c", "漢字", "plain"]) == b"a??set-cookie:?b=c, ??, plain"


def test_neither_many_nor_long_names_make_it_long() -> None:
    assert len(listed(["x" * 10_000] * 10_000)) == 50 * 64 + 49 * 2
