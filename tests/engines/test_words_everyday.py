"""Instructions as people type them, kept apart from the tables that the rules were written against."""

import pytest

from openhearth.engines.edit_image.words import parse
from tests.engines.notation import short

# instruction => plan
TABLE = """
把我的衣服P成红色的 => outfit=红色
老师，帮我把背景换成蓝色的，谢谢啦 => bg=蓝色
可以帮我去掉这张图片上面的水印吗 => untext
能不能把这个人的头发变成紫色 => hair=紫色
这张照片有点暗，帮我调亮一点 => brightness+0.3
照片太暗了，亮一点 => brightness+0.3
给图片里的人戴个帽子吧 => +hat
我想要黑白的效果 => style:black_and_white
把图片弄成黑白 => style:black_and_white
帮我把后面的背景虚化 => bg:blur0.5
衣服改成绿色 头发改成黄色 => outfit=绿色; hair=黄色
给她戴上一副红色的太阳镜 => +sunglasses:红色
人像抠图，背景透明 => bg:remove
抠图，背景换成红色 => bg=红色
把人抠出来放到白色背景上 => bg=白色
换个白色的背景 => bg=白色
照片背景变成纯白色，人不要变 => bg=纯白色
裁剪成正方形头像 => crop:1:1,face
把图片裁成4:3的比例 => crop:4:3
图片往左转90度 => rotate:-90
把图片顺时针转90° => rotate:90
左右镜像一下 => flip:horizontal
把这张图放大4倍，要清晰 => x4
图片变清晰一点 => sharpen+0.3
把图片变得更清晰 => sharpen+0.3
提高清晰度 => sharpen+0.3
把图片尺寸改成1080x1920 => resize:1080x1920
改成宽1920像素 => resize:1920x?
图片缩小到原来的一半 => resize:0.5
在图片底部加一行字：“2024年夏天” => text:2024年夏天|bottom
在图片右上角加上文字“新品上市”，颜色用红色 => text:新品上市|top_right|红色
给图片加个水印“小王摄影” => text:小王摄影|bottom_right||0.04|0.5
把图上的文字都去掉 => untext
去掉图片中的“样品”两个字 => untext:样品
右下角水印去掉 => untext@bottom_right
帮我把所有人的脸都打上马赛克 => faces:pixelate
把左边那个人的脸打码 => faces:pixelate@left
把最右边的人脸模糊掉 => faces:blur@right
只给中间的人打码 => faces:pixelate@middle
左边那个人戴帽子，右边那个人戴墨镜 => +hat@left; +sunglasses@right
第一个人衣服换成红色，第二个人换成蓝色 => outfit=红色@1; outfit=蓝色@2
两个人的衣服都换成黑色 => outfit=黑色
口红换成大红色，头发染成亚麻色 => lips=大红色; hair=亚麻色
整体色调偏暖 => warmth+0.3
色调偏冷一点，对比度强一点 => warmth-0.3; contrast+0.3
颜色再鲜艳些 => saturation+0.3
饱和度降低一点，亮度提高一点 => saturation-0.3; brightness+0.3
增加一点对比度 => contrast+0.3
对比度+10，饱和度+20 => contrast+0.1; saturation+0.2
锐化一下，降噪 => sharpen+0.3; denoise+0.3
转成素描，然后转成svg => style:sketch; svg
来个复古风 => style:sepia
做成漫画风格 => style:cartoon
老照片效果 => style:sepia
天空调暗一点，背景虚化 => brightness-0.3@sky; bg:blur0.5
把衣服换成红色，不要动背景 => outfit=红色
衣服换成红色，其他地方保持不变 => outfit=红色
只把头发染成蓝色，其他都不要动 => hair=蓝色
换成蓝色背景，保持人物不变，图片清晰 => bg=蓝色; x2
can you make my shirt red pls => top=red
pls remove bg => bg:remove
change bg to white => bg=white
i want a white background => bg=white
Make background white and add sunglasses to the person => bg=white; +sunglasses
make him wear a red hat => +hat:red
can you add sunglasses to everyone in the picture => +sunglasses
turn this into black and white => style:black_and_white
black n white please => style:black_and_white
Convert this image to a pencil sketch => style:sketch
make it look like a cartoon => style:cartoon
give it a vintage look => style:sepia
it's too dark, brighten it up a bit => brightness+0.3
Brighten the image and increase contrast => brightness+0.3; contrast+0.3
make the photo warmer and a bit more saturated => warmth+0.3; saturation+0.3
increase saturation by 30% => saturation+0.3
turn down the brightness a little => brightness-0.3
reduce the brightness slightly and sharpen the image => brightness-0.15; sharpen+0.3
blur out the background => bg:blur0.5
blur the background more => bg:blur0.5
pixelate all the faces in this photo => faces:pixelate
blur the face on the left => faces:blur@left
remove the watermark from this image => untext
get rid of the text at the bottom => untext@bottom
remove all the text from the image => untext
please remove the words "Sample Only" => untext:Sample Only
crop this to 1:1 => crop:1:1
crop to a 16:9 aspect ratio => crop:16:9
crop the photo around the person => crop:person
make it a square image => crop:1:1
rotate the image 90 degrees clockwise => rotate:90
rotate this 180 degrees => rotate:180
flip the image horizontally => flip:horizontal
resize the image to 1024x1024 => resize:1024x1024
resize to 800 pixels wide => resize:800x?
scale it down to 50% => resize:0.5
reduce the size by half => resize:0.5
upscale this image 2x => x2
enlarge the image to 4x => x4
make it higher resolution => x2
Add "Happy Birthday" at the top in pink => text:Happy Birthday|top|pink
add text saying "Hello World" to the bottom of the image => text:Hello World|bottom
write "2024" in the bottom left corner in small white letters => text:2024|bottom_left|white|0.04
add a watermark saying "My Studio" => text:My Studio|bottom_right||0.04|0.5
vectorize this image => svg
change hair color to blonde => hair=blonde
change her hair to dark brown => hair=dark brown
give him blue hair => hair=blue
change the color of his pants to black => trousers=black
change the shirt's color to light blue => top=light blue
make everyone's shirt red => top=red
the left person should wear a mask => +mask@left
make the person in the middle wear a hat => +hat@middle
shirt should be navy blue and pants should be beige => top=navy blue; trousers=beige
turn the jacket red, leave everything else unchanged => top=red
change the dress to red but keep the background the same => outfit=red
make the sky a bit darker and the background a bit brighter => brightness-0.3@sky; brightness+0.3@background
remove background and crop to the person => bg:remove; crop:person
remove the background, make the shirt blue, add sunglasses, and upscale 2x => bg:remove; top=blue; +sunglasses; x2
把shirt变成red => top=red
background blur一下 => bg:blur0.5
帮我add一个sunglasses => +sunglasses
make 头发 金色 => hair=金色
remove水印，然后upscale 2倍 => untext; x2
把背景改成绿幕 => bg=绿色
人物抠出来 => bg:remove
把人物从背景中抠出来 => bg:remove
背景弄成黑色的，人物头发弄成白色 => bg=黑色; hair=白色
给图片整体调暖一点，然后裁成3:4 => warmth+0.3; crop:3:4
图片上下颠倒一下 => rotate:180
把图片旋转180° => rotate:180
逆时针转30度，再左右翻转 => rotate:-30; flip:horizontal
换成黑白滤镜 => style:black_and_white
加上"HELLO"字样，放中间 => text:HELLO|centre
图片左下角写上“摄影：李雷”，白色小字 => text:摄影：李雷|bottom_left|白色|0.04
把水印全部去除干净 => untext
去除图片水印，并提升清晰度 => untext; sharpen+0.3
去水印加高清 => untext; x2
左边的人头发染红，右边的人头发染绿，中间的不变 => hair=红@left; hair=绿@right
把第二个人的裤子换成白色，头发也染成白色 => trousers=白色@2; hair=白色@2
所有人都戴上帽子和墨镜 => +hat; +sunglasses
给他戴上墨镜和红色帽子，背景虚化 => +sunglasses; +hat:红色; bg:blur0.5
背景再模糊一些 => bg:blur0.35
把红色裙子换成绿色 => outfit=绿色
红裙子变成蓝裙子 => outfit=蓝
亮度调高，对比度调低 => brightness+0.3; contrast-0.3
亮度提高一点点，饱和度稍微降低 => brightness+0.15; saturation-0.15
整体提亮，天空压暗 => brightness+0.3; brightness-0.3@sky
请将图片转换为矢量图 => svg
转换成SVG格式 => svg
将图片放大到原来的2倍 => x2
帮我把这张图放大到1920x1080 => resize:1920x1080
😷 => +mask
戴🎩 => +hat
change shirt color red => top=red
Shirt -> green, hair -> purple => top=green; hair=purple
I'd like you to change the background to pure white, please. => bg=pure white
remove bg and replace it with blue => bg=blue
replace background with solid black => bg=black
Please blur the background heavily and brighten the photo a little. => bg:blur0.75; brightness+0.3
Can you add a pair of black sunglasses? => +sunglasses:black
Put a red cap on the person on the left and sunglasses on the person on the right => +hat:red@left; +sunglasses@right
add hats to all people => +hat
make the second person from the left wear a mask => +mask@2
make their shirts white => top=white
turn her dress blue and her hair black => outfit=blue; hair=black
Make the picture look vintage => style:sepia
sepia tone => style:sepia
make it a comic => style:cartoon
B&W, high contrast => style:black_and_white; contrast+0.3
increase sharpness a lot => sharpen+0.6
lower the saturation by 50% => saturation-0.5
make it less bright => brightness-0.3
make the image slightly cooler => warmth-0.15
the image is blurry, make it clearer => x2
crop it to a portrait 4:5 => crop:4:5
Crop to 3:2 and rotate 90 degrees left => crop:3:2; rotate:-90
mirror it => flip:horizontal
resize to width 1024 => resize:1024x?
make it 512x512 => resize:512x512
double the resolution => x2
put "© Jane 2024" as a watermark in the bottom right corner => text:© Jane 2024|bottom_right||0.04|0.5
Add the words "Best Day Ever" in yellow at the bottom => text:Best Day Ever|bottom|yellow
delete the watermark on the bottom left => untext@bottom_left
remove text "DRAFT" and the watermark => untext:DRAFT; untext
hide the face of the person on the left => faces:pixelate@left
pixelate the second face => faces:pixelate@2
swap the background for picture 2 => bg:picture2
"""
CASES = [line.split(" => ") for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize(("instruction", "plan"), CASES)
def test_everyday_language_is_understood(instruction: str, plan: str) -> None:
    assert short(parse(instruction.replace("⏎", "\n"), pictures=3)) == plan
