"""Words that carry no wish: politeness, articles, particles, decoration. Only what stands here may be passed over.

``PHRASES`` are single words that stand for several: 金发 is gold and hair.
"""

FILLERS: tuple[str, ...] = (
    # English politeness and framing
    "please|pls|plz|kindly|could|can|would|will|you|your|i|i'd|i'll|i'm|we|us|me|let|let's|lets|want|"
    "wanna|wants|like|love|need|needs|just|only|simply|help|help me|hi|hello|hey|thanks|thank you|thank|"
    "thx|ok|okay|now|so|then please|should|must|has to|have to|have|has|had|try|try to|go ahead|edit|"
    "edits|edited|edit my|editing|modify|adjust|adjusted|adjustment|tweak|photoshop|do|does|did|that|"
    "which|is|are|am|be|been|being|was|were|would like|i want|i would like|i'd like|if possible|possible|"
    "for me|maybe|perhaps|bro|sir|dear|ai|assistant|",
    # English articles, prepositions and light nouns
    "a|an|the|this|these|those|to|into|in|of|on|onto|at|for|from|by|as|'s|s'|all|every|each|both|over|"
    "there|here|very own|own|whole|entire|overall|full|look|looks|looking|appear|appears|seem|seems|"
    "version|effect|effects|filter|filters|style|styled|art style|mode|format|form|image file|file|piece|"
    "pair|pair of|couple of|kind of|type of|sort of|shade of|instead|instead of that|current|existing|"
    "given|attached|uploaded|provided|following|above|my picture|my photo|region|area|part|parts|section|"
    "corner|side of|visible|shown|seen|present|get|getting|feel|feeling|vibe|tinted|coloured|colored|"
    "color of|ratio|aspect ratio|aspect|proportion|orientation|degree mark|direction|pixels size|factor|"
    "factor of|times larger|level|levels|value|amount|around|itself|somehow|any|operation|"
    "following edits|changes to make|following changes|such that|so that|in order to|transformation|"
    "appearance|it be|job|task|that is|which is|where|老师|师傅|大神|大佬|亲|朋友|小助手|请|请你|请把|"
    "请将|请给|请帮|请帮我|帮|帮我|帮忙|帮我把|帮我给|麻烦|麻烦你|麻烦把|劳烦|拜托|烦请|我|我要|我想|"
    "我想要|我想把|我希望|我需要|想|想要|要|需要|希望|你|您|您好|你好|能|能不能|能否|可以|可否|可不可以|"
    "能帮我|谢谢|谢谢你|谢了|感谢|多谢|好吗|行吗|可以吗|行不行|好不好|好的|好|嗯|吗|吧|呢|啊|呀|哦|噢|嘛|"
    "哈|哈哈|啦|咯|哟|喽|一下|下|试试|试一下|看看|快|赶紧|直接|给我|给我把|让我|现在|目前|应该|必须|一定|"
    "务必|只|只要|只需|只需要|仅|仅仅|就|就行|就好|就可以|即可|就是|都|全|全都|统统|全部|全部都|一起|"
    "一并|分别|所有|所有的|每个|每张|各|来|去帮|可能的话|如果可以|",
    # Chinese particles, light verbs and nouns
    "把|将|给|让|使|叫|令|为|的|地|得|了|着|过的|是|成|到|至|在|于|里|里的|里面|里面的|中|中的|内|上|"
    "上的|上面|上面的|下来|起来|出来|出|掉|身上|身上的|身上穿的|穿的|头上|头上的|眼睛上|鼻子上|手上|这|"
    "这个|这张|这幅|这些|那|那些|那张|此|该|本|某|张|个|一个|一种|一张|一副|一顶|一件|一条|一只|一款|"
    "一双|副|顶|件|条|只|种|款|双|幅|位|几个|的话|图片中|图片里|图片上|照片中|照片里|照片上|画面中|"
    "画面里|图上|图片中的|照片中的|图中的|画面中的|图里的|照片里的|图片里的|图片上的|照片上的|图上的|"
    "画面上的|图片的|照片的|图片当中|看起来|看上去|显得|感觉|效果|特效|滤镜|风格|风|样子|模样|样式|模式|"
    "格式|版本|版|比例|的比例|方向|状态|程度|氛围|调子|质感|部分|部位|区域|位置|地方|处|左右两侧|旁边|"
    "进行|加以|予以|实现|完成|操作|编辑|修图|p图|p|ps|制作|弄一下|做一下|搞一下|做|做个|做一个|做出|"
    "来一张|出一张|生成一张|得到|输出|返回|加工|成为|作|做下|弄下|改下|帮下|原来的|原来|原本的|原本|原先|"
    "原先的|原有的|原有|现有的|现在的|从|由|对|对于|关于|针对|按|按照|以|倍数|角度|度数|数值|调节|方式|"
    "形式|大概|大约|左右吧|差不多|即|变一下|换下|纯色|纯|solid|plain|颜色的|颜色为|单一|系|款式的|文件|整个的|全身|"
    "整体的|",
    # signs and decoration
    " |:|(|)|[|]|{|}|~|-|–|—|->|=>|=|>|→|*|_|`|#|@|^|。。|~~|》|《|【|】|<|",
    "😀|😄|😊|😁|😂|🤣|😍|🥰|😘|😉|😆|😃|😅|😇|🤩|🙂|😋|😜|🤗|🤔|🥺|😭|😢|🙏|👍|👌|💪|✌|👏|🤝|🙌|👋|✨|"
    "🌟|⭐|🎉|🎊|🎨|🖌|❤|💕|💖|💗|♥|❗|❓|‼|❕|💯|🔥|💡|👉|👇|✅|✔|🚀|🌈|💫|🎁|😏|🤪|",
)

# word, the words it stands for
PHRASES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("金发", ("金色", "头发")),
    ("黑发", ("黑色", "头发")),
    ("白发", ("白色", "头发")),
    ("红发", ("红色", "头发")),
    ("银发", ("银色", "头发")),
    ("蓝发", ("蓝色", "头发")),
    ("棕发", ("棕色", "头发")),
    ("粉发", ("粉色", "头发")),
    ("紫发", ("紫色", "头发")),
    ("绿发", ("绿色", "头发")),
    ("灰发", ("灰色", "头发")),
    ("红唇", ("红色", "嘴唇")),
    ("白底", ("白色", "背景")),
    ("白底色", ("白色", "背景")),
    ("红底", ("红色", "背景")),
    ("蓝底", ("蓝色", "背景")),
    ("黑底", ("黑色", "背景")),
    ("绿底", ("绿色", "背景")),
    ("灰底", ("灰色", "背景")),
    ("黄底", ("黄色", "背景")),
    ("粉底", ("粉色", "背景")),
    ("绿幕", ("绿色", "背景")),
    ("红衣", ("红色", "衣服")),
    ("白衣", ("白色", "衣服")),
    ("黑衣", ("黑色", "衣服")),
    ("染发", ("染", "头发")),
    ("左转", ("转", "向左")),
    ("右转", ("转", "向右")),
    ("向左转", ("转", "向左")),
    ("向右转", ("转", "向右")),
    ("左旋", ("转", "向左")),
    ("右旋", ("转", "向右")),
    ("去水印", ("去", "水印")),
    ("去文字", ("去", "文字")),
    ("去字", ("去", "文字")),
    ("去背景", ("去", "背景")),
    ("抠背景", ("去", "背景")),
    ("半", ("一半",)),
    ("亮点", ("亮", "一点")),
    ("全脸", ("脸",)),
    ("后面的背景", ("背景",)),
    ("身后的背景", ("背景",)),
    ("后边的背景", ("背景",)),
    ("后方的背景", ("背景",)),
    ("偏暗", ("太", "暗")),
    ("偏亮", ("太", "亮")),
    ("blond hair", ("blonde", "hair")),
    ("blonde hair", ("blonde", "hair")),
    ("de-noise", ("denoise",)),
    ("左右翻转", ("翻转", "左右")),
    ("greenscreen", ("green", "background")),
    ("green screen", ("green", "background")),
)
