"""``openhearth price``: dollars to whole micros and back, what is sent, what is shown."""

import json
from pathlib import Path
from typing import Any

import pytest

from openhearth.commands import WrongUse
from openhearth.commands.dollars import long_prompt, picture, rates, shown, usd
from tests.unit.test_cli import FakeAdmin, Run, admin, run

__all__ = ["admin", "run"]
ROW: dict[str, Any] = {
    "object": "price",
    "version": 7,
    "model": "gpt-4o",
    "provider": "openai",
    "target_id": "",
    "service": "batch",
    "hours": "",
    "effective_from": 1_700_000_000.0,
    "rates": {"input_micros_per_mtok": 2_500_000, "output_micros_per_mtok": 10_000_000, "image_micros": 40_000},
    "source": "operator",
    "changed_by": "key_1",
    "changed_at": 1_700_000_000.0,
    "note": "",
    "withdrawn": False,
}


@pytest.mark.parametrize(
    ("said", "name", "micros"),
    [
        ({"input": "0.000001"}, "input_micros_per_mtok", 1),
        ({"cached": "1.25"}, "cached_input_micros_per_mtok", 1_250_000),
        ({"page": "0.0015"}, "page_micros_per_kpage", 1_500_000),
        ({"search": "0.01"}, "search_micros_per_ksearch", 10_000_000),
        ({"audio": "0.0001"}, "audio_micros_per_hour", 360_000),
        ({"audio": "0.006/min"}, "audio_micros_per_hour", 360_000),
        ({"audio": "0.111/h"}, "audio_micros_per_hour", 111_000),
        ({"video": "0.10/s"}, "video_micros_per_hour", 360_000_000),
        ({"image": "0.04"}, "image_micros", 40_000),
        ({"characters": "15"}, "character_micros_per_mchar", 15_000_000),
    ],
)
def test_dollars_become_whole_micros_of_the_tables_unit(said: dict[str, str], name: str, micros: int) -> None:
    assert rates(said) == {name: micros}


@pytest.mark.parametrize(
    "said",
    [
        {"input": "cheap"}, {"input": "-1"}, {"input": "0.0000001"}, {"input": "NaN"}, {"input": "Infinity"},
        {"audio": "1/day"}, {"inputs": "1"},
    ],
)  # fmt: skip
def test_what_is_no_amount_is_refused(said: dict[str, str]) -> None:
    with pytest.raises(WrongUse):
        rates(said)


@pytest.mark.parametrize("text", ["0.04", "1024x1024=x"])
def test_a_picture_price_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(WrongUse):
        picture(text)


@pytest.mark.parametrize("text", ["input=1", "x:input=1", "200:input", "200:inputs=1"])
def test_a_step_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(WrongUse):
        long_prompt(text)


def test_amounts_are_shown_with_all_their_digits() -> None:
    assert [usd(n) for n in (0, 1, 20_000, 2_500_000, 3_625)] == ["0.00", "0.000001", "0.02", "2.50", "0.003625"]
    card = {
        "page_micros_per_kpage": 1_500_000,
        "audio_micros_per_hour": 360_000,
        "long_prompts": [{"above_tokens": 200, "input_micros_per_mtok": 2_500_000}],
        "images": [{"size": "1x1", "quality": "hd", "micros": 40_000}],
    }
    assert shown(card) == {"page": "0.0015", "audio": "0.36/h", "above 200": "input=2.50", "1x1/hd": "0.04"}


def test_set_sends_a_whole_row_and_says_what_counts_now(
    admin: FakeAdmin, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    admin.answers["POST /admin/v1/prices"] = (201, ROW)
    words = (
        "--input", "2.50", "--output", "10", "--provider", "openai", "--service", "batch", "--above",
        "200000:input=5,output=15", "--picture", "1024x1024/hd=0.08", "--from", "2030-01-01", "--note", "contract",
    )  # fmt: skip
    assert run("price", "set", "gpt-4o", *words) == 0
    ((_, _, body),) = admin.asked
    assert body == {
        "model": "gpt-4o",
        "provider": "openai",
        "target_id": "",
        "service": "batch",
        "hours": "",
        "note": "contract",
        "effective_from": 1893456000.0,
        "rates": {
            "input_micros_per_mtok": 2_500_000,
            "output_micros_per_mtok": 10_000_000,
            "images": [{"size": "1024x1024", "quality": "hd", "micros": 80_000}],
            "long_prompts": [
                {"above_tokens": 200_000, "input_micros_per_mtok": 5_000_000, "output_micros_per_mtok": 15_000_000}
            ],
        },
    }
    assert "Price 7: gpt-4o costs input $2.50, output $10.00, image $0.04." in capsys.readouterr().out


def test_a_price_without_output_says_so(admin: FakeAdmin, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    admin.answers["POST /admin/v1/prices"] = (201, {**ROW, "rates": {"input_micros_per_mtok": 3_000_000}})
    assert run("price", "set", "gpt-4o", "--input", "3") == 0
    assert "gpt-4o costs input $3.00, and its output nothing." in capsys.readouterr().out


def test_free_and_withdrawn_are_said_outright(admin: FakeAdmin, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    admin.answers["POST /admin/v1/prices"] = (201, {**ROW, "rates": {}})
    assert run("price", "set", "m", "--free") == 0
    admin.answers["POST /admin/v1/prices"] = (201, {**ROW, "rates": None, "withdrawn": True})
    assert run("price", "set", "m", "--withdraw") == 0
    assert [{name: body[name] for name in ("rates", "withdrawn") if name in body} for _, _, body in admin.asked] == [
        {"rates": {}},
        {"withdrawn": True},
    ]
    assert "is free" in (out := capsys.readouterr().out)
    assert "no price here any more" in out


@pytest.mark.parametrize(
    "words", [(), ("--free", "--input", "1"), ("--free", "--withdraw"), ("--input", "1", "--from", "soon")]
)
def test_set_without_one_clear_meaning_is_a_wrong_use(admin: FakeAdmin, run: Run, words: tuple[str, ...]) -> None:
    assert run("price", "set", "m", *words) == 2
    assert admin.asked == []


def test_list_shows_dollars_and_json_shows_micros(
    admin: FakeAdmin, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    admin.answers["GET /admin/v1/prices?model=gpt-4o&provider=&target="] = (200, {"data": [ROW]})
    assert run("price", "list", "gpt-4o") == 0
    out = capsys.readouterr().out
    assert all(word in out for word in ("gpt-4o", "openai", "batch", "2.50", "10.00", "image 0.04", "2023-11-14"))
    assert run("price", "list", "gpt-4o", "--json") == 0
    assert json.loads(capsys.readouterr().out) == [ROW]


def test_history_shows_who_changed_what(admin: FakeAdmin, run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    gone = {**ROW, "version": 8, "rates": None, "withdrawn": True, "note": "no longer sold"}
    admin.answers["GET /admin/v1/prices/history?model=&limit=50"] = (200, {"data": [gone, ROW]})
    assert run("price", "history") == 0
    out = capsys.readouterr().out
    assert all(word in out for word in ("withdrawn", "no longer sold", "key_1"))


def test_import_takes_dollars_exactly_and_brings_a_listing_back(admin: FakeAdmin, run: Run, tmp_path: Path) -> None:
    admin.answers["POST /admin/v1/prices/import"] = (201, {"data": [ROW]})
    toml = tmp_path / "ours.toml"
    toml.write_text('[[prices]]\nmodel = "m"\nhours = "16:30-00:30"\nusd = { input = 0.003625, audio = "0.006/min" }\n')
    assert run("price", "import", str(toml)) == 0
    listing = tmp_path / "all.json"
    listing.write_text(json.dumps([ROW, {**ROW, "rates": None, "withdrawn": True}]))
    assert run("price", "import", str(listing), "--source", "backup") == 0
    first, second = (body for _, _, body in admin.asked)
    assert first == {
        "prices": [
            {
                "model": "m",
                "hours": "16:30-00:30",
                "rates": {"input_micros_per_mtok": 3_625, "audio_micros_per_hour": 360_000},
            }
        ],
        "source": "ours.toml",
    }
    place = {"model": "gpt-4o", "provider": "openai", "target_id": "", "service": "batch", "hours": "", "note": ""}
    assert second == {
        "prices": [{**place, "rates": ROW["rates"]}, {**place, "withdrawn": True}],
        "source": "backup",
    }


def test_a_field_of_a_file_may_be_written_as_its_option_and_begin_in_seconds(
    admin: FakeAdmin, run: Run, tmp_path: Path
) -> None:
    admin.answers["POST /admin/v1/prices/import"] = (201, {"data": [ROW]})
    file = tmp_path / "ours.toml"
    file.write_text('[[prices]]\nmodel = "m"\neffective_from = 4102444800\nusd = { cache-write = 3 }\n')
    assert run("price", "import", str(file)) == 0
    rates = {"cache_write_micros_per_mtok": 3_000_000}
    assert admin.asked[0][2]["prices"] == [{"model": "m", "effective_from": 4_102_444_800.0, "rates": rates}]


@pytest.mark.parametrize(
    "line",
    [
        'providr = "openai"\nusd = { input = 1 }',  # would be a price at all providers
        "usd = { input = 1 }\nrates = { input_micros_per_mtok = 2 }",
        'usd = "2"',
        "effective_from = nan\nusd = { input = 1 }",
        'effective_from = "soon"\nusd = { input = 1 }',
    ],
)
def test_a_row_that_is_not_understood_is_refused_with_all_of_its_file(
    admin: FakeAdmin, run: Run, tmp_path: Path, line: str
) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(f'[[prices]]\nmodel = "m"\n{line}\n')
    assert run("price", "import", str(file)) == 2
    assert admin.asked == []


@pytest.mark.parametrize("text", ["1e5000", "1e999999", "-1e5000", "1e-5000", "nan", "-inf"])
def test_an_amount_that_is_none_is_wrong_use(admin: FakeAdmin, run: Run, text: str) -> None:
    assert run("price", "set", "m", f"--input={text}") == 2
    assert admin.asked == []


@pytest.mark.parametrize("text", ["prices = 5", "[[prices]\n", "x = 1"])
def test_a_file_that_holds_no_prices_is_a_wrong_use(admin: FakeAdmin, run: Run, tmp_path: Path, text: str) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text(text)
    assert run("price", "import", str(file)) == 2
    assert run("price", "import", str(tmp_path / "absent.toml")) == 2
    assert admin.asked == []


def test_a_target_can_be_attached_with_its_price(admin: FakeAdmin, run: Run) -> None:
    admin.answers["POST /admin/v1/targets"] = (201, {"id": "target_1", "model": "m", "base_url": "https://x.test/v1"})
    assert run("target", "add", "--base-url", "https://x.test/v1", "--price", "input=0.15,output=0.60") == 0
    ((_, _, body),) = admin.asked
    assert body["price"] == {"input_micros_per_mtok": 150_000, "output_micros_per_mtok": 600_000}
