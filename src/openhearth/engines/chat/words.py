"""Content words of a message or a tool's description, in English and Chinese, made comparable.

Small models call any tool they are shown, so whether a tool fits is first a question of shared words. Chinese has no
spaces and tools are mostly described in English; a short vocabulary bridges the two.
"""

import re

WORD = re.compile(r"[a-z]+|[0-9]+")
CHINESE = re.compile(r"[\u4e00-\u9fff]+")
CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
ARITHMETIC = re.compile(r"\d\s*(?:[-+*/×÷^%]|times|plus|minus|乘|加|减|除)\s*\d")

STOP = frozenset(
    """a about above after all also am an and any are as ask at available be been before but by call can could current
    currently data did do does for from function get give given go got had has have help here how i if in info
    information into is it its just know let like list make me my name need not now of on or our out please provide
    retrieve return say see set shall should show so some specific string such tell than that the their them then there
    these they this to today tool up us use used user using value want was we were what when where which who why will
    with would write you your""".split()  # noqa: SIM905
)

SAME = {
    "weather": "umbrella rain raining rainy snow snowing sunny cold hot warm cloudy forecast temperature degrees "
    "wind windy",
    "calculate": "calculator arithmetic math compute sum times plus minus multiply divide square",
    "time": "clock hour oclock",
    "search": "find lookup look query browse",
    "document": "docs doc file policy manual documentation",
    "mail": "email message inbox",
    "stock": "share shares trading ticker",
    "price": "cost costs expensive",
    "translate": "translation translator",
    "calendar": "event meeting appointment schedule",
    "remind": "reminder alarm",
    "picture": "image photo draw drawing paint",
    "news": "headline headlines",
    "flight": "plane airline fly",
    "music": "song play jazz",
    "restaurant": "food eat dinner lunch",
    "exchange": "currency convert rate",
}

CHINESE_WORDS = {
    "天气": "weather", "气温": "weather", "下雨": "weather", "下雪": "weather", "雨伞": "weather", "带伞": "weather",
    "冷": "weather", "热": "weather", "度": "weather", "计算": "calculate", "算": "calculate", "等于": "calculate",
    "乘": "calculate", "几点": "time", "时间": "time", "日期": "date", "今天几号": "date", "搜索": "search",
    "查找": "search", "查询": "search", "搜": "search", "查": "search", "文档": "document", "文件": "document",
    "政策": "document", "规定": "document", "邮件": "mail", "发信": "mail", "股票": "stock", "股价": "stock",
    "价格": "price", "多少钱": "price", "翻译": "translate", "日历": "calendar", "会议": "calendar",
    "日程": "calendar", "提醒": "remind", "闹钟": "remind", "图片": "picture", "画": "picture", "照片": "picture",
    "新闻": "news", "航班": "flight", "机票": "flight", "音乐": "music", "歌": "music", "餐厅": "restaurant",
    "吃饭": "restaurant", "汇率": "exchange", "货币": "exchange", "兑换": "exchange", "城市": "city", "酒店": "hotel",
    "订单": "order", "退款": "refund", "用户": "customer", "客户": "customer", "地图": "map", "地址": "address",
    "电影": "movie", "书": "book", "预订": "book", "预约": "book", "网页": "web", "数据库": "database", "代码": "code",
    "购物车": "cart", "库存": "inventory", "商品": "product", "产品": "product", "快递": "delivery", "灯": "light",
    "开": "on", "关": "off",
}  # fmt: skip


def content_words(text: str) -> frozenset[str]:
    """The words that carry meaning, in one form each: English stems, Chinese pairs of characters, and the English
    word for those Chinese words that tools are usually about."""
    lowered = CAMEL.sub(" ", text).lower()
    found = {_root(word) for word in WORD.findall(lowered) if word not in STOP and not word.isdigit() and len(word) > 1}
    if ARITHMETIC.search(lowered):
        found.add(_stem("calculate"))
    for run in CHINESE.findall(lowered):
        found.update(run[at : at + 2] for at in range(len(run) - 1))
        found.update(_stem(english) for chinese, english in CHINESE_WORDS.items() if chinese in run)
    return frozenset(found)


def has_chinese(text: str) -> bool:
    return CHINESE.search(text) is not None


def _root(word: str) -> str:
    stem = _stem(word)
    for root, others in SAME.items():
        if stem == _stem(root) or word in others.split():
            return _stem(root)
    return stem


def _stem(word: str) -> str:
    for ending in ("ations", "ation", "ing", "ies", "ed", "es", "s", "e", "y"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)]
    return word
