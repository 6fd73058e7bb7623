"""English instructions and the plans they mean; ⏎ stands for a new line."""

import pytest

from openhearth.engines.edit_image.words import parse
from tests.engines.notation import short

# instruction => plan
TABLE = """
change the clothes to red and put on sunglasses => outfit=red; +sunglasses
Make the clothes red => outfit=red
make his shirt blue => top=blue
Change the color of the shirt to navy => top=navy
change the shirt color to burgundy => top=burgundy
please change the jacket to dark green => top=dark green
Could you please turn the dress teal? => outfit=teal
recolor the trousers to khaki => trousers=khaki
paint the suit white => outfit=white
make the jeans black => trousers=black
dye the hair blonde => hair=blonde
make her hair pink => hair=pink
blonde hair => hair=blonde
red lips => lips=red
make the lips dark red => lips=dark red
change lipstick to crimson => lips=crimson
make the shirt and the hair blue => top=blue; hair=blue
make the shirt, the trousers and the hair blue => top=blue; trousers=blue; hair=blue
make the shirt red and the trousers blue => top=red; trousers=blue
shirt: red, pants: black => top=red; trousers=black
red shirt, blue pants => top=red; trousers=blue
make the red shirt blue => top=blue
change the white shirt to a black shirt => top=black
change the shirt from white to black => top=black
change clothes to #00ff00 => outfit=#00ff00
make the uniform rgb(10,20,30) => outfit=rgb(10,20,30)
make the shirt red, the hair too => top=red; hair=red
make the shirt green and the hair as well => top=green; hair=green
make the background and the shirt blue => bg=blue; top=blue
make the shirt of the person on the left red => top=red@left
the person on the right: blue shirt => top=blue@right
change the second person's hair to purple => hair=purple@2
third person: green clothes => outfit=green@3
make the left person's jacket yellow => top=yellow@left
make everyone's clothes white => outfit=white
the leftmost person's shirt should be orange => top=orange@left
person 2: red hat => +hat:red@2
the second person from the left gets a black shirt => top=black@2
make the shirt of the man on the left red => top=red@left
add sunglasses => +sunglasses
put on sunglasses => +sunglasses
put sunglasses on him => +sunglasses
give her glasses => +glasses
Give everyone red hats => +hat:red
add a red hat => +hat:red
with sunglasses 😎 => +sunglasses
sunglasses and a hat => +sunglasses; +hat
add sunglasses, a hat and a mask => +sunglasses; +hat; +mask
add a black hat and blue glasses => +hat:black; +glasses:blue
make the person on the left wear sunglasses => +sunglasses@left
a mask on the second person => +mask@2
put a hat on the person on the right => +hat@right
left person wears a hat, right person wears a mask => +hat@left; +mask@right
🎩 => +hat
👓 please => +glasses
wear a mask 😷 => +mask
cover the face with a mask => +mask
make it black and white => style:black_and_white
b&w => style:black_and_white
turn the photo into a pencil sketch => style:sketch
convert to cartoon => style:cartoon
make it look like an oil painting => style:oil
oil painting style => style:oil
apply a vintage filter => style:sepia
sepia => style:sepia
remove the background => bg:remove
Remove background please => bg:remove
can you get rid of the background => bg:remove
cut out the person => bg:remove
transparent background => bg:remove
make the background transparent => bg:remove
keep only the person => bg:remove
no background => bg:remove
without background => bg:remove
white background => bg=white
make the background white => bg=white
change the background to light blue => bg=light blue
replace the background with green => bg=green
put the person on a white background => bg=white
add a white background => bg=white
remove the background and make it white => bg=white
change the blue background to red => bg=red
background: black => bg=black
use picture 2 as background => bg:picture2
replace the background with the second picture => bg:picture2
use the other picture as the background => bg:picture2
set image 2 as the background => bg:picture2
blur the background => bg:blur0.5
blur the background a lot => bg:blur0.75
blur the background slightly => bg:blur0.2
make the background blurry => bg:blur0.5
a bit of background blur => bg:blur0.35
bokeh => bg:blur0.5
blur the background and the faces => bg:blur0.5; faces:blur
make the background blurry and darker => blur+0.3@background; brightness-0.3@background
brighter => brightness+0.3
make it brighter => brightness+0.3
a bit brighter => brightness+0.3
make the picture slightly darker => brightness-0.15
much brighter => brightness+0.6
brighter and warmer => brightness+0.3; warmth+0.3
make it a bit brighter and add more contrast => brightness+0.3; contrast+0.3
increase the brightness by 20% => brightness+0.2
decrease the contrast by 10 percent => contrast-0.1
brightness +15 => brightness+0.15
contrast -20% => contrast-0.2
more contrast => contrast+0.3
less saturation => saturation-0.3
a little more contrast please => contrast+0.3
a lot more saturation => saturation+0.6
increase brightness and contrast => brightness+0.3; contrast+0.3
bump up the contrast => contrast+0.3
lower the exposure => brightness-0.3
too dark => brightness+0.3
the photo is too dark => brightness+0.3
it's too bright => brightness-0.3
not bright enough => brightness+0.3
make it more vivid => saturation+0.3
less vivid => saturation-0.3
make the colors more vibrant => saturation+0.3
warmer => warmth+0.3
cooler tones => warmth-0.3
sharpen => sharpen+0.3
sharpen it a lot => sharpen+0.6
denoise the photo => denoise+0.3
reduce noise => denoise+0.3
make the sky darker => brightness-0.3@sky
darken the background => brightness-0.3@background
brighten and sharpen the background => brightness+0.3@background; sharpen+0.3@background
blur the picture => blur+0.5
set brightness to maximum => brightness+1
blur the faces => faces:blur
blur all faces => faces:blur
blur everyone's face => faces:blur
pixelate the face => faces:pixelate
pixelate the face of the person on the right => faces:pixelate@right
censor the person on the left => faces:pixelate@left
hide the faces => faces:pixelate
blur the second person's face => faces:blur@2
crop to 16:9 => crop:16:9
crop the image to a square => crop:1:1
crop it square => crop:1:1
crop to portrait => crop:3:4
crop to the person => crop:person
crop to the face => crop:face
crop to a square around the face => crop:1:1,face
headshot => crop:1:1,face
square => crop:1:1
make it square => crop:1:1
crop to 800x600 => crop:800:600; resize:800x600
landscape orientation => crop:4:3
rotate 90 degrees => rotate:90
rotate left => rotate:-90
rotate it 90 degrees counterclockwise => rotate:-90
rotate 30° to the left => rotate:-30
rotate by 45 degrees clockwise => rotate:45
turn it 90 degrees to the right => rotate:90
turn it upside down => rotate:180
rotate 180 => rotate:180
flip horizontally => flip:horizontal
flip it vertically => flip:vertical
mirror the image => flip:horizontal
horizontal flip => flip:horizontal
resize to 800x600 => resize:800x600
resize to 1920 x 1080 px => resize:1920x1080
resize to 50% => resize:0.5
50% => resize:0.5
half the size => resize:0.5
shrink by 30% => resize:0.7
shrink to 30% => resize:0.3
width 800 => resize:800x?
set the width to 800 pixels => resize:800x?
800px wide => resize:800x?
height 600 => resize:?x600
width 800, height 600 => resize:800x600
upscale => x2
upscale 4x => x4
upscale by 2 => x2
enlarge it 4 times => x4
double the size => x2
2x => x2
x4 => x4
make it HD => x2
improve the quality => x2
make it clearer => x2
increase the resolution 4x => x4
resize to 200% => x2
enlarge by 100% => x2
add the text "Hello" at the top in white => text:Hello|top|white
write "SALE" in big red letters at the bottom => text:SALE|bottom|red|0.1
add text 'Good morning' => text:Good morning|bottom
put "Hi there" in the top left corner => text:Hi there|top_left
add the caption “Me & You” in the center => text:Me & You|centre
add watermark "© me" => text:© me|bottom_right||0.04|0.5
add a watermark "DRAFT" all over => text:DRAFT|tiled||0.04|0.5
add text "Hello", white, at the bottom right => text:Hello|bottom_right|white
remove the watermark => untext
remove text => untext
remove the text "ABC" => untext:ABC
erase the watermark in the bottom right corner => untext@bottom_right
remove the watermark and the background => untext; bg:remove
no watermark => untext
delete all text => untext
vectorize => svg
convert to SVG => svg
vectorise it and make it black and white => style:black_and_white; svg
make the shirt red without changing the face => top=red
make the shirt red, keep the face unchanged => top=red
keep the background as is, make the hair black => hair=black
make the hair black but keep everything else the same => hair=black
make the shirt red. Don't change the hair => top=red
make the shirt red, don't blur anything else => top=red
only change the shirt to red => top=red
I'd like the sky to be darker => brightness-0.3@sky
Hi! Could you make my hair blue, please? Thanks! => hair=blue
remove the background, then upscale 2x and add the text "Done" => bg:remove; x2; text:Done|bottom
1. Remove the background⏎2. Make it brighter => bg:remove; brightness+0.3
- shirt red⏎- hair blue => top=red; hair=blue
crop to square and make it brighter => crop:1:1; brightness+0.3
ADD SUNGLASSES => +sunglasses
Red Shirt => top=Red
change the backround to white => bg=white
make the space suit red => outfit=red
"""
CASES = [line.split(" => ") for line in TABLE.strip().splitlines()]


@pytest.mark.parametrize(("instruction", "plan"), CASES)
def test_english_is_understood(instruction: str, plan: str) -> None:
    assert short(parse(instruction.replace("⏎", "\n"), pictures=3)) == plan
