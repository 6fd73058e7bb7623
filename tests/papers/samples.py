"""The papers the tests read: a bilingual letter, a shop's receipt, a form with merged cells. Their text is known."""

import cv2
import numpy as np

from tests.papers.drawing import Pixels, Sheet, blurred, noisy, scanned

LETTER_TITLE = "季度经营报告 Quarterly Report"
LETTER_CHINESE = (
    "本季度公司营业收入为一千二百八十四万元，比去年同期增长百分之十二。",
    "增长主要来自华东地区的新客户，以及线上渠道的持续投入。",
)
LETTER_ENGLISH = (
    "Revenue for the quarter came to 12.84 million yuan, an increase of",
    "twelve percent. New customers in the eastern region and steady",
    "investment in online channels explain most of the growth.",
)
LETTER_TABLE = [
    ["地区 Region", "收入 Revenue", "占比 Share"],
    ["华东 East", "620.5", "48.3%"],
    ["华北 North", "401.2", "31.2%"],
    ["华南 South", "262.3", "20.5%"],
]
FORM = [
    ["姓名", "王小明", "性别", "男"],
    ["地址", "上海市浦东新区世纪大道100号", "", ""],
    ["备注", "已核对", "日期", "2024-05-06"],
]
RECEIPT_TOTAL = "128.50"
RECEIPT_DATE = "2024-03-18"
RECEIPT_NUMBER = "202403180042"
RECEIPT_SELLER = "好邻居便利店"


def letter() -> Pixels:
    """A4 at 150 dots per inch: a title, a section in each language, a ruled table, a list."""
    sheet = Sheet(1240, 1500)
    sheet.centre(LETTER_TITLE, 46, gap=40, weight=1)
    sheet.write("一、概况", 34, gap=20, weight=1)
    for line in LETTER_CHINESE:
        sheet.write(line, 28, gap=16)
    sheet.y += 24
    sheet.write("2. Summary", 34, gap=20, weight=1)
    for line in LETTER_ENGLISH:
        sheet.write(line, 28, gap=16)
    sheet.y += 30
    sheet.grid([100, 440, 780, 1100], LETTER_TABLE, height=54, size=26)
    sheet.y += 10
    for item in ("• 扩大华南市场 Grow in the south", "• 降低物流成本 Cut the cost of delivery"):
        sheet.write(item, 28, gap=18)
    return sheet.pixels()


def scanned_letter(degrees: float = 1.3) -> Pixels:
    """The letter at 120 dots per inch, askew, soft and grainy."""
    small = cv2.resize(letter(), None, fx=0.8, fy=0.8, interpolation=cv2.INTER_AREA)
    return scanned(np.asarray(small, dtype=np.uint8), degrees=degrees)


def form() -> Pixels:
    """A ruled form whose address goes over three columns."""
    sheet = Sheet(800, 300, margin=40)
    sheet.grid([40, 170, 420, 550, 760], FORM, height=54, size=24, merged=((1, 1, 1, 3),))
    return sheet.pixels()


def price_list() -> Pixels:
    """A table without any line."""
    sheet = Sheet(700, 320, margin=40)
    for cells in (
        ("Item", "Quantity", "Price"),
        ("Apples", "12", "30.00"),
        ("Oranges", "8", "24.50"),
        ("Tea", "1", "58.00"),
    ):
        sheet.row(*zip((40, 280, 520), cells, strict=True), size=26, gap=24)
    return sheet.pixels()


def receipt() -> Pixels:
    """A till receipt: seller, number, date, three items, tax, total."""
    sheet = Sheet(640, 980, margin=50)
    sheet.centre(RECEIPT_SELLER, 44, gap=10)
    sheet.centre("购物小票", 32, gap=24)
    sheet.write(f"单号：{RECEIPT_NUMBER}", 28)
    sheet.write(f"日期：{RECEIPT_DATE} 14:25:36", 28)
    sheet.write("收银员：003", 28, gap=20)
    sheet.rule(50, 590, gap=16)
    sheet.row((50, "品名"), (330, "数量"), (470, "金额"), size=28, gap=18)
    for name, count, amount in (("纯牛奶250ml", "4", "24.00"), ("全麦面包", "2", "35.50"), ("咖啡豆", "1", "69.00")):
        sheet.row((50, name), (345, count), (470, amount), size=28, gap=18)
    sheet.rule(50, 590, gap=18)
    sheet.row((50, "税额"), (470, "7.71"), size=28, gap=18)
    sheet.row((50, "合计"), (440, f"¥{RECEIPT_TOTAL}"), size=36, gap=24)
    sheet.row((50, "支付宝"), (470, RECEIPT_TOTAL), size=28, gap=40)
    sheet.centre("谢谢惠顾 欢迎再次光临", 28)
    return sheet.pixels()


CORNERS = ((250.0, 120.0), (725.0, 190.0), (670.0, 955.0), (165.0, 870.0))
"""Where the receipt lies in its photograph: top left, top right, bottom right, bottom left."""


def photographed(page: Pixels, *, seed: int = 3) -> Pixels:
    """On a wooden table, seen from the side, under a lamp at one edge, with a sensor's grain."""
    height, width = 1080, 880
    rng = np.random.default_rng(seed)
    grain = cv2.resize(rng.normal(0, 1, (60, 8)).astype(np.float32), (width, height), interpolation=cv2.INTER_CUBIC)
    wood = np.array([96, 66, 44], np.float32) + grain[..., None] * np.array([12, 9, 6], np.float32)
    corners = np.array([[0, 0], [page.shape[1], 0], [page.shape[1], page.shape[0]], [0, page.shape[0]]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, np.array(CORNERS, np.float32))
    paper = cv2.warpPerspective(page, matrix, (width, height), flags=cv2.INTER_AREA)
    cover = cv2.warpPerspective(np.full(page.shape[:2], 255, np.uint8), matrix, (width, height))
    share = cv2.GaussianBlur(cover, (0, 0), 1.0).astype(np.float32)[..., None] / 255
    across = np.linspace(1.0, 0.62, width, dtype=np.float32)[None, :, None]
    down = np.linspace(1.0, 0.86, height, dtype=np.float32)[:, None, None]
    photo = (wood * (1 - share) + paper * share) * across * down
    return noisy(blurred(np.clip(photo, 0, 255).astype(np.uint8), 0.9), amount=6.0, seed=seed)


def curled(page: Pixels, *, depth: float = 0.03) -> Pixels:
    """The page of an open book: lines bend as a sine of ``depth`` of the height."""
    height, width = page.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    bent = y - depth * height * np.sin(np.pi * x / width).astype(np.float32)
    return np.asarray(cv2.remap(page, x, bent, cv2.INTER_LINEAR, borderValue=(255, 255, 255)), dtype=np.uint8)
