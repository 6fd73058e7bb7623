"""What can be done, and how much: verbs, adjectives and nouns of light and colour, directions, connecting words."""

from openhearth.engines.edit_image.words.kinds import Kind

# kind, name, words
VERBS: tuple[tuple[Kind, str, str], ...] = (
    (
        Kind.SET,
        "",
        "make|makes|made|making|turn|turns|turning|turned|convert|converted|transform|set|sets|become|"
        "becomes|recolor|recolour|paint|painted|dye|dyed|tint|colour it|color it|render|use|using|apply|"
        "applying|gets|变成|变为|变|变得|变成了|改成|改为|改|染成|染|染为|涂成|涂|涂上|涂抹|弄成|弄|弄得|"
        "调成|调为|调整|调整为|调整成|调|调得|设为|设成|设置成|设置为|做成|转成|转为|转换成|转换为|转化为|"
        "p成|处理成|处理为|处理|搞成|搞|搞得|用|使用|采用|应用|当|当作|当成|作为|做为|制作成|制成|生成|刷成|"
        "套用|套上|抹上|输出成|输出为|导出为|改到|调到|设置到|设置|换色|改色|换颜色",
    ),
    (
        Kind.SET,
        "swap",
        "change|changes|changed|changing|chage|replace|replaced|replacing|swap|switch|substitute|exchange|"
        "换成|换为|换个|换一个|换|换成了|替换|替换成|替换为|更换|更换为|更换成|更改|更改为|修改|修改成|"
        "修改为|改换|改换成|改变|改变成|变换|换到|换做|换作|变更为|换一下|更换掉",
    ),
    (
        Kind.REMOVE,
        "",
        "去除干净|去干净|清除干净|去掉干净|清理干净|擦干净|"
        "remove|removes|removed|removing|delete|deleted|erase|erased|get rid of|wipe|wipe out|eliminate|"
        "take off|take out|take away|strip|clean up|clean off|clean|drop|cut away|remove all|去掉|去除|去|"
        "删掉|删除|删|移除|移走|除掉|除去|清除|清掉|清理|清理掉|擦掉|擦除|抹掉|抹去|抹除|消除|消掉|消去|拿掉|"
        "取掉|取下|摘掉|摘下|摘|摘下来|脱掉|脱下|脱|抠掉|扣掉|弄掉|p掉|扔掉|去了|去一下|去下|弄没|剔除|丢掉|"
        "搞掉|拿走|卸掉|不见",
    ),
    (
        Kind.ADD,
        "",
        "add|adds|added|adding|put|puts|place|insert|give|gives|giving|include|attach|overlay|stamp|加|加上|"
        "加个|加一个|加一副|加一顶|加入|添加|添上|添|放|放上|放个|贴上|贴|打上|来个|来一个|来一副|来副|来顶|"
        "来一顶|配|附上|给加|加点|加上去|增添|放置|弄个|弄一个|弄上|整个|整一个|p个|p上|p一个|p上去|放一个|"
        "叠加|安排",
    ),
    (
        Kind.ADD,
        "write",
        "write|writes|written|type|print|say|says|saying|reading|reads|写|写上|写下|写着|写个|打字|印上|刻上|"
        "输入|标注|标上|写一个|题上|题写|内容为|内容是|写入",
    ),
    (
        Kind.WEAR,
        "",
        "wear|wears|wearing|put on|puts on|putting on|donning|戴|戴上|带上|带|戴着|带着|佩戴|佩带|配上|配戴|"
        "换上|穿戴|戴个|戴一副|戴一顶|戴副|戴顶|带个|带副|带顶|带一副|带一顶|戴了|戴一个|载上|戴好|戴起",
    ),
    (
        Kind.DRESS,
        "",
        "dressed in|dress in|wearing a new|穿|穿上|穿着|穿件|穿一件|身穿|身着|穿了|穿成|套一件|穿一身|穿身",
    ),
    (
        Kind.BLUR,
        "",
        "blur|blur out|blurs|blurred|blurry|blurring|blured|blury|smudge|模糊|模糊化|模糊处理|弄模糊|变模糊|"
        "打模糊|高斯模糊|糊|模糊掉|虚",
    ),
    (
        Kind.BLUR,
        "bokeh",
        "bokeh|defocus|out of focus|depth of field|shallow depth of field|虚化|景深|背景虚化效果|散景|"
        "景深效果|虚化处理|虚化掉",
    ),
    (
        Kind.PIXELATE,
        "",
        "pixelate|pixelated|pixelates|pixelise|pixelize|pixellate|mosaic|mosaics|censor|censored|打码|打上码|"
        "打马赛克|打上马赛克|马赛克|像素化|加马赛克|加上马赛克|打个码|打个马赛克|加码|码|上码|打马|码掉|"
        "马赛克处理|打码处理|打了码",
    ),
    (
        Kind.HIDE,
        "",
        "hide|cover|obscure|anonymize|anonymise|conceal|遮住|遮挡|挡住|遮|隐藏|盖住|挡|遮掉|遮盖|匿名化|挡一下|遮一下",
    ),
    (
        Kind.CUT_OUT,
        "",
        "cut out|cutout|cut-out|matting|isolate|extract|抠图|抠出|抠像|抠人像|抠出来|抠|去底|去背|扣图|"
        "抠出人像|扣出来|抠下来|抠个图|只保留人物|只留人物|只要人物|只保留人|只留人|只留下人物|只保留主体|"
        "只留主体|只要人|保留人物即可|只保留人像|只要人像|keep only the person|keep only the people|"
        "keep only the subject|only keep the person|only keep the subject|keep just the person|"
        "keep just the subject",
    ),
    (
        Kind.CROP,
        "",
        "crop|crops|cropped|cropping|trim|cut|裁剪|裁切|裁|裁成|剪裁|裁剪成|裁剪为|裁剪到|裁到|裁为|截取|"
        "截成|剪成|截|裁切成|裁切为|裁一下|剪|裁掉成|✂",
    ),
    (Kind.TURN, "", "rotate|rotates|rotated|rotating|rotation|spin|旋转|转|转动|旋转一下|转一下|转个|🔄|↩|↪"),
    (Kind.FLIP, "", "flip|flips|flipped|flipping|翻转|反转|翻|翻一下|翻转一下|反过来|翻过来|对调"),
    (Kind.FLIP, "mirror", "mirror|mirrored|mirroring|mirror image|镜像|镜像翻转|镜像一下|镜面翻转|镜像处理|↔"),
    (
        Kind.RESIZE,
        "",
        "resize|resizes|resized|resizing|scale|rescale|size|dimensions|dimension|resolution|尺寸|大小|分辨率|"
        "缩放|缩放到|缩放为|缩放成|图片大小|图片尺寸|图像大小|照片尺寸|照片大小|像素尺寸|按比例缩放|等比缩放|"
        "等比例缩放",
    ),
    (
        Kind.ENLARGE,
        "",
        "enlarge|enlarged|upscale|upscaled|upscaling|upsize|magnify|blow up|scale up|upsample|放大|放大到|"
        "放大为|放大成|扩大|扩大到|无损放大|高清放大|放大一下|🔍|🔎",
    ),
    (
        Kind.CLEAR,
        "",
        "hd|high definition|high-definition|hi-res|high res|high resolution|higher resolution|clear|clearer|"
        "enhance|enhance quality|enhance the quality|higher quality|better quality|quality|improve quality|"
        "improve the quality|improve resolution|improve the resolution|increase the resolution|"
        "increase resolution|super resolution|super-resolution|deblur|remove blur|remove the blur|unblur|"
        "高清|高清化|超清|清晰|变清晰|变得清晰|清楚|画质|提升画质|增强画质|画质增强|画质提升|提高画质|"
        "改善画质|超分|超分辨率|超分辨|去模糊|提高分辨率|提升分辨率|高分辨率|高清晰|高画质|高清图|高清照片|"
        "变高清|清晰化|高质量|质量|画质修复|提高质量|提升质量",
    ),
    (
        Kind.SHRINK,
        "",
        "shrink|shrinks|shrunk|downscale|downsize|scale down|reduce the size|reduce size|reduce in size|"
        "make smaller|缩小|缩小到|缩小为|缩成|缩小成|缩小至|缩到|缩",
    ),
    (
        Kind.VECTORISE,
        "",
        "vectorise|vectorize|vectorised|vectorized|vector|vectors|svg|vector graphic|vector image|vector art|"
        "svg file|矢量化|矢量|矢量图|转矢量|svg格式|svg文件|svg图|矢量图形|矢量格式|转svg",
    ),
    (
        Kind.NOT,
        "",
        "don't|dont|do not|does not|not|no|never|without|avoid|cannot|can't|shouldn't|should not|must not|"
        "isn't|doesn't|不要|别|不用|不必|不需要|勿|请勿|禁止|不|无|没有|无需|不可以|不能|不想|不得|不许|切勿|"
        "千万别|没|不再|不带|不想要|别给",
    ),
    (
        Kind.KEEP,
        "",
        "keep|keeps|keeping|kept|leave|leaving|preserve|preserving|maintain|retain|保持|保留|维持|保证|"
        "保持住|保住|留着",
    ),
    (
        Kind.UNCHANGED,
        "",
        "unchanged|as is|as it is|as they are|intact|alone|untouched|unaltered|unmodified|don't touch|"
        "do not touch|don't change|do not change|without changing|don't alter|do not alter|don't modify|"
        "do not modify|without touching|without affecting|without altering|without modifying|dont change|"
        "dont touch|unaffected|don't affect|not change|should not change|not be changed|不变|不动|原样|不改|"
        "不改变|别动|不要动|不要变|不要改|不要改变|别改|别变|不用动|不用改|不能变|不能改|不要修改|不修改|"
        "不要更改|不受影响|不要影响|不影响|原来的样子|不要改动|不要有变化|别改变|不作改变|不做改变|不做改动|"
        "不许动|不要碰|别碰|保持不变|维持不变|保持原样|勿动|一致|保持一致",
    ),
    (
        Kind.ALSO,
        "",
        "also|as well|likewise|same|the same|ditto|same for|same with|the same for|the same with|的话也|也|"
        "也是|也一样|也要|同样|也变|一样|同理|亦然|也同样|也是如此|也这样|也改|也换",
    ),
    (Kind.TOO, "", "太|过于|过|过分|有点太|太过|过度|有点太过"),
    (Kind.ENOUGH, "", "enough|不够|不太|不怎么|欠"),
    (Kind.ALSO, "too", "too"),
    (Kind.WITH, "", "with"),
    (
        Kind.AND,
        "",
        "and|和|跟|与|及|以及|还有|&|plus|as well as|并|并且|且|又|+|同时|并同时|而且|along with|"
        "together with|、|/|连同|外加|又要",
    ),
    (Kind.COMMA, "", ",|but|但|但是|不过|而|while|whereas|只是|然而|可是|同时要"),
    (
        Kind.THEN,
        "",
        "then|and then|after that|afterwards|next|finally|lastly|firstly|secondly|first of all|also please|"
        "besides|additionally|in addition|furthermore|moreover|然后|再|接着|之后|随后|最后|首先|其次|另外|"
        "此外|还要|还|再把|再给|然后再|顺便|接下来|先|并再|之后再|最后再|另|外加上|再来|再次|again|once more",
    ),
    (Kind.STOP, "", ".|。|!|?|\n|;|…|⋯|••|•|·"),
)

# kind, name, number, words
TONES: tuple[tuple[Kind, str, float, str], ...] = (
    (Kind.ADJECTIVE, "brightness", 1, "brighter|bright|lighter|亮|明亮|亮堂|变亮|亮起来|提亮些|亮亮的|光亮|☀"),
    (Kind.ADJECTIVE, "brightness", -1, "darker|dark|dimmer|dim|暗|变暗|昏暗|阴暗|暗沉|黯淡|gloomy|gloomier"),
    (Kind.ADJECTIVE, "contrast", 1, "contrasty|punchy|punchier|more contrasted"),
    (
        Kind.ADJECTIVE,
        "saturation",
        1,
        "vivid|vibrant|colorful|colourful|saturated|鲜艳|鲜艳些|艳丽|浓郁|鲜明|艳|多彩|浓烈",
    ),
    (
        Kind.ADJECTIVE,
        "saturation",
        -1,
        "muted|desaturated|dull|duller|less colorful|faded|清淡|素雅|淡雅|暗淡|灰暗|寡淡",
    ),
    (
        Kind.ADJECTIVE,
        "warmth",
        1,
        "warmer|warm|暖|温暖|暖色|暖色调|暖和|偏暖|暖调|warm tone|warm tones|warmer tone|warm-toned|变暖|暖色系",
    ),
    (
        Kind.ADJECTIVE,
        "warmth",
        -1,
        "cooler|colder|cold|冷|冷色|冷色调|偏冷|冷调|cool tone|cool tones|cooler tone|cool-toned|变冷|清冷|"
        "冷色系|cooler tones",
    ),
    (Kind.ADJECTIVE, "sharpen", 1, "sharper|sharp|crisp|crisper|锐利|锐"),
    (
        Kind.ADJUSTING,
        "brightness",
        1,
        "brighten|brightens|brighten up|brightening|lighten|lighten up|light up|提亮|增亮|调亮|加亮|打亮|"
        "弄亮|搞亮|调明亮|补光",
    ),
    (Kind.ADJUSTING, "brightness", -1, "darken|darkens|darkening|调暗|压暗|弄暗|减暗|搞暗"),
    (Kind.ADJUSTING, "sharpen", 1, "sharpen|sharpens|sharpening|锐化|锐化一下|锐化处理"),
    (
        Kind.ADJUSTING,
        "denoise",
        1,
        "denoise|denoising|noise reduction|reduce noise|reduce the noise|remove noise|remove the noise|"
        "remove grain|remove the grain|reduce grain|降噪|去噪|去噪点|去除噪点|消除噪点|减噪|降低噪点|"
        "去掉噪点|减少噪点|去除噪声|降噪处理|去噪声|less noise|less grain|less noisy|less grainy",
    ),
    (Kind.ADJUSTING, "saturation", -1, "desaturate|desaturates"),
    (Kind.ADJUSTING, "saturation", 1, "saturate"),
    (Kind.ADJUSTING, "warmth", 1, "warm up|调暖"),
    (Kind.ADJUSTING, "warmth", -1, "cool down|调冷"),
    (Kind.QUALITY, "brightness", 1, "brightness|exposure|亮度|曝光|曝光度|明度|明亮度"),
    (Kind.QUALITY, "contrast", 1, "contrast|对比度|对比|反差|明暗对比"),
    (
        Kind.QUALITY,
        "saturation",
        1,
        "saturation|vibrance|color saturation|colour saturation|饱和度|饱和|色彩饱和度|鲜艳度|颜色饱和度|色彩浓度",
    ),
    (Kind.QUALITY, "warmth", 1, "warmth|color temperature|colour temperature|色温|暖度"),
    (Kind.QUALITY, "sharpen", 1, "sharpness|clarity|清晰度|锐度|锐利度"),
    (
        Kind.MORE,
        "",
        1,
        "increase|increases|increased|increasing|raise|raised|boost|boosted|more|up|turn up|bump up|bump|"
        "crank up|higher|high|improve|push",
    ),
    (
        Kind.MORE,
        "",
        1,
        "提高|提升|增加|增强|增大|加强|加大|调高|调大|拉高|升高|高|强|上调|调强|加深|大幅提高|高点|高一点|拉大|增|升",
    ),
    (
        Kind.LESS,
        "",
        -1,
        "decrease|decreases|decreased|reduce|reduced|lower|less|down|turn down|drop the|tone down|weaken|low|"
        "dial down|bring down",
    ),
    (Kind.LESS, "", -1, "降低|减少|减弱|减小|调低|调小|拉低|低|弱|下调|减|降|减轻|低点|低一点|大幅降低"),
    (Kind.SHADE, "light", 0, "light|浅|淡|浅色|淡色"),
    (Kind.SHADE, "dark", 0, "深|深色"),
    (Kind.SHADE, "deep", 0, "deep|浓"),
    (Kind.SHADE, "pale", 0, "pale|pastel|嫩"),
    (Kind.SHADE, "bright", 0, "鲜"),
)
