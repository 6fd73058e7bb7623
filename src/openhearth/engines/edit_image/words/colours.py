"""The colours that have a name, in English and Chinese, and what "dark" and "light" make of them."""

from collections.abc import Callable

from openhearth.engines.edit_image.plan import Colour

Tone = tuple[int, int, int]

# A Chinese name is also understood with 色 behind it.
NAMED: tuple[tuple[str, str], ...] = (
    ("d81e1e", "red|红|红色|大红|🔴|🟥"),
    ("e60012", "bright red|鲜红|亮红"),
    ("c8161d", "正红|中国红|china red|chinese red|true red"),
    ("dc143c", "crimson|绯红|猩红"),
    ("ff2400", "scarlet|朱红|朱砂"),
    ("8b0000", "dark red|deep red|深红|暗红"),
    ("ff7f7f", "light red|浅红|淡红"),
    ("722f37", "wine|wine red|酒红|葡萄酒红|红酒"),
    ("800020", "burgundy|勃艮第|勃艮第红|bordeaux"),
    ("800000", "maroon|栗红|枣红|褐红"),
    ("b7410e", "rust|rust red|铁锈红|锈红"),
    ("b22234", "brick|砖红"),
    ("e0115f", "ruby|rose red|玫红|玫瑰红|宝石红"),
    ("ff7f50", "coral|珊瑚|珊瑚红|珊瑚橙"),
    ("fa8072", "salmon|三文鱼|鲑鱼粉"),
    ("ff8fab", "pink|粉|粉红"),
    ("ffd1dc", "light pink|pale pink|baby pink|浅粉|淡粉|浅粉红|樱花粉|樱粉"),
    ("ff1493", "hot pink|deep pink|深粉|亮粉|桃红|芭比粉|死亡芭比粉"),
    ("f4a7b9", "rose|rose pink|玫瑰粉|玫瑰"),
    ("ff00ff", "magenta|fuchsia|品红|洋红|紫红"),
    ("ff8c00", "orange|橙|橘|橙黄|🟠|🟧"),
    ("ff6600", "deep orange|橘红|橙红|orange red"),
    ("ffb366", "light orange|浅橙|淡橙"),
    ("ffcba4", "peach|桃|蜜桃|杏"),
    ("ffe5b4", "apricot|杏黄"),
    ("ffbf00", "amber|琥珀"),
    ("ffd900", "yellow|黄|🟡|🟨"),
    ("ffef00", "bright yellow|明黄|亮黄|柠檬黄|lemon|lemon yellow"),
    ("fff59d", "light yellow|pale yellow|浅黄|淡黄|鹅黄|嫩黄"),
    ("e1ad01", "mustard|姜黄|芥末黄|土黄"),
    ("d4a017", "dark yellow|深黄|暗黄"),
    ("d4af37", "gold|golden|金|金黄|香槟金"),
    ("f7e7ce", "champagne|香槟"),
    ("e8c872", "blonde|blond|浅金|亚麻金"),
    ("c8ad7f", "亚麻|linen"),
    ("fffdd0", "cream|奶油|奶油白|奶白"),
    ("fffff0", "ivory|象牙|象牙白"),
    ("f5f5dc", "beige|米|米白|米黄"),
    ("c3b091", "khaki|卡其|卡其黄"),
    ("d2b48c", "tan|驼|浅褐|浅棕"),
    ("c19a6b", "camel|骆驼"),
    ("6b4423", "brown|棕|褐|咖啡|咖|brunette|🟤|🟫"),
    ("c4976a", "light brown|浅咖|浅咖啡"),
    ("4b2e1e", "dark brown|深棕|深褐|深咖|深咖啡|coffee"),
    ("5a3220", "chestnut|栗|栗棕"),
    ("4e2a1e", "chocolate|巧克力|巧克力棕"),
    ("8c4a32", "auburn|红棕|reddish brown"),
    ("b87333", "copper|铜|古铜"),
    ("cd7f32", "bronze|青铜"),
    ("1f9d3a", "green|绿|🟢|🟩"),
    ("006400", "dark green|deep green|深绿|暗绿"),
    ("90ee90", "light green|pale green|浅绿|淡绿|嫩绿"),
    ("00c853", "bright green|鲜绿|亮绿"),
    ("14532d", "forest green|森林绿|墨绿"),
    ("50c878", "emerald|翡翠绿|祖母绿|翠绿"),
    ("32cd32", "lime|lime green|青柠绿|柠檬绿"),
    ("7cfc00", "grass green|草绿"),
    ("39ff14", "neon green|荧光绿"),
    ("8db600", "apple green|苹果绿"),
    ("98ff98", "mint|mint green|薄荷|薄荷绿"),
    ("9caf88", "sage|sage green|鼠尾草绿|豆绿"),
    ("708238", "olive|olive green|橄榄|橄榄绿"),
    ("4b5320", "army green|military green|军绿"),
    ("a0c334", "yellow green|黄绿"),
    ("2aa198", "cyan green|青绿|蓝绿|blue green"),
    ("00bcd4", "cyan|青|aqua"),
    ("008080", "teal|水鸭|凫|孔雀绿"),
    ("40e0d0", "turquoise|绿松石|松石绿|土耳其蓝"),
    ("81d8d0", "tiffany blue|蒂芙尼蓝|蒂凡尼蓝"),
    ("1e5bd8", "blue|蓝|🔵|🟦"),
    ("00008b", "dark blue|deep blue|深蓝|暗蓝"),
    ("9cc9f5", "light blue|pale blue|浅蓝|淡蓝"),
    ("1e90ff", "bright blue|亮蓝|鲜蓝"),
    ("4fb3f6", "sky blue|天蓝|天空蓝|湖蓝"),
    ("89cff0", "baby blue|婴儿蓝|冰蓝|ice blue|水蓝"),
    ("000080", "navy|navy blue|藏青|藏蓝|海军蓝"),
    ("4169e1", "royal blue|宝蓝|皇家蓝|宝石蓝"),
    ("0f52ba", "sapphire|sapphire blue|蓝宝石"),
    ("002fa7", "klein blue|克莱因蓝"),
    ("007fff", "azure|蔚蓝|湛蓝"),
    ("4682b4", "steel blue|钢蓝|雾霾蓝|灰蓝"),
    ("2f4f6f", "denim|牛仔蓝|denim blue"),
    ("006994", "ocean blue|sea blue|海蓝"),
    ("005f6a", "peacock blue|孔雀蓝"),
    ("4b0082", "indigo|靛|靛蓝|靛青"),
    ("7d2ae8", "purple|紫|🟣|🟪"),
    ("4a0e78", "dark purple|deep purple|深紫|暗紫"),
    ("cda4f4", "light purple|pale purple|浅紫|淡紫"),
    ("8f5fe8", "violet|紫罗兰|蓝紫"),
    ("b497e7", "lavender|薰衣草|薰衣草紫|香芋|香芋紫"),
    ("c8a2c8", "lilac|丁香|丁香紫"),
    ("8e4585", "plum|梅子|梅红|李子"),
    ("e0b0ff", "mauve|藕荷|藕粉"),
    ("ffffff", "white|白|纯白|雪白|乳白|⚪|⬜|pure white|snow white"),
    ("f5f5f5", "off white|off-white|灰白"),
    ("101010", "black|黑|纯黑|乌黑|⚫|⬛|pure black|jet black|漆黑"),
    ("808080", "gray|grey|灰|中灰"),
    ("404040", "dark gray|dark grey|深灰|暗灰"),
    ("d3d3d3", "light gray|light grey|浅灰|淡灰"),
    ("36454f", "charcoal|炭灰|炭黑|木炭"),
    ("708090", "slate|slate gray|slate grey|石板灰|蓝灰"),
    ("b0aea5", "高级灰|warm gray|warm grey|暖灰"),
    ("c0c0c0", "silver|银|银灰|银白"),
    ("f3e5ab", "vanilla|香草"),
)
NO_SUFFIX = frozenset(
    {"米", "桃", "杏", "青", "咖", "铜", "亚麻", "玫瑰", "香草", "香槟", "木炭", "凫", "水鸭", "梅子", "李子"}
)
# These are colours only with 色 behind them: alone they are things.


def tone(digits: str) -> Tone:
    """Red, green and blue of six hexadecimal digits."""
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def shaded(shade: str, colour: Colour, name: str) -> Colour:
    """The colour made dark, deep, light, pale or bright."""
    if shade in ("dark", "deep"):
        share = 0.5 if shade == "dark" else 0.65
        return Colour(name, _each(colour.rgb, lambda value: value * share))
    if shade in ("light", "pale"):
        white = 0.5 if shade == "light" else 0.65
        return Colour(name, _each(colour.rgb, lambda value: value + (255 - value) * white))
    grey = sum(colour.rgb) / 3
    return Colour(name, _each(colour.rgb, lambda value: grey + (value - grey) * 1.25 + 12))


def _each(rgb: Tone, change: Callable[[float], float]) -> Tone:
    red, green, blue = (min(255, max(0, round(change(value)))) for value in rgb)
    return red, green, blue
