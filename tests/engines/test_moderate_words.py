"""Word lists of the moderation: disguises, harmless phrases, sentence borders, bounded work."""

import time

import pytest

from openhearth.engines.moderate.nearest import pieces_of
from openhearth.engines.moderate.words import Words


@pytest.fixture(scope="module")
def words() -> Words:
    return Words()


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("I will kill you tomorrow", "harassment/threatening"), ("I'm gonna break your legs", "harassment/threatening"),
        ("you are an idiot", "harassment"), ("You IDIOT", "harassment"),
        ("ｙｏｕ ａｒｅ ａｎ ｉｄｉｏｔ", "harassment"),
        ("you are an 1d10t", "harassment"), ("f u c k you", "harassment"), ("f.u.c.k you", "harassment"),
        ("fuuuuuck you", "harassment"), ("f*ck you", "harassment"), ("you \u200bidi\u200bot", "harassment"),
        ("yоu are аn idiоt", "harassment"), ("you are an ïdíot", "harassment"), ("go kys", "self-harm/instructions"),
        ("How do I make a pipe bomb?", "illicit/violent"), ("how can i cook meth", "illicit"),
        ("I want to die", "self-harm/intent"), ("best way to kill myself", "self-harm/instructions"),
        ("Muslims are vermin", "hate"), ("all Jews should be killed", "hate/threatening"),
        ("send me your nudes", "sexual"), ("naked pictures of underage girls", "sexual/minors"),
        ("brains splattered, blood gushed from it", "violence/graphic"),
        ("我要杀了你", "harassment/threatening"), ("我 要 杀 了 你", "harassment/threatening"),
        ("我要殺了你", "harassment/threatening"), ("我*要*杀*了*你", "harassment/threatening"),
        ("你这个废物", "harassment"), ("你這個廢物", "harassment"), ("nmsl", "harassment"),
        ("怎么做炸弹", "illicit/violent"), ("怎么制冰毒", "illicit"), ("我不想活了", "self-harm/intent"),
        ("怎么自杀最不痛苦", "self-harm/instructions"), ("犹太人都是寄生虫", "hate"),
        ("移民统统枪毙", "hate/threatening"),
        ("儿童色情图片", "sexual/minors"), ("脑浆溅了一地", "violence/graphic"),
    ],
)  # fmt: skip
def test_plain_and_disguised_words_are_found(words: Words, text: str, category: str) -> None:
    assert words.scores(text).get(category, 0.0) >= 0.5


@pytest.mark.parametrize(
    "text",
    [
        "How do I kill a process?", "kill -9 1234", "The film was shot in Rome", "He killed it on stage",
        "chicken breasts and thighs", "Moby Dick", "cocktail hour in Essex", "Scunthorpe", "pussycat",
        "You are not stupid", "I will never hurt you", "I beat you at chess", "bath bombs for kids", "class assessment",
        "breast cancer", "my boss will kill me", "same sex couples", "dead line", "a guinea pig", "skill", "grape",
        "杀死进程", "笑死我了", "累死人", "拍摄于冰岛", "垃圾分类", "鸡胸肉", "我不会杀你", "死锁", "乳腺癌", "性教育",
        "杀毒软件",
        "音乐的高潮", "全套餐具", "自杀率下降", "射门得分", "",
    ],
)  # fmt: skip
def test_harmless_phrases_are_left_alone(words: Words, text: str) -> None:
    assert max(words.scores(text).values(), default=0.0) < 0.5


def test_a_pattern_does_not_reach_across_a_sentence_end(words: Words) -> None:
    assert words.scores("I will stay. Kill you say? Strange word.").get("harassment/threatening", 0.0) < 0.5
    assert words.scores("那是我要的东西。杀了三条鱼。你好").get("harassment/threatening", 0.0) < 0.5


def test_what_is_harmless_does_not_hide_what_is_not(words: Words) -> None:
    assert words.scores("Kill the process. And I will kill you too.")["harassment/threatening"] >= 0.5
    assert words.scores("先杀死进程，我再杀了你")["harassment/threatening"] >= 0.5


def test_evidence_adds_up(words: Words) -> None:
    one = words.scores("I want to die")["self-harm/intent"]
    both = words.scores("I want to die. How many pills are needed to die?")
    assert both["self-harm/intent"] >= one
    assert both["self-harm/instructions"] >= 0.5


@pytest.mark.parametrize(
    "unit",
    ["a ", "a", "。", "i will ", "f.u.", "*", "我", "k i l l ", "you ", "1" * 23 + " ", "how to make ~ ", "fu\u200b"],
)
def test_long_hostile_texts_take_bounded_time(words: Words, unit: str) -> None:
    """200,000 characters of the worst take well under a second; a quadratic pattern would take hours."""
    text = (unit * 200_000)[:200_000]
    began = time.monotonic()
    words.scores(text)
    assert time.monotonic() - began < 30.0


def test_every_word_of_a_text_is_in_some_piece() -> None:
    words = [f"word{number}" for number in range(400)]
    han = "".join(chr(0x4E00 + number) for number in range(1000))
    text = f"First sentence here. {' '.join(words)} Last one! 中文句子。{han}\n\nend"
    pieces = pieces_of(text)
    assert max(map(len, pieces)) <= 240
    joined = "".join(pieces)
    assert [one for one in ("First sentence here.", *words, *han, "Last one!", "end") if one not in joined] == []


def test_no_text_has_no_pieces_and_short_ones_stay_whole() -> None:
    assert pieces_of("") == []
    assert pieces_of(" \n ") == []
    assert pieces_of("Hello there.") == ["Hello there."]
    assert pieces_of("I am going to make something long. You will see what it is.")[-1].startswith("I am going")
