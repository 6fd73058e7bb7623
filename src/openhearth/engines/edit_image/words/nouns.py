"""The things an instruction can speak of: garments, what can be put on, people, places in the picture, values."""

from openhearth.engines.edit_image.words.kinds import Kind

# kind, name, note, words
NOUNS: tuple[tuple[Kind, str, str, str], ...] = (
    (
        Kind.PART,
        "outfit",
        "",
        "clothes|clothing|cloth|cloths|outfit|outfits|garment|garments|attire|wardrobe|衣服|服装|衣物|衣着|衣裳|服饰|"
        "全身衣服|一身衣服|衣服颜色|衣服的颜色|全身衣物|穿的衣服|身上的衣服|衣",
    ),
    (
        Kind.PART,
        "outfit",
        "made",
        "dress|dresses|gown|suit|suits|uniform|robe|jumpsuit|overalls|tuxedo|pajamas|pyjamas|spacesuit|"
        "space suit|kimono|连衣裙|裙子|长裙|西装|西服|套装|制服|校服|婚纱|礼服|晚礼服|旗袍|汉服|和服|睡衣|"
        "宇航服|航天服|太空服|工作服|军装|工装|👗|👘|🥋",
    ),
    (Kind.PART, "top", "", "shirt|shirts|tops|top|upper garment|blouse|shrit|上衣|上装|上身衣服|上身|衬衣|👚"),
    (
        Kind.PART,
        "top",
        "made",
        "t-shirt|t shirt|tshirt|tee|t-shirts|jacket|jackets|coat|sweater|hoodie|cardigan|vest|blazer|jersey|"
        "polo|polo shirt|sweatshirt|pullover|dress shirt|tank top|suit jacket|外套|夹克|大衣|毛衣|卫衣|t恤|"
        "t恤衫|体恤|t袖|短袖|长袖|衬衫|风衣|羽绒服|背心|马甲|西装外套|西服外套|球衣|皮衣|针织衫|棉服|棉衣|"
        "冲锋衣|👕|👔|🧥|🦺",
    ),
    (Kind.PART, "trousers", "", "trousers|pants|pant|slacks|裤子|长裤|下装|下衣|裤"),
    (
        Kind.PART,
        "trousers",
        "made",
        "jeans|shorts|leggings|skirt|skirts|sweatpants|牛仔裤|短裤|西裤|运动裤|休闲裤|半身裙|短裙|👖|🩳",
    ),
    (Kind.PART, "hair", "", "hair|hairs|hair color|hair colour|haircolor|头发|发色|头发颜色|头发的颜色|秀发|发丝"),
    (Kind.PART, "lips", "", "lips|lip|lipstick|lip color|lip colour|mouth|嘴唇|唇|口红|唇色|唇膏|双唇|嘴|嘴巴|💄|👄"),
    (
        Kind.ITEM,
        "sunglasses",
        "",
        "sunglasses|sun glasses|sunglass|sunglases|sunglassess|dark glasses|sunnies|pair of sunglasses|墨镜|"
        "太阳镜|太阳眼镜|黑超|🕶|😎",
    ),
    (
        Kind.ITEM,
        "glasses",
        "",
        "glasses|eyeglasses|eye glasses|spectacles|specs|pair of glasses|eyewear|眼镜|近视镜|近视眼镜|框架眼镜|👓|🤓",
    ),
    (Kind.ITEM, "hat", "", "hat|hats|cap|caps|top hat|帽子|帽|礼帽|高帽|🎩|👒|🧢"),
    (Kind.ITEM, "mask", "", "mask|masks|face mask|face masks|facemask|surgical mask|medical mask|口罩|医用口罩|😷"),
    (
        Kind.BACKGROUND,
        "",
        "",
        "background|backgrounds|backdrop|bg|back ground|backround|backgroud|background color|background colour|"
        "背景|后景|底色|背景色|背景颜色|背景的颜色|图片背景|照片背景|底图|背景图|背景图片",
    ),
    (Kind.SKY, "", "", "sky|skies|天空|天"),
    (
        Kind.FACE,
        "",
        "",
        "face|faces|人脸|脸|脸部|面部|面孔|脸蛋|脸上|面容|每张脸|所有人脸|所有的脸|所有脸|人物面部|人物脸部|人的脸",
    ),
    (
        Kind.TEXT,
        "",
        "",
        "text|texts|word|words|letters|caption|captions|title|writing|lettering|subtitle|subtitles|"
        "inscription|文字|字|字样|文案|字幕|标题|几个字|这几个字|几个大字|一行字|一行文字|一句话|一段文字|"
        "文本|四个字|两个字|三个字",
    ),
    (Kind.MARK, "", "", "watermark|watermarks|water mark|watermarking|水印|浮水印|文字水印|水印文字"),
    (
        Kind.PERSON,
        "all",
        "",
        "everyone|everybody|all people|all the people|all persons|people|persons|both people|all of them",
    ),
    (Kind.PERSON, "all", "", "both of them|them|they|their|each person|every person|all subjects|the whole group|👥"),
    (
        Kind.PERSON,
        "all",
        "",
        "所有人|所有的人|所有人物|大家|每个人|全部人|全员|两个人|两人|三个人|人们|他们|她们|众人|人人|"
        "每一个人|俩人|每位|每人|他俩",
    ),
    (
        Kind.PERSON,
        "noun",
        "",
        "person|subject|individual|human|figure|model|人|人物|主体|个人|模特|这个人|那个人|主角|人儿",
    ),
    (Kind.PERSON, "weak", "", "one|那个|那位|这位|的那个|的那位"),
    (Kind.PERSON, "pronoun", "", "him|her|his|he|she|hers|my|mine|他|她|他的|她的|他身上|她身上|我的|本人|自己"),
    (
        Kind.GENDER,
        "gender",
        "",
        "man|men|woman|women|girl|boy|girls|boys|lady|ladies|gentleman|guy|guys|male|female|mother|father|"
        "mom|mum|dad|husband|wife|bride|groom|sister|brother|男人|女人|男的|女的|男生|女生|男孩|女孩|男孩子|"
        "女孩子|男士|女士|先生|小姐|小姐姐|美女|帅哥|姑娘|小伙子|小伙|男子|女子|妈妈|爸爸|新娘|新郎|老公|"
        "老婆|哥哥|姐姐|弟弟|妹妹|男主|女主|男|女|👨|👩|👦|👧",
    ),
    (
        Kind.GENDER,
        "age",
        "",
        "child|children|kid|kids|baby|toddler|elderly|old man|old woman|小孩|孩子|小孩子|宝宝|婴儿|老人|"
        "老人家|老爷爷|老奶奶|奶奶|爷爷|大人|成年人|👶|🧒|👴|👵",
    ),
    (
        Kind.SIDE,
        "left",
        "",
        "left|left side|left-hand|left hand side|leftmost|left-most|far left|左边|左侧|左|左面|左手边|最左边|"
        "最左侧|最左|左方",
    ),
    (
        Kind.SIDE,
        "right",
        "",
        "right|right side|right-hand|right hand side|rightmost|right-most|far right|右边|右侧|右|右面|右手边|"
        "最右边|最右侧|最右|右方",
    ),
    (
        Kind.SIDE,
        "middle",
        "",
        "middle|in the middle|in the center|in the centre|center|centre|中间|正中间|最中间|中央|正中",
    ),
    (
        Kind.FROM_SIDE,
        "left",
        "",
        "from the left|from left|left to right count|左起|从左数|从左边数|从左起|左数|从左到右|从左往右|"
        "从左往右数|从左到右数",
    ),
    (
        Kind.FROM_SIDE,
        "right",
        "",
        "from the right|from right|右起|从右数|从右边数|从右起|右数|从右往左|从右往左数|从右到左",
    ),
    (
        Kind.PICTURE,
        "",
        "",
        "portrait|landscape|picture|photo|image|pic|photograph|pictures|photos|img|shot|snapshot|selfie|"
        "photography|everything|全部画面|图片|照片|相片|图像|图|相|画面|原图|整张图|整张照片|整个画面|"
        "整张图片|这张图|这张照片|这张图片|此图|全图|人像|图画|这幅画|这幅图|图中|图里|整体|肖像|自拍|📷|🖼|📸",
    ),
    (
        Kind.PICTURE,
        "colours",
        "",
        "color|colour|colors|colours|tone|tones|hue|颜色|色彩|色调|整体色调|颜色饱满|整体颜色|画面颜色|画面色调",
    ),
    (Kind.PICTURE, "lighting", "", "lighting|光线|光影|光照|灯光"),
    (Kind.IT, "", "", "it|它|its"),
    (
        Kind.GUARDED,
        "",
        "",
        "expression|expressions|pose|posture|skin|skin tone|skin color|skin colour|complexion|eyes|eye|body|"
        "composition|identity|facial features|facial expression|features|likeness|details|detail|texture|"
        "shape|layout|proportions|nose|ears|eyebrows|hands|hand|figure shape|pattern|表情|姿势|姿态|动作|"
        "皮肤|肤色|眼睛|身材|身体|构图|比例关系|细节|纹理|五官|长相|神态|样貌|容貌|手|眉毛|鼻子|耳朵|图案|"
        "款式|人物特征|形象|原有风格|轮廓|形状",
    ),
    (
        Kind.REST,
        "",
        "",
        "others|other|the rest|rest|everything else|anything else|nothing else|other parts|other things|"
        "the others|all else|other areas|其他|其它|其余|其他的|其它的|别的|其他地方|其它地方|其他部分|"
        "其它部分|其余部分|其他内容|其他东西|剩下的|其他都|其余都|其他元素|任何其他|别的地方",
    ),
    (Kind.OPACITY, "", "", "semi-transparent|semi transparent|translucent|half transparent|半透明"),
    (
        Kind.STYLE,
        "black_and_white",
        "",
        "black and white|black & white|black-and-white|black n white|black white|b&w|b/w|bw|monochrome",
    ),
    (
        Kind.STYLE,
        "black_and_white",
        "",
        "grayscale|greyscale|gray scale|grey scale|黑白|黑白照|黑白照片|黑白色|灰度|灰度图|单色",
    ),
    (
        Kind.STYLE,
        "sepia",
        "",
        "sepia|vintage|retro|old photo|nostalgic|old-fashioned|怀旧|复古|老照片|旧照片|泛黄|棕褐色调|复古风|怀旧风",
    ),
    (
        Kind.STYLE,
        "sketch",
        "",
        "sketch|pencil sketch|pencil drawing|line drawing|pencil|line art|素描|铅笔画|线稿|手绘|速写|铅笔素描|素描画",
    ),
    (
        Kind.STYLE,
        "cartoon",
        "",
        "cartoon|cartoonish|cartoon-like|comic|comic book|comics|卡通|漫画|卡通风|卡通画|卡通化|漫画化|漫画风",
    ),
    (Kind.STYLE, "oil", "", "oil painting|oil paint|oil|oil-painted|oil-painting|painting|油画|油画风|油彩"),
    (Kind.TRANSPARENT, "", "", "transparent|transparency|see-through|透明|透明底|透明的底"),
    (Kind.HEADSHOT, "", "", "headshot|head shot|avatar|profile picture|profile photo|头像|大头照|大头贴"),
    (
        Kind.AXIS,
        "horizontal",
        "",
        "horizontally|horizontal|left to right|left-right|left and right|left/right|左右|水平|水平方向|横向|沿水平",
    ),
    (Kind.AXIS, "vertical", "", "vertically|vertical|top to bottom|up and down|up-down|上下|垂直|竖直|纵向|垂直方向"),
    (Kind.UPSIDE, "", "", "upside down|upside-down|倒过来|颠倒|颠倒过来|上下颠倒|倒置|倒转|🙃"),
    (Kind.LENGTH, "width", "", "width|wide|宽|宽度|宽为|横边"),
    (Kind.LENGTH, "height", "", "height|tall|高度|高为"),
    (
        Kind.POSITION,
        "top",
        "",
        "at the top|on top|to the top|at top|top of|the top of|top center|top centre|top middle|顶部|上方|"
        "最上面|最上方|正上方|顶上|顶端|上边",
    ),
    (
        Kind.POSITION,
        "bottom",
        "",
        "at the bottom|bottom|to the bottom|bottom of|below|at the foot|bottom center|bottom centre|底部|"
        "下方|下面|最下面|最下方|正下方|底下|底端|下边",
    ),
    (
        Kind.POSITION,
        "top_left",
        "",
        "at the top left|on the top left|in the top left|to the top left|at top left|at the upper left|"
        "on the upper left|in the upper left|to the upper left|at upper left|top left|top-left|upper left|"
        "upper-left|left top|左上角|左上|左上方|左边上方",
    ),
    (
        Kind.POSITION,
        "top_right",
        "",
        "at the top right|on the top right|in the top right|to the top right|at top right|at the upper right|"
        "on the upper right|in the upper right|to the upper right|at upper right|top right|top-right|"
        "upper right|upper-right|right top|右上角|右上|右上方",
    ),
    (
        Kind.POSITION,
        "bottom_left",
        "",
        "at the bottom left|on the bottom left|in the bottom left|to the bottom left|at bottom left|"
        "at the lower left|on the lower left|in the lower left|to the lower left|at lower left|bottom left|"
        "bottom-left|lower left|lower-left|left bottom|左下角|左下|左下方",
    ),
    (
        Kind.POSITION,
        "bottom_right",
        "",
        "at the bottom right|on the bottom right|in the bottom right|to the bottom right|at bottom right|"
        "at the lower right|on the lower right|in the lower right|to the lower right|at lower right|"
        "bottom right|bottom-right|lower right|lower-right|right bottom|右下角|右下|右下方",
    ),
    (Kind.POSITION, "centre", "", "居中|正中央|中心|图中央|画面中央|in the very middle"),
    (
        Kind.POSITION,
        "tiled",
        "",
        "tiled|tile|all over|repeated|everywhere|repeating|across the whole|across the entire|平铺|铺满|满屏|"
        "满图|重复|铺满全图|铺满整张图|全屏",
    ),
)

# kind, number, words
VALUES: tuple[tuple[Kind, float, str], ...] = (
    (
        Kind.DEGREE,
        0.15,
        "slightly|a touch|a tad|tiny bit|a tiny bit|subtly|somewhat|not too much|but not too much|gently|"
        "a hint|a hint of",
    ),
    (
        Kind.DEGREE,
        0.15,
        "稍微|稍稍|稍|略|略微|微微|一点点|一丢丢|一丁点|轻微|轻度|少许|适当|适度|适量|不要太多|别太多|一点点儿|略略",
    ),
    (Kind.DEGREE, 0.3, "a bit|a little|bit|little|some|a little bit|moderately|bit more|slight"),
    (Kind.DEGREE, 0.3, "一点|一些|一点儿|些|点|点儿|更|更加|比较|有点|有些|一些些|些许|再多一点|稍多"),
    (
        Kind.DEGREE,
        0.6,
        "much|a lot|lots|lot|far|considerably|significantly|heavily|strongly|quite|noticeably|a good deal",
    ),
    (Kind.DEGREE, 0.6, "很多|多一点|多一些|许多|大幅|大幅度|明显|好多|多|很|不少|多点|得多|好几倍的"),
    (Kind.DEGREE, 0.8, "very|extremely|super|really|very much|so much|strong|intense|drastically|dramatically"),
    (Kind.DEGREE, 0.8, "非常|特别|十分|超|超级|极其|极|强烈|重度|狠狠|相当|非常非常|很多很多"),
    (
        Kind.DEGREE,
        1.0,
        "fully|completely|maximum|max|totally|to the max|to the maximum|entirely|as much as possible|as possible",
    ),
    (Kind.DEGREE, 1.0, "最|最大|完全|彻底|最大程度|最高|拉满|到最大|到最高|尽量|尽可能"),
    (Kind.LETTER_SIZE, 0.04, "small|smaller|tiny|小字|小号|小一点|小点|小一些|小|小的|很小的"),
    (Kind.LETTER_SIZE, 0.1, "big|large|bigger|larger|大字|大号|大一点|大点|大一些|大的|大"),
    (Kind.LETTER_SIZE, 0.15, "huge|giant|very big|very large|巨大|特大|超大|很大|很大的|特大号|大大"),
    (
        Kind.FRACTION,
        0.5,
        "half|by half|one half|half the size|half of|half size|a half|一半|二分之一|1/2|50 percent of",
    ),
    (Kind.FRACTION, 1 / 3, "one third|a third|三分之一|1/3|third of"),
    (Kind.FRACTION, 0.25, "a quarter|one quarter|quarter|四分之一|1/4|one fourth"),
    (Kind.FRACTION, 2 / 3, "two thirds|三分之二|2/3"),
    (Kind.FRACTION, 0.75, "three quarters|四分之三|3/4 of"),
    (Kind.TIMES, 2, "double|twice|two times|twice as|twice the|two-fold|twofold|翻倍|翻一倍|一倍大|double the|doubled"),
    (Kind.TIMES, 4, "quadruple|four times|four-fold|fourfold|quadrupled"),
    (Kind.TIMES, 3, "triple|three times|threefold"),
    (Kind.CLOCK, 1, "clockwise|cw|顺时针|顺时针方向|顺时|向右|往右|朝右|右转方向|to the right"),
    (
        Kind.CLOCK,
        -1,
        "counterclockwise|counter-clockwise|counter clockwise|anticlockwise|anti-clockwise|anti clockwise|ccw",
    ),
    (Kind.CLOCK, -1, "逆时针|逆时针方向|逆时|向左|往左|朝左|to the left"),
    (Kind.ORDINAL, 1, "first|1st"),
    (Kind.ORDINAL, 2, "second|2nd"),
    (Kind.ORDINAL, 3, "third|3rd"),
    (Kind.ORDINAL, 4, "fourth|4th"),
    (Kind.ORDINAL, 5, "fifth|5th"),
    (Kind.ORDINAL, 6, "sixth|6th"),
    (
        Kind.OTHER_PICTURE,
        2,
        "other picture|other image|other photo|another picture|another image|another photo|the second one|"
        "另一张图|另一张图片|另一张照片|另一张|另外一张|另外一张图|另一幅图|second picture|second image|"
        "second photo|2nd picture|2nd image|2nd photo",
    ),
    (Kind.OTHER_PICTURE, 3, "third picture|third image|third photo|3rd picture|3rd image|3rd photo"),
    (Kind.OTHER_PICTURE, 4, "fourth picture|fourth image|fourth photo|4th picture|4th image|4th photo"),
    (Kind.OTHER_PICTURE, 1, "first picture|first image|first photo|1st picture|1st image|1st photo"),
)

# width, height, words
RATIOS: tuple[tuple[int, int, str], ...] = (
    (1, 1, "square|squared|a square|正方形|方形|方图|正方|方的|方形图|1比1|一比一|instagram square"),
    (16, 9, "widescreen|wide screen|宽屏|横屏|youtube thumbnail size|十六比九"),
    (9, 16, "竖屏|手机竖屏|phone wallpaper|九比十六"),
    (
        3,
        4,
        "portrait orientation|portrait format|portrait aspect|portrait mode|portrait ratio|"
        "portrait aspect ratio|竖版|竖图|竖构图|三比四",
    ),
    (
        4,
        3,
        "landscape orientation|landscape format|landscape aspect|landscape mode|landscape ratio|"
        "landscape aspect ratio|横版|横图|横构图|四比三",
    ),
)
