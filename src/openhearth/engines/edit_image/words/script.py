"""One spelling for many: full-width signs, capitals, traditional characters and stray spaces are made alike here.

Every character kept remembers where it stood, so that a refusal quotes what was written and not its normal form.
"""

import msgspec

# Traditional characters of the vocabulary, each before its simplified form. Not a general converter.
_TRADITIONAL = (
    "換换紅红鏡镜頭头髮发發发裝装褲裤襯衬帶带變变顏颜綠绿藍蓝黃黄銀银邊边轉转順顺時时針针點点圖图張张個个"
    "幫帮請请給给將将讓让為为爲为與与還还後后並并併并對对飽饱銳锐濾滤馬马賽赛臉脸脣唇麼么虛虚無无刪删縮缩"
    "寬宽寫写標标題题隻只頂顶條条畫画復复複复舊旧懷怀橫横豎竖長长調调嗎吗擋挡體体進进這这裡里裏里兩两雙双"
    "從从數数陽阳連连濃浓減减強强溫温鮮鲜艷艳豔艳質质圍围種种樣样風风隱隐圓圆導导極极輕轻簡简棗枣櫻樱蔥葱"
    "蘋苹駝驼銅铜鐵铁軍军薑姜檸柠徹彻麗丽淺浅傾倾歸归類类顯显較较補补號号貼贴護护會会來来們们處处話话說说"
    "謝谢動动過过誰谁買买間间開开關关閉闭內内學学歲岁齡龄孫孙媽妈爺爷孃娘陳陈貓猫鳥鸟樹树飛飞車车牆墙雲云"
    "霧雾陰阴電电腦脑網网繪绘線线總总維维級级約约終终組组絲丝織织繫系紋纹緊紧緣缘編编聲声響响願愿須须領领"
    "額额餘余飾饰驚惊髒脏鬍胡鬚须魚鱼麥麦齊齐齒齿龍龙檔档構构氣气熱热現现環环瑪玛瘋疯盜盗碼码確确穩稳筆笔"
    "節节糾纠紙纸細细絕绝繼继續续羅罗職职聽听膚肤蓋盖藝艺蘭兰蝦虾衛卫規规視视覺觉觀观訊讯設设許许詞词試试"
    "該该認认語语誤误論论證证識识譜谱讚赞豐丰負负貴贵賓宾輯辑輸输邏逻鄉乡釋释鉛铅鋒锋錄录錯错鍵键門门閃闪"
    "陣阵際际隊队難难雜杂離离靜静預预頻频駕驾驗验鬆松單单嘆叹嚴严墊垫壓压夾夹奪夺獎奖妝妆姪侄嬰婴專专尋寻"
    "屬属島岛幣币廣广應应戲戏戰战撲扑擁拥擇择據据擴扩擺摆攝摄敘叙敵敌斷断於于晉晋暈晕術术棄弃楊杨樓楼樂乐"
    "橋桥機机權权歡欢殺杀毀毁決决沒没況况淚泪淨净溝沟滿满漢汉潔洁灑洒燈灯燒烧爛烂牽牵狀状獨独獸兽產产畢毕"
    "異异療疗瘡疮盡尽監监盤盘眾众禮礼稱称積积籃篮糰团緻致縱纵義义習习聯联聖圣脫脱舉举莊庄華华萬万葉叶蒼苍"
    "藥药虧亏見见訂订著着幾几僅仅製制錶表"
)
_INVISIBLE = frozenset("\u200b\u200c\u200d\u2060\ufeff\ufe0e\ufe0f\u00ad") | {chr(c) for c in range(0x1F3FB, 0x1F400)}
_ALIKE = {
    **dict.fromkeys("\u2018\u2019\uff07\u00b4", "'"),
    "\uff02": '"',
    **dict.fromkeys("\u3000\u00a0\t", " "),
    "\r": "\n",
}


class Script(msgspec.Struct, frozen=True):
    """An instruction in normal form. ``at[i]`` is the place of ``text[i]`` in ``original``."""

    original: str
    text: str
    at: tuple[int, ...]

    def quote(self, start: int, end: int) -> str:
        """What was written for ``text[start:end]``."""
        if start >= end:
            return ""
        return self.original[self.at[start] : self.at[end - 1] + 1]


def normalised(original: str) -> Script:
    """The instruction in lower case, half width and simplified characters, spaces and line ends as single ones."""
    simple = dict(zip(_TRADITIONAL[::2], _TRADITIONAL[1::2], strict=True))
    text: list[str] = []
    at: list[int] = []
    for place, sign in enumerate(original):
        if sign in _INVISIBLE:
            continue
        plain = _plain(sign, simple)
        if plain in " \n" and text and text[-1] in " \n":
            if plain == "\n":
                text[-1] = plain
            continue
        text.append(plain)
        at.append(place)
    return Script(original, "".join(text), tuple(at))


def _plain(sign: str, simple: dict[str, str]) -> str:
    sign = _ALIKE.get(sign, sign)
    if "！" <= sign <= "～":
        sign = chr(ord(sign) - 0xFEE0)
    lower = sign.lower()
    if len(lower) == 1:
        sign = lower
    return simple.get(sign, sign)


def is_latin(sign: str) -> bool:
    """Whether the sign belongs to words that are written with spaces between them, or to a number."""
    return (sign.isascii() and sign.isalnum()) or "\u00c0" <= sign <= "\u024f"


def is_chinese(text: str) -> bool:
    """Whether there is a Chinese character in the text."""
    return any("\u4e00" <= sign <= "\u9fff" for sign in text)
