"""What upstreams export is read with all its digits, or refused with the line and the reason."""

import json
from collections.abc import Collection
from decimal import Decimal

import pytest

from openhearth.accounts.exports import BadExport, converted, read_export
from openhearth.accounts.reconcile import Spent

OPENAI_HEAD = (
    "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,quantity,quantity_unit,line_item,"
    "user_id,api_key_id,project_id,organization_id,project_name,organization_name,user_email,api_source\n"
)
OPENAI = OPENAI_HEAD + (
    "1790467200,1790553600,2026-09-27T00:00:00+00:00,2026-09-28T00:00:00+00:00,,,,,,,,,,,,,\n"
    "1790553600,1790640000,2026-09-28T00:00:00+00:00,2026-09-29T00:00:00+00:00,"
    '0.003835980000000000000000000001,usd,1000,tokens,"gpt-5-nano-2025-08-07, input",,key_1,proj_a,org,A,Org,,\n'
)
ANTHROPIC_COST = (
    "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,cost_type\n"
    "2026-08-04,Claude Haiku 4.5,Default,k,message,≤ 200k,input_no_cache,0.05,0.05,token\n"
)
ANTHROPIC_TOKENS = (
    "usage_date_utc,model_version,api_key,workspace,usage_type,context_window,usage_input_tokens_no_cache,"
    "usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,usage_input_tokens_cache_read,"
    "usage_output_tokens,web_search_count\n"
    "2026-08-04,claude-haiku-4-5-20251001,k,Default,message,≤ 200k,100,20,3,4000,7,0\n"
)
DEEPSEEK_COST = "user_id,utc_date,model,wallet_type,cost,currency\nu,20260701,deepseek-chat,Paid,0.032532,CNY\n"
DEEPSEEK_ZONED = (
    "\ufeffuser_id,start_time_iso,end_time_iso,model,wallet_type,cost,currency\n"
    "u1,2026-08-02T00:00:00+08:00,2026-08-03T00:00:00+08:00,deepseek-chat,Paid,0.5,CNY\n"
)
PAGE = {
    "object": "page",
    "data": [
        {
            "object": "bucket",
            "start_time": 1_790_553_600,
            "end_time": 1_790_640_000,
            "results": [
                {
                    "object": "organization.costs.result",
                    "amount": {"value": 0.06, "currency": "usd"},
                    "line_item": "gpt-4o-2024-08-06, cached input",
                    "project_id": None,
                },
                {"object": "organization.costs.result", "amount": {"value": "1.5", "currency": "usd"}},
            ],
        }
    ],
    "has_more": False,
    "next_page": None,
}


@pytest.mark.parametrize(
    ("text", "row", "offset", "currencies"),
    [
        (
            OPENAI,
            Spent("2026-09-28", "gpt-5-nano-2025-08-07", Decimal("0.003835980000000000000000000001")),
            0,
            {"usd"},
        ),
        (ANTHROPIC_COST, Spent("2026-08-04", "Claude Haiku 4.5", Decimal("0.05")), None, set()),
        (ANTHROPIC_TOKENS, Spent("2026-08-04", "claude-haiku-4-5-20251001", None, None, 4123, 7), None, set()),
        (DEEPSEEK_COST, Spent("2026-07-01", "deepseek-chat", Decimal("0.032532")), None, {"cny"}),
        (DEEPSEEK_ZONED, Spent("2026-08-02", "deepseek-chat", Decimal("0.5")), 480, {"cny"}),
        (
            "Date;Model;Total Cost;Input Tokens;Requests\n2026/11/30;m;$1,000.5;1,200;3\n\n",
            Spent("2026-11-30", "m", Decimal("1000.5"), 3, 1200),
            None,
            set(),
        ),
    ],
    ids=["openai", "anthropic cost", "anthropic tokens", "deepseek", "deepseek zoned", "any"],
)
def test_known_tables_are_read(text: str, row: Spent, offset: int | None, currencies: Collection[str]) -> None:
    export = read_export(text)
    assert (export.rows, export.offset_minutes, export.currencies) == ([row], offset, frozenset(currencies))


def test_columns_can_be_named() -> None:
    columns = {"date": "When", "cost": "spend eur", "model": "engine"}
    export = read_export("when,engine,spend eur,cost\n2026-11-30,m,0.25,9\n", columns)
    assert export.rows == [Spent("2026-11-30", "m", Decimal("0.25"))]


def test_pages_of_openais_costs_are_read() -> None:
    rows = [
        Spent("2026-09-28", "gpt-4o-2024-08-06", Decimal("0.06")),
        Spent("2026-09-28", "", Decimal("1.5")),
    ]
    assert read_export(json.dumps(PAGE)).rows == rows
    assert read_export(json.dumps([PAGE, PAGE])).rows == rows * 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\n", "The file is empty"),
        ("foo,bar\n1,2\n", "columns are not known: foo, bar"),
        ("date,cost\n2026-11-30,cheap\n", "Line 2: 'cheap' is no amount"),
        ("date,cost\n2026-11-30,NaN\n", "Line 2: 'NaN' is no amount"),
        ("date;cost\n2026-11-30;0,0123\n", "Line 2: '0,0123' is no amount of money: write it with a point"),
        ("date;cost\n2026-11-30;1,234\n", "Line 2: '1,234' is no amount"),
        ('date,cost\n2026-11-30,"1.234,56"\n', "Line 2: '1.234,56' is no amount"),
        ("date,cost\n30.11.2026,1\n", "Line 2: '30.11.2026' is no day"),
        ("date,requests\n2026-11-30,many\n", "Line 2: 'many' is no count"),
        ('date,cost\n2026-11-30,"1\n', "The table is not right"),
        ("utc_date,model,api_key_name,type,price,amount\n20260701,m,k,output_tokens,0.1,5\n", "give its cost table"),
        ("date,cost\n2026-08-02T00:00+08:00,1\n2026-08-02T00:00+01:00,1\n", "more than one time zone"),
        ("{", "no JSON"),
        ("[1]", "not the form"),
        ('{"data": [{"start_time": 1790553600, "results": [{}]}]}', "not the form"),
        ('{"data": [{"start_time": "soon", "results": []}]}', "no day"),
        (json.dumps({**PAGE, "has_more": True}), "there are more"),
    ],
)
def test_what_cannot_be_read_says_why(text: str, said: str) -> None:
    with pytest.raises(BadExport, match=said):
        read_export(text)


def test_a_column_that_is_not_there_is_named() -> None:
    with pytest.raises(BadExport, match="no column 'spend'; there are: date, cost"):
        read_export("date,cost\n", {"cost": "spend"})


def test_thousands_may_be_grouped_where_nobody_can_mistake_them() -> None:
    found = read_export('date,cost\n2026-11-30,"$1,234.50"\n2026-11-30,"-1,234,567.0"\n')
    assert [row.usd for row in found.rows] == [Decimal("1234.50"), Decimal("-1234567")]


def test_another_currency_becomes_dollars() -> None:
    rows = converted([Spent("d", "m", Decimal("7.2")), Spent("d", "m", None, 3)], Decimal("7.2"))
    assert [(row.usd, row.calls) for row in rows] == [(Decimal(1), None), (None, 3)]


def test_a_row_that_is_cut_off_is_not_passed_over() -> None:
    with pytest.raises(BadExport, match="Line 3: it ends before its last column"):
        read_export(f"{DEEPSEEK_COST}u,20260702,deepseek-chat\n")
