"""Chinese instructions and the plans they mean. The notation is that of ``notation.py``."""

import pytest

from openhearth.engines.edit_image.words import parse
from tests.engines.notation import short

# instruction => plan
TABLE = """
衣服换成红色,并且带上墨镜🕶 => outfit=红色; +sunglasses
衣服换成红色，并且戴上墨镜 => outfit=红色; +sunglasses
衣服换成红色 => outfit=红色
把衣服换成红色 => outfit=红色
请把衣服的颜色换成红色 => outfit=红色
请帮我把照片里的衣服改成蓝色，谢谢 => outfit=蓝色
上衣变成深蓝色 => top=深蓝色
把上衣改为浅绿 => top=浅绿
外套换成酒红色 => top=酒红色
衬衫变白 => top=白
T恤换成黑色 => top=黑色
毛衣改成米色 => top=米色
西装换成藏青色 => outfit=藏青色
把连衣裙变成紫色 => outfit=紫色
裙子变成粉色 => outfit=粉色
裤子换成卡其色 => trousers=卡其色
牛仔裤变成黑色 => trousers=黑色
头发染成金色 => hair=金色
把头发染红 => hair=红
染发成棕色 => hair=棕色
头发变成银灰色 => hair=银灰色
金发 => hair=金色
嘴唇涂成大红色 => lips=大红色
口红换成玫红色 => lips=玫红色
涂红色口红 => lips=红色
把口红颜色改成正红色 => lips=正红色
衣服和头发都换成蓝色 => outfit=蓝色; hair=蓝色
把衣服、裤子、头发都变成黑色 => outfit=黑色; trousers=黑色; hair=黑色
把衣服和裤子都变成黑色 => outfit=黑色; trousers=黑色
衣服换成红色,头发也是 => outfit=红色; hair=红色
衣服变成蓝色，头发也一样 => outfit=蓝色; hair=蓝色
衣服换成红色，裤子换成黑色，头发染成金色 => outfit=红色; trousers=黑色; hair=金色
红色上衣，蓝色裤子 => top=红色; trousers=蓝色
上衣红色裤子蓝色 => top=红色; trousers=蓝色
把红色的衣服换成蓝色 => outfit=蓝色
把白色上衣改成黑色的 => top=黑色
衣服从白色变成红色 => outfit=红色
衣服换成红色的衣服 => outfit=红色
换成红色衣服 => outfit=红色
换件红色的衣服 => outfit=红色
衣服：红色；裤子：黑色 => outfit=红色; trousers=黑色
衣服换成#ff0000 => outfit=#ff0000
把衣服的颜色改成 rgb(12, 34, 56) => outfit=rgb(12, 34, 56)
衣服换成深一点的蓝色 => outfit=深蓝色
衣服改成淡紫色 => outfit=淡紫色
衣服换成天蓝色 => outfit=天蓝色
让他的衣服变成绿色 => outfit=绿色
给她换成黄色的衣服 => outfit=黄色
她的头发染成粉色 => hair=粉色
左边的人衣服换成红色 => outfit=红色@left
把右边那个人的头发染成金色 => hair=金色@right
第二个人的上衣变成白色 => top=白色@2
第3个人头发变成蓝色 => hair=蓝色@3
中间的人衣服换成黑色 => outfit=黑色@middle
最左边的人裤子变成灰色 => trousers=灰色@left
左边的人衣服换成红色，右边的换成蓝色 => outfit=红色@left; outfit=蓝色@right
左边的人戴墨镜，衣服换成红色 => +sunglasses@left; outfit=红色@left
左边的人和右边的人衣服都换成红色 => outfit=红色@left; outfit=红色@right
所有人的衣服换成白色 => outfit=白色
大家都穿红色的衣服 => outfit=红色
左数第二个人衣服换成绿色 => outfit=绿色@2
从左数第二个人的头发变成红色 => hair=红色@2
左边的人换成红色衣服。头发染成黑色 => outfit=红色@left; hair=黑色
戴上墨镜 => +sunglasses
带上墨镜 => +sunglasses
给他戴上太阳镜 => +sunglasses
给我加一副墨镜 => +sunglasses
加个墨镜 => +sunglasses
加墨镜🕶️ => +sunglasses
🕶 => +sunglasses
来一副眼镜 => +glasses
戴眼镜 => +glasses
戴红色的帽子 => +hat:红色
加一顶黑色帽子 => +hat:黑色
戴帽子和口罩 => +hat; +mask
戴上蓝色口罩😷 => +mask:蓝色
给所有人戴上口罩 => +mask
给第二个人戴口罩 => +mask@2
给左边的人戴上墨镜🕶 => +sunglasses@left
给左边的人戴墨镜，右边的人也戴 => +sunglasses@left; +sunglasses@right
左边的人戴墨镜，右边的人戴帽子 => +sunglasses@left; +hat@right
戴上墨镜，再戴一顶帽子🎩 => +sunglasses; +hat
墨镜，帽子，口罩 => +sunglasses; +hat; +mask
戴墨镜，红色的 => +sunglasses:红色
遮住脸，戴口罩 => faces:pixelate; +mask
去掉背景 => bg:remove
把背景去掉 => bg:remove
去除背景 => bg:remove
帮我抠图 => bg:remove
抠出人物 => bg:remove
背景透明 => bg:remove
透明背景 => bg:remove
把背景变成透明的 => bg:remove
换成透明底 => bg:remove
只保留人物 => bg:remove
不要背景 => bg:remove
背景换成白色 => bg=白色
白底 => bg=白色
换成蓝底 => bg=蓝色
白色背景 => bg=白色
把背景改为纯白 => bg=纯白
背景颜色换成浅灰色 => bg=浅灰色
把白色背景换成蓝色 => bg=蓝色
去掉背景，换成白色 => bg=白色
抠图，换白底 => bg=白色
背景和衣服都变成蓝色 => bg=蓝色; outfit=蓝色
背景换成第二张图 => bg:picture2
把背景换成图2 => bg:picture2
用第二张图做背景 => bg:picture2
用另一张图片作为背景 => bg:picture2
以第二张图片为背景 => bg:picture2
把第一张图的背景换成第二张图 => bg:picture2
背景虚化 => bg:blur0.5
虚化背景 => bg:blur0.5
背景模糊一点 => bg:blur0.35
背景稍微虚化 => bg:blur0.2
把背景虚化很多 => bg:blur0.75
背景变模糊 => bg:blur0.5
人物背景虚化 => bg:blur0.5
黑白 => style:black_and_white
变成黑白照片 => style:black_and_white
把图片变成黑白的 => style:black_and_white
转成素描风格 => style:sketch
变成卡通 => style:cartoon
加个怀旧滤镜 => style:sepia
复古风格 => style:sepia
做成油画效果 => style:oil
亮一点 => brightness+0.3
再亮一点 => brightness+0.3
图片亮一点 => brightness+0.3
把照片调亮 => brightness+0.3
稍微亮一点 => brightness+0.15
亮很多 => brightness+0.6
非常亮 => brightness+0.8
更亮一些 => brightness+0.3
暗一点 => brightness-0.3
调暗一些 => brightness-0.3
太暗了 => brightness+0.3
照片太亮了 => brightness-0.3
不够亮 => brightness+0.3
提高亮度 => brightness+0.3
亮度提高20% => brightness+0.2
亮度+20% => brightness+0.2
亮度-15 => brightness-0.15
降低亮度 => brightness-0.3
亮度降低10%，对比度提高30% => brightness-0.1; contrast+0.3
对比度高一点 => contrast+0.3
增加对比度和饱和度 => contrast+0.3; saturation+0.3
对比度大一点 => contrast+0.3
饱和度低一点 => saturation-0.3
颜色鲜艳一点 => saturation+0.3
色彩更鲜艳 => saturation+0.3
暖一点 => warmth+0.3
色调暖一点 => warmth+0.3
冷色调 => warmth-0.3
锐化 => sharpen+0.3
降噪 => denoise+0.3
去噪点 => denoise+0.3
清晰一点 => sharpen+0.3
天空暗一点 => brightness-0.3@sky
背景暗一点 => brightness-0.3@background
背景虚化并且变暗 => blur+0.3@background; brightness-0.3@background
模糊图片 => blur+0.5
亮度调到最高 => brightness+1
人脸模糊 => faces:blur
人脸打码 => faces:pixelate
给脸打马赛克 => faces:pixelate
把所有人的脸打上马赛克 => faces:pixelate
左边的人打码 => faces:pixelate@left
给右边的人脸打码 => faces:pixelate@right
第二张脸打码 => faces:pixelate@2
把脸遮住 => faces:pixelate
把脸模糊掉 => faces:blur
裁剪成16:9 => crop:16:9
裁成1:1 => crop:1:1
裁成正方形 => crop:1:1
裁剪到人物 => crop:person
裁到人脸 => crop:face
裁成头像 => crop:1:1,face
按3:4比例裁剪 => crop:3:4
裁剪为16比9 => crop:16:9
16:9 => crop:16:9
裁剪成800x600 => crop:800:600; resize:800x600
竖版 => crop:3:4
向左旋转90度 => rotate:-90
顺时针旋转90度 => rotate:90
逆时针旋转45度 => rotate:-45
旋转180度 => rotate:180
向右转 => rotate:90
左转90度 => rotate:-90
旋转九十度 => rotate:90
倒过来 => rotate:180
左右翻转 => flip:horizontal
水平翻转 => flip:horizontal
上下翻转 => flip:vertical
垂直翻转图片 => flip:vertical
镜像 => flip:horizontal
缩放到800x600 => resize:800x600
尺寸改成1024*768 => resize:1024x768
缩小一半 => resize:0.5
缩小到50% => resize:0.5
缩小30% => resize:0.7
缩小到30% => resize:0.3
缩小到原来的三分之一 => resize:0.3333
宽度800 => resize:800x?
宽度改为800像素 => resize:800x?
高600 => resize:?x600
宽800高600 => resize:800x600
缩小两倍 => resize:0.5
放大两倍 => x2
放大四倍 => x4
放大到4倍 => x4
放大2x => x2
放大一倍 => x2
放大 => x2
放大200% => x2
高清 => x2
变清晰 => x2
变高清 => x2
提升画质 => x2
高清放大四倍 => x4
变清晰，放大两倍 => x2
分辨率提高两倍 => x2
加文字“你好” => text:你好|bottom
在顶部加上文字“生日快乐” => text:生日快乐|top
在右下角写上「张三」 => text:张三|bottom_right
加上白色文字"Hello World" => text:Hello World|bottom|白色
图片中间写“SALE”，红色，大字 => text:SALE|centre|红色|0.1
加水印"© 2024" => text:© 2024|bottom_right||0.04|0.5
加上满屏水印"内部资料" => text:内部资料|tiled||0.04|0.5
在左上角添加水印“OpenHearth” => text:OpenHearth|top_left||0.04|0.5
去水印 => untext
去掉水印 => untext
把水印去掉 => untext
去除右下角的水印 => untext@bottom_right
去掉文字 => untext
把文字去掉 => untext
去掉文字"ABC" => untext:ABC
把“限时优惠”这几个字去掉 => untext:限时优惠
去掉水印和背景 => untext; bg:remove
去掉水印和文字 => untext
无水印 => untext
去水印，背景和衣服变成蓝色 => untext; bg=蓝色; outfit=蓝色
转成SVG => svg
矢量化 => svg
转成SVG，再亮一点 => brightness+0.3; svg
衣服换成红色，保持脸不变 => outfit=红色
衣服换成红色，其他不变 => outfit=红色
衣服换成红色，不要改变脸 => outfit=红色
把背景换成白色，人物保持不变 => bg=白色
只改衣服颜色，换成绿色 => outfit=绿色
衣服換成紅色，並且戴上墨鏡 => outfit=紅色; +sunglasses
把頭髮染成藍色 => hair=藍色
去掉浮水印，裁剪成正方形 => untext; crop:1:1
把背景換成白色，然後放大兩倍 => bg=白色; x2
１．衣服换成红色；２．戴上墨镜 => outfit=红色; +sunglasses
1. 衣服变红 2. 戴帽子 => outfit=红; +hat
首先去掉背景，然后放大两倍，最后转成黑白 => bg:remove; x2; style:black_and_white
去掉背景放大两倍 => bg:remove; x2
麻烦你帮我把这张照片的背景虚化一下，再把人物的衣服换成红色吧，谢谢🙏 => bg:blur0.5; outfit=红色
衣服变红，头发变黑，背景变白 => outfit=红; hair=黑; bg=白
衣服换成red => outfit=red
把shirt换成蓝色 => top=蓝色
background换成白色, then 放大2x => bg=白色; x2
戴上sunglasses，再加个hat => +sunglasses; +hat
"""
CASES = [line.split(" => ") for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize(("instruction", "plan"), CASES)
def test_chinese_is_understood(instruction: str, plan: str) -> None:
    assert short(parse(instruction.replace("⏎", "\n"), pictures=3)) == plan
