"""Words that mean a colour, a mood or something to draw. Data: English and Chinese, matched by ``words``."""

COLOURS: dict[str, str] = {
    "red": "#d7262b", "scarlet": "#d7262b", "crimson": "#b0122e", "maroon": "#6e1423", "burgundy": "#6d1a36",
    "orange": "#f07f1f", "amber": "#f2a51a", "yellow": "#f5cf2a", "gold": "#cfa243", "golden": "#cfa243",
    "green": "#2f9e55", "lime": "#a3d635", "olive": "#7a7a2c", "emerald": "#129a67", "mint": "#9be0c1",
    "teal": "#168a8a", "turquoise": "#2fc1bd", "cyan": "#22bcd6", "blue": "#2465c9", "navy": "#142a5c",
    "indigo": "#3a2f8f", "azure": "#2f8fe0", "purple": "#7a3bb5", "violet": "#7d4fd0", "magenta": "#d0217f",
    "pink": "#f2799f", "rose": "#e0527c", "coral": "#f4745c", "peach": "#f9b38c", "salmon": "#f58d78",
    "brown": "#7a4a2b", "beige": "#e3d3b6", "cream": "#f6ecd2", "ivory": "#f5f0df", "black": "#151515",
    "white": "#f8f8f5", "grey": "#8c8f92", "gray": "#8c8f92", "silver": "#bcc3c9", "lilac": "#b79ce0",
    "红": "#d7262b", "大红": "#d1161c", "朱红": "#d6402b", "橙": "#f07f1f", "橘": "#f07f1f", "黄": "#f5cf2a",
    "金": "#cfa243", "绿": "#2f9e55", "翠绿": "#129a67", "墨绿": "#14463a", "薄荷": "#9be0c1", "青": "#1f9c94",
    "蓝": "#2465c9", "天蓝": "#4aa8e8", "深蓝": "#142a5c", "湖蓝": "#2fa4b5", "宝蓝": "#2148b8", "靛": "#3a2f8f",
    "紫": "#7a3bb5", "粉": "#f2799f", "粉红": "#f2799f", "玫红": "#d0217f", "桃": "#f59bb0", "棕": "#7a4a2b",
    "咖啡色": "#6c4330", "褐": "#7a4a2b", "米": "#efe3c8", "黑": "#151515", "白": "#f8f8f5", "灰": "#8c8f92",
    "银": "#bcc3c9",
}  # fmt: skip

COMMON_IN_WORDS = frozenset("红黄金绿青蓝紫粉桃米黑白灰银橙橘")
"""Chinese characters that mean a colour only with 色 after them, or as 红色的, 蓝调 …: alone they are part of words."""

MOODS: dict[str, tuple[str, ...]] = {
    "sunset": ("dusk", "desert", "ember"), "dusk": ("dusk",), "twilight": ("dusk", "night"),
    "sunrise": ("dawn", "citrus"), "dawn": ("dawn",), "morning": ("dawn", "sky"), "night": ("night", "space"),
    "midnight": ("night",), "ocean": ("ocean", "lagoon"), "sea": ("ocean", "lagoon"), "beach": ("lagoon", "citrus"),
    "forest": ("forest", "jade"), "jungle": ("forest",), "garden": ("meadow", "spring"), "meadow": ("meadow",),
    "desert": ("desert",), "autumn": ("autumn",), "fall": ("autumn",), "spring": ("spring", "meadow"),
    "summer": ("citrus", "lagoon", "sky"), "winter": ("winter",), "snow": ("winter",), "ice": ("winter",),
    "neon": ("neon",), "cyberpunk": ("neon",), "futuristic": ("neon", "space"), "tech": ("neon", "steel"),
    "party": ("neon", "candy"), "cute": ("candy", "spring"), "sweet": ("candy",), "happy": ("citrus", "candy"),
    "joyful": ("citrus", "candy"), "kids": ("candy", "bauhaus"), "children": ("candy", "bauhaus"),
    "pastel": ("lavender", "spring", "candy"), "dreamy": ("lavender", "dusk"), "romantic": ("spring", "dusk"),
    "love": ("spring", "ember"), "wedding": ("spring", "gold"), "bauhaus": ("bauhaus",),
    "retro": ("bauhaus", "desert"), "vintage": ("coffee", "desert"), "swiss": ("swiss",),
    "minimal": ("swiss", "mono"), "minimalist": ("swiss", "mono"), "modern": ("swiss", "steel"),
    "monochrome": ("mono",), "black and white": ("mono",), "luxury": ("gold",), "elegant": ("gold", "lavender"),
    "royal": ("gold", "night"), "coffee": ("coffee",), "cafe": ("coffee",), "café": ("coffee",),
    "cozy": ("coffee", "autumn"), "warm": ("desert", "autumn", "citrus"), "cool": ("ocean", "winter"),
    "calm": ("lagoon", "lavender", "jade"), "zen": ("ink", "jade"), "tea": ("jade", "ink"), "fire": ("ember",),
    "hot": ("ember",), "space": ("space",), "galaxy": ("space",), "cosmic": ("space",), "sky": ("sky",),
    "rain": ("steel", "winter"), "storm": ("steel", "night"), "sad": ("steel", "winter"),
    "jazz": ("dusk", "gold", "night"), "music": ("dusk", "neon"), "rock": ("ember", "swiss"),
    "sport": ("swiss", "ember"), "business": ("steel", "swiss"), "chinese new year": ("festival",),
    "lunar new year": ("festival",), "christmas": ("forest", "festival"), "halloween": ("ember", "neon"),
    "porcelain": ("porcelain",), "ink wash": ("ink",), "fruit": ("citrus",), "lemon": ("citrus",),
    "lavender": ("lavender",), "日落": ("dusk", "desert", "ember"), "夕阳": ("dusk", "ember"), "黄昏": ("dusk",),
    "晚霞": ("dusk",), "日出": ("dawn", "citrus"), "清晨": ("dawn", "sky"), "早晨": ("dawn", "sky"),
    "夜": ("night", "space"), "星空": ("night", "space"), "海": ("ocean", "lagoon"), "沙滩": ("lagoon", "citrus"),
    "森林": ("forest", "jade"), "花园": ("meadow", "spring"), "草原": ("meadow",), "沙漠": ("desert",),
    "秋": ("autumn",), "春节": ("festival",), "新年": ("festival",), "元宵": ("festival",), "中秋": ("night", "gold"),
    "国庆": ("festival",), "喜庆": ("festival",), "端午": ("jade", "forest"), "春": ("spring", "meadow"),
    "夏": ("citrus", "lagoon", "sky"), "冬": ("winter",), "雪": ("winter",), "冰": ("winter",), "霓虹": ("neon",),
    "赛博": ("neon",), "科技": ("neon", "steel"), "未来": ("neon", "space"), "派对": ("neon", "candy"),
    "可爱": ("candy", "spring"), "甜": ("candy",), "快乐": ("citrus", "candy"), "儿童": ("candy", "bauhaus"),
    "梦幻": ("lavender", "dusk"), "浪漫": ("spring", "dusk"), "爱": ("spring", "ember"), "婚礼": ("spring", "gold"),
    "复古": ("bauhaus", "desert"), "极简": ("swiss", "mono"), "简约": ("swiss", "mono"), "现代": ("swiss", "steel"),
    "黑白": ("mono",), "奢华": ("gold",), "高级": ("gold", "mono"), "优雅": ("gold", "lavender"), "咖啡": ("coffee",),
    "温暖": ("desert", "autumn", "citrus"), "清新": ("lagoon", "meadow"), "宁静": ("lagoon", "lavender", "jade"),
    "禅": ("ink", "jade"), "茶": ("jade", "ink"), "火": ("ember",), "太空": ("space",), "宇宙": ("space",),
    "银河": ("space",), "天空": ("sky",), "雨": ("steel", "winter"), "水墨": ("ink",),
    "国风": ("ink", "jade", "festival"), "古风": ("ink", "jade"), "中国风": ("ink", "festival"),
    "青花": ("porcelain",), "瓷": ("porcelain",), "诗": ("ink", "porcelain"), "音乐": ("dusk", "neon"),
    "爵士": ("dusk", "gold"), "运动": ("swiss", "ember"), "商务": ("steel", "swiss"), "水果": ("citrus",),
    "薰衣草": ("lavender",), "圣诞": ("forest", "festival"),
}  # fmt: skip

MOTIFS: dict[str, str] = {
    "sun": "sun", "sunset": "sun", "sunrise": "sun", "sunny": "sun", "moon": "moon", "moonlight": "moon",
    "star": "stars", "starry": "stars", "galaxy": "stars", "space": "stars", "night": "stars",
    "mountain": "mountains", "hill": "mountains", "peak": "mountains", "alps": "mountains", "sea": "sea",
    "ocean": "sea", "wave": "sea", "lake": "sea", "river": "sea", "beach": "sea", "coast": "sea", "water": "sea",
    "boat": "boat", "ship": "boat", "sail": "boat", "sailing": "boat", "forest": "forest", "tree": "forest",
    "pine": "forest", "wood": "forest", "jungle": "forest", "city": "city", "skyline": "city", "skyscraper": "city",
    "street": "city", "building": "city", "cyberpunk": "city", "desert": "dunes", "dune": "dunes", "cloud": "clouds",
    "sky": "clouds", "rain": "rain", "rainy": "rain", "snow": "snow", "snowy": "snow", "winter": "snow",
    "bird": "birds", "seagull": "birds", "flower": "flowers", "blossom": "flowers", "garden": "flowers",
    "rose": "flowers", "floral": "flowers", "leaf": "leaves", "leaves": "leaves", "plant": "leaves",
    "bamboo": "bamboo", "panda": "bamboo", "heart": "heart", "love": "heart", "valentine": "heart", "cat": "cat",
    "kitten": "cat", "coffee": "cup", "tea": "cup", "cafe": "cup", "café": "cup", "rocket": "rocket",
    "rainbow": "rainbow", "balloon": "balloon", "lantern": "lantern", "chinese new year": "lantern",
    "fireworks": "fireworks", "firework": "fireworks", "planet": "planet", "saturn": "planet", "fox": "fox",
    "fish": "fish", "koi": "fish", "太阳": "sun", "阳光": "sun", "日落": "sun", "日出": "sun", "夕阳": "sun",
    "月": "moon", "中秋": "moon", "星": "stars", "银河": "stars", "太空": "stars", "夜": "stars", "山": "mountains",
    "海": "sea", "湖": "sea", "江": "sea", "河": "sea", "浪": "sea", "水": "sea", "船": "boat", "舟": "boat",
    "帆": "boat", "森林": "forest", "树": "forest", "松": "forest", "林": "forest", "城市": "city", "都市": "city",
    "高楼": "city", "街": "city", "赛博": "city", "沙漠": "dunes", "云": "clouds", "天空": "clouds", "雨": "rain",
    "雪": "snow", "冬": "snow", "鸟": "birds", "雁": "birds", "鹤": "birds", "花": "flowers", "樱": "flowers",
    "梅": "flowers", "叶": "leaves", "植物": "leaves", "竹": "bamboo", "熊猫": "bamboo", "爱心": "heart",
    "爱": "heart", "情人节": "heart", "猫": "cat", "咖啡": "cup", "茶": "cup", "火箭": "rocket", "彩虹": "rainbow",
    "气球": "balloon", "灯笼": "lantern", "春节": "lantern", "元宵": "lantern", "新年": "lantern",
    "烟花": "fireworks", "行星": "planet", "土星": "planet", "狐狸": "fox", "鱼": "fish", "锦鲤": "fish", "☀": "sun",
    "🌞": "sun", "🌅": "sun", "🌙": "moon", "🌕": "moon", "⭐": "stars", "🌟": "stars", "🌌": "stars",
    "⛰": "mountains", "🏔": "mountains", "🌊": "sea", "⛵": "boat", "🌲": "forest", "🌳": "forest", "🏙": "city",
    "🌃": "city", "🏜": "dunes", "☁": "clouds", "🌧": "rain", "❄": "snow", "🐦": "birds", "🌸": "flowers",
    "🌺": "flowers", "🌹": "flowers", "🍃": "leaves", "🎋": "bamboo", "🐼": "bamboo", "❤": "heart", "💖": "heart",
    "🐱": "cat", "🐈": "cat", "☕": "cup", "🍵": "cup", "🚀": "rocket", "🌈": "rainbow", "🎈": "balloon",
    "🏮": "lantern", "🧧": "lantern", "🎆": "fireworks", "🪐": "planet", "🦊": "fox", "🐟": "fish", "🐠": "fish",
}  # fmt: skip

STYLES: dict[str, str] = {
    "bauhaus": "tiles", "geometric": "tiles", "mosaic": "tiles", "tiles": "tiles", "几何": "tiles", "拼贴": "tiles",
    "waves": "waves", "wavy": "waves", "波浪": "waves", "flowing": "ribbons", "ribbon": "ribbons", "fluid": "ribbons",
    "流动": "ribbons", "流体": "ribbons", "gradient": "mesh", "blurry": "mesh", "dreamy": "mesh", "渐变": "mesh",
    "梦幻": "mesh", "rings": "rings", "circles": "rings", "circle": "rings", "同心": "rings", "圆环": "rings",
    "rays": "rays", "sunburst": "rays", "retro": "rays", "放射": "rays", "复古": "rays", "lines": "ridges",
    "topographic": "ridges", "sound": "ridges", "声波": "ridges", "线条": "ridges", "dots": "halftone",
    "halftone": "halftone", "pop art": "halftone", "波普": "halftone", "点阵": "halftone", "low poly": "facets",
    "crystal": "facets", "polygon": "facets", "多边形": "facets", "水晶": "facets", "ink": "ink", "ink wash": "ink",
    "水墨": "ink", "国风": "ink", "古风": "ink", "山水": "ink",
}  # fmt: skip

LAYOUTS: dict[str, str] = {
    "big type": "bigtype", "bold type": "bigtype", "大字": "bigtype", "split": "split", "左右": "split",
    "minimal": "gallery", "minimalist": "gallery", "极简": "gallery", "museum": "gallery", "gallery": "gallery",
    "美术馆": "gallery", "editorial": "editorial", "magazine": "editorial", "杂志": "editorial", "swiss": "grid",
    "grid": "grid", "网格": "grid", "竖排": "vertical", "书法": "vertical", "古诗": "vertical", "诗词": "vertical",
    "badge": "medallion", "circle": "medallion", "圆形": "medallion", "band": "band", "横幅": "band",
}  # fmt: skip

DARK = (
    "dark", "深色", "暗黑", "暗色", "night mode", "on black", "black background", "黑底", "黑色背景", "夜晚", "深夜",
    "黑夜", "午夜", "夜空", "夜景", "at night", "midnight", "night sky",
)  # fmt: skip
LIGHT = ("light background", "bright", "浅色", "明亮", "亮色", "on white", "white background", "白底", "白色背景")
WIDE = ("banner", "landscape", "wallpaper", "header", "横版", "横幅", "壁纸", "宽屏")
TALL = ("poster", "portrait", "story", "book cover", "phone", "海报", "竖版", "封面", "手机")

FALSE_FRIENDS = (
    "海报", "上海", "海量", "水平", "水果", "花费", "明星", "星期", "星级", "可爱的你", "山寨", "江湖", "冰箱", "火车",
    "火锅", "青年", "红包", "白领", "雪糕", "茶几", "树立", "云计算", "云服务", "月份", "年月",
    "叶子节点", "mountain view",
)  # fmt: skip
"""Words that hold a word of the tables and mean something else."""
