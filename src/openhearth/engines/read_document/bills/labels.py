"""What bills call their fields, in Chinese and English, the surest name first."""

import re

import msgspec

_I = re.IGNORECASE


class Label(msgspec.Struct, frozen=True):
    """A field and its names. ``tiers`` are tried in order: a later one counts only if no earlier one is there."""

    field: str
    kind: str
    tiers: tuple[re.Pattern[str], ...]


def _label(field: str, kind: str, *tiers: str) -> Label:
    return Label(field, kind, tuple(re.compile(tier, _I) for tier in tiers))


_OTHER_NUMBERS = ("vat", "tax", "pan", "gst", "reg", "tel", "phone", "mobile", "fax", "card", "account", "table")
_NOT_OF = "".join(rf"(?<!{word} )(?<!{word}\.)(?<!{word}. )" for word in _OTHER_NUMBERS)

LABELS = (
    _label(
        "number",
        "code",
        r"发\s*票\s*号\s*码|发票号|(invoice|\bbill)\s*(no|number|num|#)|票据号码|电子票号|客票号",
        r"(小票|流水|交易|单据|订单|账单|收据|销售)?(单号|号码|编号)|流水号|receipt\s*(no|number|#)"
        r"|(order|transaction|ticket|check)\s*(no|number|#|id)" + rf"|{_NOT_OF}\bno\s*[.:：]|\bnº",
    ),
    _label("code", "code", r"发\s*票\s*代\s*码|invoice\s*code"),
    _label(
        "date",
        "date",
        r"开\s*票\s*日\s*期|invoice\s*date|date\s*of\s*issue|issue\s*date",
        r"日\s*期|交易时间|下单时间|\bdate\b",
        r"时间",
    ),
    _label(
        "total",
        "sum",
        r"价税合计|[(（]\s*小\s*写\s*[)）]|grand\s*total|amount\s*due|balance\s*due|total\s*due",
        r"(?<!价税)合\s*计|总\s*计|总\s*额|总金额|应\s*付|实\s*付|应\s*收"
        r"|(?<!sub)(?<!sub )(?<!sub-)\btotal\b(?!\s*(items|qty|quantity|tax|vat|discount))",
        r"实\s*收|票价|金\s*额|amount\s*paid|net\s*(amount|payable)",
    ),
    _label("total_in_words", "words", r"[(（]?\s*大\s*写\s*[)）]?|价税合计|人民币"),
    _label(
        "tax",
        "sum",
        r"税\s*额|税\s*金|(sales\s*)?\btax\b(?!\s*(id|no|invoice))|\bvat\b(?!\s*(id|no|reg|invoice))"
        r"|\bgst\b(?!\s*(id|no|reg))",
    ),
    _label("subtotal", "sum", r"小\s*计|sub\s*-?\s*total|不含税金额|net\s*amount"),
    _label(
        "seller",
        "name",
        r"销\s*售\s*方(名\s*称)?|销方名称|收款单位|开票单位|商户名称|商户名|店名|门店|(seller|merchant|vendor)(?!\s*(id|no|number|code|copy|#))"
        r"|\bfrom\b(?=\s*[:：])|sold\s*by",
    ),
    _label(
        "buyer",
        "name",
        r"购\s*买\s*方(名\s*称)?|购方名称|付款单位|交款人|客户名称|客户|buyer|bill(ed)?\s*to|sold\s*to"
        r"|customer(?!\s*(service|copy|no|id))",
    ),
    _label(
        "tax_id",
        "tax_id",
        r"(统一社会信用代码|纳税人识别号)([/／]?(统一社会信用代码|纳税人识别号))?|税号"
        r"|(tax|vat|gst)\s*(id|no|reg(istration)?(\s*no)?)\b\.?",
    ),
)

KINDS = (
    ("vat_special_invoice", re.compile(r"专用发票")),
    ("vat_common_invoice", re.compile(r"普通发票")),
    ("vat_electronic_invoice", re.compile(r"电子发票|数电")),
    ("train_ticket", re.compile(r"铁路|火车票|检票口|车次")),
    ("air_transport", re.compile(r"行程单|航空运输|boarding|itinerary", _I)),
    ("taxi_ticket", re.compile(r"出租|上车|下车.*里程|taxi", _I)),
    ("toll_invoice", re.compile(r"通行费|高速公路")),
    ("quota_invoice", re.compile(r"定额发票")),
    ("medical_invoice", re.compile(r"医疗.{0,6}(发票|票据)|门诊收费")),
    ("shop_receipt", re.compile(r"小票|收银|欢迎(再次)?光临|receipt|thank you|cashier", _I)),
    ("invoice", re.compile(r"发票|invoice", _I)),
    ("receipt", re.compile(r"收据|收款")),
)

COLUMNS = (
    ("line", re.compile(r"^\W*(s\.?\s*n|s(l|r)?\.?\s*no|no|序\s*号|行\s*号)\W*l?$|^#$", _I)),
    ("name", re.compile(r"品\s*名|名\s*称|商\s*品|项\s*目|货物|服务|item|description|product|particulars", _I)),
    ("quantity", re.compile(r"数\s*量|件数|qty|quantity|units?\b(?!\s*price)", _I)),
    ("unit_price", re.compile(r"单\s*价|unit\s*price|rate|\bprice\b", _I)),
    ("amount", re.compile(r"金\s*额|小\s*计|总\s*价|amount|total|line\s*total", _I)),
)

ENDS_ITEMS = re.compile(
    r"合\s*计|总\s*计|小\s*计|税\s*额|应\s*付|实\s*收|实\s*付|sub\s*-?\s*total|\btotal\b|\btax\b|\bvat\b"
    r"|^\W*(gross|net)\s*(amount|total)|^\W*(discount|tender(ed)?|change)\b|找\s*零",
    _I,
)
