"""Chinese as it is written, turned into Chinese as it is said: numbers, dates, times, money, units, signs."""

import re

from openhearth.engines.speak.chinese import numbers
from openhearth.engines.speak.marked import Marked, either

_MONEY = {"¥": "元", "￥": "元", "$": "美元", "US$": "美元", "€": "欧元", "£": "英镑", "HK$": "港元", "₩": "韩元"}
_UNITS = {
    "km/h": "公里每小时", "m/s": "米每秒", "km²": "平方公里", "m²": "平方米", "㎡": "平方米", "m³": "立方米",
    "km": "公里", "cm": "厘米", "mm": "毫米", "nm": "纳米", "m": "米", "kg": "公斤", "mg": "毫克", "g": "克",
    "t": "吨", "ml": "毫升", "mL": "毫升", "L": "升", "℃": "摄氏度", "°C": "摄氏度", "℉": "华氏度", "°": "度",
    "kWh": "千瓦时", "kW": "千瓦", "W": "瓦", "V": "伏", "Hz": "赫兹", "kHz": "千赫", "MHz": "兆赫", "GHz": "吉赫",
    "ms": "毫秒", "s": "秒", "h": "小时", "min": "分钟",
}  # fmt: skip
_MEASURES = "个只位名件条本张台次天年月周小时分钟秒岁块元米公斤吨度倍种家辆座层间所份杯瓶碗口头匹双对句点半万亿千百多"
_SIGNS = {
    "+": "加", "=": "等于", "×": "乘", "÷": "除以", "±": "正负", "<": "小于", ">": "大于", "≤": "小于等于",
    "≥": "大于等于", "≈": "约等于", "&": "和", "@": " at ", "#": "井号", "~": "到", "～": "到", "%": "百分号",
    "→": "到", "℃": "摄氏度", "*": " ", "_": " ", "|": "，", "/": " ", "\\": " ", "^": " ", "`": "", "•": " ",
    "™": "", "®": "", "©": "版权", "№": "号", "π": "派", "α": "阿尔法", "β": "贝塔",
}  # fmt: skip
_MARKS = {
    "，": ", ", "、": ", ", "。": ". ", "．": ". ", "！": "! ", "？": "? ", "：": ": ", "；": "; ", "（": " (",
    "）": ") ",
    "「": " “", "」": "” ", "『": " “", "』": "” ", "《": " “", "》": "” ", "〈": " “", "〉": "” ", "【": " “",
    "】": "” ",
    "—": " — ", "…": "… ", "·": " ", "〇": "零", "“": " “", "”": "” ", "‘": "", "’": "'",
}  # fmt: skip
_NUMBER = r"\d+(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"

_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_ISO_DATE = re.compile(r"(?<!\d)(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_YEAR = re.compile(r"(?<!\d)(\d{4}|\d{2})(?=年(?!前|后|来|间|内|多|的))")
_TIME = re.compile(r"(?<![\d:])(\d{1,2})[:：](\d{2})(?:[:：](\d{2}))?(?![\d:])")
_MOBILE = re.compile(r"(?<!\d)(?:\+?86[- ]?)?(1[3-9]\d)[- ]?(\d{4})[- ]?(\d{4})(?!\d)")
_LANDLINE = re.compile(r"(?<!\d)(0\d{2,3})-(\d{7,8})(?!\d)|(?<!\d)(\d{3})-(\d{3,4})-(\d{4})(?!\d)")
_PERCENT = re.compile(rf"(负?)({_NUMBER})\s?([%‰])")
_AMOUNT = re.compile(rf"({either(_MONEY)})\s?({_NUMBER})\s?([万亿千百]*)")
_UNIT = re.compile(rf"(?<![A-Za-z])({_NUMBER})\s?({either(_UNITS)})(?![A-Za-z²³/])")
_RANGE = re.compile(r"(?<=[\d%年月日℃])\s?[-–—~～]\s?(?=\d)")
_FRACTION = re.compile(r"(?<![\d/])(\d{1,3})/(\d{1,3})(?![\d/])")
_NEGATIVE = re.compile(r"(?<![A-Za-z0-9.])[-−](?=\d)")
_SCORE = re.compile(r"(?<![\d:])(\d{1,3})\s?[:：]\s?(\d{1,3})(?![\d:])")
_VERSION = re.compile(r"(?<![\d.])\d+(?:\.\d+){2,}")
_COUNTED = re.compile(
    rf"(?<![\d.])2(?=[{_MEASURES}])(?!月|年|点|度|万|亿|千|百)|(?<![\d.第])2(?=点(?![\d两零一二三四五六七八九]))"
)
_LONG = re.compile(r"(?<![\d.,])(?:0\d+|\d{9,})(?![\d.,])")
_ANY = re.compile(_NUMBER)
_SIGN = re.compile(f"[{re.escape(''.join(_SIGNS))}]")
_MARK = re.compile(f"[{re.escape(''.join(_MARKS))}]")
_SPACE = re.compile(r"\s{2,}|[\t\n\r\u3000\u00a0]")


def normal(text: Marked) -> Marked:
    """Chinese text with everything written out; English words in it stay."""
    text = text.sub(_MOBILE, lambda match: "，".join(numbers.telephone(part) for part in match.groups()))
    text = text.sub(_LANDLINE, _landline).sub(_ISO_DATE, _date).sub(_TIME, _time)
    text = text.sub(_RANGE, lambda match: "到").sub(_NEGATIVE, lambda match: "负")
    text = text.sub(_PERCENT, _percent).sub(_AMOUNT, _amount).sub(_UNIT, _unit)
    text = text.sub(_YEAR, lambda match: numbers.spelled(match[1])).sub(_FRACTION, _fraction)
    text = text.sub(_SCORE, lambda match: f"{numbers.cardinal(match[1])}比{numbers.cardinal(match[2])}")
    text = text.sub(_VERSION, lambda match: "点".join(numbers.cardinal(part) for part in match[0].split(".")))
    text = text.sub(_COUNTED, lambda match: "两").sub(_LONG, lambda match: numbers.spelled(match[0]))
    text = text.sub(_ANY, lambda match: numbers.decimal(match[0]))
    return text.table(_SIGN, _SIGNS).table(_MARK, _MARKS).sub(_SPACE, lambda match: " ")


def is_chinese(letter: str) -> bool:
    """Whether it is a Chinese character."""
    return _HAN.match(letter) is not None


def _date(match: re.Match[str]) -> str:
    if not (1 <= int(match[2]) <= 12 and 1 <= int(match[3]) <= 31):
        return match[0]
    return f"{numbers.spelled(match[1])}年{numbers.cardinal(match[2])}月{numbers.cardinal(match[3])}日"


def _time(match: re.Match[str]) -> str:
    hour, minute, second = match[1], match[2], match[3]
    if int(hour) > 24 or int(minute) > 59:
        return f"{numbers.cardinal(hour)}比{numbers.cardinal(minute)}"
    said = f"{numbers.counted(hour.lstrip('0') or '0')}点"
    if minute == "30" and not second:
        said += "半"
    elif int(minute):
        said += f"{'零' if minute[0] == '0' else ''}{numbers.cardinal(minute)}分"
    elif not second:
        said += "整"
    return f"{said}{numbers.cardinal(second)}秒" if second else said


def _landline(match: re.Match[str]) -> str:
    return "，".join(numbers.telephone(part) for part in match.groups() if part)


def _percent(match: re.Match[str]) -> str:
    share = "百分之" if match[3] == "%" else "千分之"
    return f"{'负' if match[1] else ''}{share}{numbers.decimal(match[2])}"


def _amount(match: re.Match[str]) -> str:
    number = match[2].rstrip("0").rstrip(".") if "." in match[2] else match[2]
    return f"{numbers.decimal(number)}{match[3]}{_MONEY[match[1]]}"


def _unit(match: re.Match[str]) -> str:
    said = numbers.counted(match[1]) if match[1].isdigit() else numbers.decimal(match[1])
    return f"{said}{_UNITS[match[2]]}"


def _fraction(match: re.Match[str]) -> str:
    if match[2] == "0":
        return match[0]
    return f"{numbers.cardinal(match[2])}分之{numbers.cardinal(match[1])}"
