"""What is refused, and the words the refusal quotes. Nothing of these instructions may be carried out."""

import pytest

from openhearth.engines.edit_image.plan import NotUnderstood
from openhearth.engines.edit_image.words import parse

# instruction => quoted words
TABLE = """
加一只猫 => 加一只猫
加一只可爱的猫 => 加一只可爱的猫
add a cat => add a cat
add a cat to the picture => add a cat
变成老人 => 变成老人
让他微笑 => 他微笑
make her smile => smile
make him look older => older
变年轻 => 变年轻
去掉眼镜 => 去掉眼镜
摘掉墨镜 => 摘掉墨镜
不要眼镜 => 不要眼镜
remove the glasses => remove the glasses
take off the sunglasses => take off the sunglasses
把眼镜换成墨镜 => 眼镜换成墨镜
把墨镜换成红色 => 墨镜换成红色
change the hat to red => change the hat to red
去掉帽子 => 去掉帽子
remove his hat => remove his hat
给那个女人戴墨镜 => 那个女人
give the man a hat => give the man
把男生的衣服换成红色 => 男生
给小孩戴帽子 => 小孩
第二个女人戴帽子 => 第二个女人
戴眼镜的人打码 => 戴眼镜的人打码
穿红衣服的人戴墨镜 => 穿红衣服的人
the person with glasses gets a hat => person with glasses
blur the face of the person wearing a hat => person wearing a hat
换成红色连衣裙 => 换成红色连衣裙
换上黑色西装 => 换上黑色西装
穿西装 => 穿西装
wear a red dress => wear a red dress
change the shirt to a red dress => change the shirt to a red dress
put on a suit => put on a suit
换衣服 => 换衣服
change clothes => change clothes
换背景 => 换背景
背景换成海边 => 背景换成海边
change the background to a beach => change the background to a beach
replace the background with mountains => replace the background with mountains
去掉左边的人 => 去掉左边的人
remove the person on the right => remove the person on the right
去掉路人 => 去掉路人
衣服亮一点 => 衣服亮一点
make the shirt brighter => make the shirt brighter
头发变成黑白 => 头发变成黑白
make only the hair black and white => make only the hair black and white
人物亮一点 => 人物亮一点
脸白一点 => 脸白一点
皮肤美白 => 皮肤美白
美颜 => 美颜
换个发型 => 换个发型
长发 => 长发
裁剪 => 裁剪
crop it => crop it
旋转 => 旋转
rotate the picture => rotate the picture
翻转 => 翻转
flip => flip
打码 => 打码
pixelate => pixelate
缩小 => 缩小
resize => resize
放大3倍 => 放大3倍
upscale 8x => upscale 8x
放大50% => 放大50%
加文字 => 加文字
add text hello => add text
写上生日快乐 => 写上生日快乐
把“A”改成“B” => “A”改成“B”
除了脸都变成黑白 => 除了脸都变成黑白
everything black and white except the face => except the face
换成红色 => 换成红色
make it red => make it red
红色 => 红色
衣服 => 衣服
衣服换成红色和蓝色 => 蓝色
make the shirt red or blue => or blue
条纹衣服 => 条纹衣服
渐变背景 => 渐变背景
变成动漫风格 => 变成动漫
ghibli style => ghibli
水彩画 => 水彩画
变成证件照 => 变成证件照
天空换成红色 => 天空换成红色
make the sky pink => make the sky pink
亮度150% => 亮度150%
亮度调到50% => 亮度调到50%
set brightness to 50% => set brightness to 50%
旋转360度 => 旋转360度
从右数第二个人戴帽子 => 从右数第二个人
the second person from the right wears a hat => second person from the right
把左边的文字去掉 => 左边
在左边加文字"你好" => 左边加文字"你好"
模糊左边的人 => 模糊左边的人
blur the person on the left => blur the person on the left
不要模糊 => 不要模糊
don't blur the face, blur the faces => don't blur the face
衣服换成红色，衣服不变 => 衣服不变
make the shirt red, keep the shirt unchanged => keep the shirt unchanged
变成黑白，保持脸不变 => 保持脸不变
don't blur and darken => darken
衣服变红，它亮一点 => 它亮一点
change the shirt to red and make it darker => make it darker
头发也是 => 头发也是
qwerty => qwerty
你能做什么？ => 什么
what can you do => what
帮我修一下图 => 修
把车牌打码 => 车牌打码
blur the license plate => license plate
衣服换成红色，然后飞起来 => 飞
make the shirt red and fly => fly
戴圣诞帽 => 戴圣诞帽
add a cowboy hat => add a cowboy hat
加胡子 => 加胡子
让他举起手 => 他举起手
把手去掉 => 手去掉
让背景更有氛围感 => 背景更有氛围感
make it pop => make it pop
更有高级感 => 更有高级感
加个边框 => 加个边框
add a border => add a border
去掉背景里的人 => 人
更清晰更自然 => 自然
extend the image => extend
扩图 => 扩
下载图片 => 载
不要太亮 => 不要太亮
背景太乱了，虚化一下 => 背景太乱
嘴唇颜色换成豆沙色 => 嘴唇颜色换成豆沙色
把帽子摘了 => 帽子摘
把眼睛变大 => 眼睛变大
让她笑一笑 => 她笑一笑
把背景换成沙滩 => 背景换成沙滩
把他变成超人 => 他变成超人
帮我美颜一下 => 美颜
换成西装 => 换成西装
给他穿上黑色西装 => 他穿上黑色西装
把左边的人去掉 => 左边的人去掉
把后面的路人P掉 => 后面的路人P掉
加一个相框 => 加一个相框
给那个女生戴帽子 => 那个女生
腿拉长一点 => 腿拉长一点
变成宫崎骏风格 => 变成宫崎骏
把图片变成4K => 变成4K
make the hat red => make the hat red
make the hat on the left red => make the hat on the left red
add 2 hats => add 2
把背景的树去掉 => 背景的树去掉
衣服换个颜色 => 衣服换个
换个颜色 => 换个
好看一点 => 看一点
衣服换成红色或者蓝色 => 或者蓝色
用AI扩展画面 => 用AI扩展
把文字“你好”改成“再见” => 文字“你好”改成“再见”
put some cool sunglasses on her => put some cool
make the colors pop more => make the colors pop more
could you blur everybody's faces for privacy => privacy
save as svg => save
make me look younger => make me look younger
remove the glasses from his face => remove the glasses from his face
remove the person in the back => remove the person in the back
change the background to paris => change the background to paris
add a dog next to me => add a dog
make him smile => smile
make the woman's dress red => make the woman
put him in a suit => put him in a suit
zoom in on the face => zoom in on the face
make the eyes blue => make the eyes blue
make it cinematic => make it cinematic
fix the lighting => fix
remove red eye => remove red eye
make my teeth whiter => teeth whiter
change the text "Hello" to "Bye" => "Bye"
make it look like van gogh painted it => make it look like van gogh painted
open her eyes => open her eyes
这个衣服的颜色不好看，换成藏蓝色吧 => 衣服的颜色不好看 | 换成藏蓝色
衣服颜色太深了，换浅蓝色 => 衣服颜色太深 | 换浅蓝色
帮我做个透明底的png => png
照片黑白化 => 化
给左边第二个人戴口罩 => 左边第二个人
背景虚化程度大一点 => 大一点
图片压缩到500k => 压缩到500k
图片改为1:1，加白边 => 加白边
把西装颜色换成灰色，领带换成红色 => 领带换成红色
把脸P白一点 => 脸P白一点
把他的脸换成我的脸 => 他的脸 | 脸
照片发黄，调冷一点 => 发黄
噪点太多，降噪 => 噪点太多
Change the suit to charcoal gray => gray
background removal => background removal
don't change anything except the shirt, make it red => don't change anything except
make the jacket black but don't touch the face or the background => or the background
衣服换成红色，左边的人不变 => 左边的人不变
make the shirts red but keep the person on the left unchanged => keep the person on the left unchanged
change the guy's shirt on the right to green => change the guy
red t-shirt => red t-shirt
make it black and white but keep the person on the left unchanged => keep the person on the left unchanged
"""
CASES = [line.split(" => ") for line in TABLE.strip().splitlines()]

# instruction => a piece of the reason
REASONS = """
去掉眼镜 => 不知道下面是什么
take off the sunglasses => what is already worn
给那个女人戴墨镜 => 无法分辨性别
give the man a hat => cannot tell men from women
给小孩戴帽子 => 无法分辨年龄
the person with glasses gets a hat => cannot tell people by what they wear
add a cat => invents nothing new
变成老人 => 无法分辨年龄
让他微笑 => 不会凭空生成
换上黑色西装 => 不能换上别的衣服
change the shirt to a red dress => cannot put on other garments
把“A”改成“B” => 不能原地改字
放大3倍 => 只能放大 2 倍或 4 倍
crop it => Say the ratio
旋转 => 请说明转多少
flip => horizontally
加文字 => 引号
make it red => Say what gets this colour
change clothes => Say which colour
换背景 => 背景可以去掉
remove the person on the right => nothing else
衣服亮一点 => 只能改颜色
人物亮一点 => 只能调整整张图
亮度调到50% => 增减多少
亮度150% => 0 到 100%
从右数第二个人戴帽子 => 人从左往右数
模糊左边的人 => 不能处理整个人
变成黑白，保持脸不变 => 无法同时满足
don't blur and darken => sentence of its own
change the shirt to red and make it darker => the picture or what was named before
条纹衣服 => 不能加图案
除了脸都变成黑白 => 排除在外
"""


@pytest.mark.parametrize(("instruction", "words"), CASES)
def test_refusal_quotes_what_has_no_place(instruction: str, words: str) -> None:
    with pytest.raises(NotUnderstood) as caught:
        parse(instruction, pictures=3)
    assert caught.value.words == tuple(words.split(" | "))
    assert all(f"“{word}”" in caught.value.message for word in words.split(" | ")[:5])


@pytest.mark.parametrize(("instruction", "reason"), [line.split(" => ") for line in REASONS.strip().splitlines()])
def test_refusal_says_why(instruction: str, reason: str) -> None:
    with pytest.raises(NotUnderstood) as caught:
        parse(instruction)
    assert reason in caught.value.message


def test_refusal_speaks_the_language_of_the_instruction() -> None:
    with pytest.raises(NotUnderstood) as chinese:
        parse("把shirt变成机器人")
    with pytest.raises(NotUnderstood) as english:
        parse("turn the shirt into a robot")
    assert "能做的有" in chinese.value.message
    assert "I know: colours of clothes" in english.value.message
    assert len(english.value.message) < 900


def test_a_half_understood_instruction_is_refused_as_a_whole() -> None:
    with pytest.raises(NotUnderstood) as caught:
        parse("衣服换成红色，加一只小狗，放大两倍")
    assert caught.value.words == ("加一只小狗",)
    assert caught.value.status == 400
    assert caught.value.code == "instruction_not_understood"


@pytest.mark.parametrize("instruction", ["", "   ", "\n", "please", "谢谢", "🙏", "the picture", "。。。"])
def test_an_instruction_without_a_wish_is_refused_with_the_list(instruction: str) -> None:
    with pytest.raises(NotUnderstood) as caught:
        parse(instruction)
    assert caught.value.words == ()
    assert "sunglasses" in caught.value.message or "墨镜" in caught.value.message
