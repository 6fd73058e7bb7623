"""What the editor is known not to do, and how it says so. The reasons are the other half of the vocabulary."""

# reason, words that call for it
OUT_OF_REACH: tuple[tuple[str, str], ...] = (
    (
        "invent",
        "smile|smiling|laugh|laughing|cry|crying|angry|happy|sad|older|younger|age|aging|fat|thin|slim|"
        "slimmer|taller|beard|mustache|moustache|tattoo|earrings|necklace|jewelry|jewellery|scarf|gloves|"
        "shoes|wings|crown|helmet|tie|bow tie|bald|hairstyle|haircut|long hair|short hair|curly hair|bangs|"
        "ponytail|curly|straight hair|makeup|make-up|beautiful|beautify|prettier|handsome|pretty|cat|dog|"
        "cats|dogs|bird|horse|tree|trees|flower|flowers|car|house|mountain|mountains|beach|forest|city|"
        "office|street|space|moon|sun|rainbow|snow|rain|sunset|night|fire|smoke|cloud|clouds|butterfly|"
        "balloon|balloons|castle|sea|ocean|lake|river|garden|desert|galaxy|stars|robot|superhero|zombie|"
        "vampire|anime|manga|ghibli|pixar|disney|3d|watercolor|watercolour|cyberpunk|santa hat|cowboy hat|"
        "straw hat|party hat|baseball cap|beanie|bucket hat|witch hat|graduation cap|bunny ears|cat ears|"
        "微笑|笑|大笑|哭|生气|开心|笑容|变老|变年轻|年轻|老一点|年轻一点|瘦|胖|变瘦|变胖|瘦脸|瘦身|长高|美颜|"
        "磨皮|美白|化妆|妆容|妆|瘦一点|胡子|胡须|纹身|耳环|项链|首饰|围巾|手套|鞋|鞋子|翅膀|皇冠|王冠|头盔|"
        "领带|领结|光头|发型|长发|短发|卷发|直发|刘海|马尾|剪短|留长|烫发|漂亮|美化|美丽|帅气|猫|狗|小猫|"
        "小狗|猫咪|狗狗|鸟|马匹|树|花|花朵|鲜花|汽车|车|房子|高山|大山|海边|沙滩|海滩|大海|森林|城市|办公室|"
        "街道|太空|月亮|太阳|彩虹|雪|下雪|雪景|下雨|雨|夕阳|日落|夜晚|夜景|火焰|烟雾|云|云彩|白云|蝴蝶|气球|"
        "城堡|湖|河|花园|沙漠|星空|机器人|超人|僵尸|动漫|动画|二次元|吉卜力|宫崎骏|皮克斯|迪士尼|水彩|水彩画|"
        "国画|水墨|水墨画|赛博朋克|赛博|像素风|手办|圣诞帽|牛仔帽|草帽|棒球帽|鸭舌帽|渔夫帽|毛线帽|学士帽|"
        "兔耳朵|猫耳朵|猫耳|面具|星星|烟花|雪花|爱心|天使|恶魔|公主|王子|蝙蝠侠|蜘蛛侠|证件照|婚纱照|写真|🐱|"
        "🐶|🌸|🌹|🌊|🏖|🌃|🌇|👑|🎄|🦄|🐼|🚗|🏠",
    ),
    (
        "pattern",
        "striped|stripes|stripe|polka dots|plaid|patterned|gradient|rainbow colored|multicolored|"
        "colorful pattern|条纹|格子|碎花|渐变|渐变色|彩虹色|花纹|迷彩|七彩|五颜六色|豹纹|波点|camouflage|"
        "leopard",
    ),
    ("except", "except|except for|apart from|other than|excluding|除了|除|以外|之外|除开|除外"),
)

ENGLISH: dict[str, str] = {
    "unknown": "",
    "invent": "This editor changes what is in the picture and invents nothing new.",
    "pattern": "It gives one plain colour, no patterns.",
    "except": "It cannot spare a part from a change; name what is to be changed.",
    "gender": "It cannot tell men from women; say “the person on the left”, “the second person” or “everyone”.",
    "age": "It cannot tell people's ages; say “the person on the left”, “the second person” or “everyone”.",
    "looks": "It cannot tell people by what they wear; say “the person on the left” or “the second person”.",
    "count": "It counts people from the left: “the second person”, “the person on the right”.",
    "worn": "It cannot take off or change what is already worn on face or head, not knowing what is beneath.",
    "erase": "It can remove the background, and text or watermarks that it can read; nothing else.",
    "garment": "It cannot put on other garments, only change the colour of those worn (“make the clothes red”).",
    "only_colour": "Of clothes, hair and lips it can change the colour only.",
    "region": "Light and colour can be changed for the whole picture, the background or the sky only.",
    "style": "A style is given to the whole picture only.",
    "body": "It can blur or pixelate faces only, not whole bodies.",
    "what_colour": "Say which colour.",
    "what": "Say what gets this colour: clothes, top, trousers, hair, lips, background, glasses, hat, mask, text.",
    "how": "Say what should happen to it.",
    "background": "The background can be removed, coloured, blurred or replaced by another picture you send.",
    "crop": "Say the ratio (16:9, square) or what to crop to (the person, the face).",
    "turn": "Say how far: “rotate 90 degrees”, “rotate left”.",
    "flip": "Say “horizontally” or “vertically”.",
    "face": "Say whose faces: “pixelate the faces”, “pixelate the person on the left”.",
    "quotes": "Put the words to write in quotation marks.",
    "replace_text": "It cannot exchange words in their place; remove them and add text as two wishes.",
    "factor": "It enlarges 2 or 4 times.",
    "size": "Say the size: “resize to 800x600”, “width 800”, “50%”.",
    "level": "Say by how much, not to which value: “brightness +20%”.",
    "amount": "Amounts go from 0 to 100 %.",
    "shade": "Say which colour should be light or dark.",
    "it": "Say whether the picture or what was named before is meant.",
    "scope": "It is not clear whether this belongs to the “don't” before it; make it a sentence of its own.",
    "conflict": "This cannot be kept together with the other changes asked for.",
    "against": "This is both asked for and ruled out.",
    "nothing": "This asks for no change.",
    "repeat": "There is nothing before it to repeat.",
    "position": "Text can stand at the top, bottom, centre, in a corner, or all over.",
}
CHINESE: dict[str, str] = {
    "unknown": "",
    "invent": "本编辑器只改动画面里已有的内容，不会凭空生成。",
    "pattern": "只能换成一种纯色，不能加图案。",
    "except": "不能把某部分排除在外，请直接说要改哪里。",
    "gender": "无法分辨性别，请说“左边的人”“第二个人”或“所有人”。",
    "age": "无法分辨年龄，请说“左边的人”“第二个人”或“所有人”。",
    "looks": "无法按穿戴认人，请说“左边的人”“第二个人”或“所有人”。",
    "count": "人从左往右数：“第二个人”“右边的人”。",
    "worn": "不能摘掉或改变脸上、头上已经戴着的东西，因为不知道下面是什么。",
    "erase": "能去掉的只有背景，以及能识别出来的文字和水印。",
    "garment": "不能换上别的衣服，只能改变身上衣服的颜色（如“衣服换成红色”）。",
    "only_colour": "衣服、头发和嘴唇只能改颜色。",
    "region": "明暗和色彩只能调整整张图、背景或天空。",
    "style": "风格只能用于整张图。",
    "body": "只能模糊或打码人脸，不能处理整个人。",
    "what_colour": "请说明要换成什么颜色。",
    "what": "请说明什么要变成这个颜色：衣服、上衣、裤子、头发、嘴唇、背景、眼镜、帽子、口罩或文字。",
    "how": "请说明要怎么处理。",
    "background": "背景可以去掉、换颜色、虚化，或换成你另外发来的一张图。",
    "crop": "请说明比例（16:9、正方形）或裁到哪里（人物、人脸）。",
    "turn": "请说明转多少：“顺时针旋转90度”“向左转”。",
    "flip": "请说明“左右翻转”还是“上下翻转”。",
    "face": "请说明给谁打码：“人脸打码”“左边的人打码”。",
    "quotes": "请把要写的字放在引号里。",
    "replace_text": "不能原地改字，请分成去掉文字和添加文字两步。",
    "factor": "只能放大 2 倍或 4 倍。",
    "size": "请说明尺寸：“缩放到800x600”“宽度800”“50%”。",
    "level": "请说增减多少，而不是调到多少：“亮度+20%”。",
    "amount": "幅度在 0 到 100% 之间。",
    "shade": "请说明哪种颜色要深或浅。",
    "it": "请说明指的是整张图还是前面提到的部分。",
    "scope": "不清楚前面的“不要”是否也管这里，请单独写一句。",
    "conflict": "这与要求的其他改动无法同时满足。",
    "against": "这里既要求做，又要求不做。",
    "nothing": "没有要求任何改动。",
    "repeat": "前面没有可以照着做的改动。",
    "position": "文字可以放在顶部、底部、中间、四个角，或铺满。",
}
