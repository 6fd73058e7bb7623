"""Text as it is read out: numbers and signs as words, words as phonemes, in English, Chinese and Spanish."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openhearth.core.speech import language_of
from openhearth.engines.speak.chinese import normal as chinese
from openhearth.engines.speak.chinese import numbers as chinese_numbers
from openhearth.engines.speak.chinese.reader import ChineseReader
from openhearth.engines.speak.chinese.syllables import phonemes
from openhearth.engines.speak.english import normal as english_normal
from openhearth.engines.speak.english import numbers as english_numbers
from openhearth.engines.speak.marked import Marked
from openhearth.engines.speak.script import Scribe
from openhearth.engines.speak.sounds import joined
from openhearth.engines.speak.spanish import normal as spanish
from openhearth.engines.speak.spanish import numbers as spanish_numbers
from openhearth.engines.speak.spanish.reader import SpanishReader
from tests.engines.speakers import english


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("It costs $5.20.", "It costs five dollars and twenty cents."),
        ("$3 billion", "three billion dollars"),
        ("£1,250", "one thousand two hundred fifty pounds"),
        ("$1", "one dollar"),
        ("at 9:30 on", "at nine thirty on"),
        ("at 7 pm.", "at seven P.M."),
        ("at 9:05", "at nine oh five"),
        ("On 2024-05-06,", "On May sixth, twenty twenty four,"),
        ("10/12/2019", "October twelfth, twenty nineteen"),
        ("Jan. 5th, 2024", "January fifth, twenty twenty four"),
        ("the 21st of", "the twenty first of"),
        ("in 1905 and 2005", "in nineteen oh five and two thousand five"),
        ("the 1990s", "the nineteen nineties"),
        ("20°C, 5 km and 1 kg", "twenty degrees Celsius, five kilometers and one kilogram"),
        ("35.5%", "thirty five point five percent"),
        ("1/2 and 3/4", "one half and three quarters"),
        ("2-3 times", "two to three times"),
        ("10-20% or 5-10 km", "ten to twenty percent or five to ten kilometers"),
        ("$10-20", "ten dollars to twenty"),
        ("-5 degrees", "minus five degrees"),
        ("Call 555-123-4567.", "Call five five five, one two three, four five six seven."),
        ("v2.10.3", "v two point ten point three"),
        ("Dr. Smith, 221 Baker St.", "Doctor Smith, two hundred twenty one Baker Street"),
        ("St. Paul", "Saint Paul"),
        ("Henry VIII, Chapter IV", "Henry the eighth, Chapter four"),
        ("https://example.com/docs.", "example dot com slash docs."),
        ("bob@example.org", "bob at example dot org"),
        ("agent 007", "agent zero zero seven"),
        ("R&D, 50 > 40", "R and D, fifty greater than forty"),
    ],
)
def test_english_is_written_out(written: str, said: str) -> None:
    assert english_normal.normal(Marked(written)).text.strip() == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("2024年5月6日", "二零二四年五月六日"),
        ("2024-05-06", "二零二四年五月六日"),
        ("上午9:30", "上午九点半"),
        ("14:05", "十四点零五分"),
        ("¥1250.50", "一千二百五十点五元"),
        ("提高35.5%", "提高百分之三十五点五"),
        ("2个人", "两个人"),
        ("12个", "十二个"),
        ("2月", "二月"),
        ("下午2点开会", "下午两点开会"),
        ("第2点", "第二点"),
        ("10002", "一万零二"),
        ("120000000", "一二零零零零零零零"),
        ("3-5天", "三到五天"),
        ("气温-5℃", "气温负五摄氏度"),
        ("1/3", "三分之一"),
        ("比分3:2", "比分三比二"),
        ("2km", "两公里"),
        ("13812345678", "幺三八, 幺二三四, 五六七八"),
        ("1.2.10版", "一点二点十版"),
        ("你好，“世界”。", "你好, “世界” ."),
    ],
)
def test_chinese_is_written_out(written: str, said: str) -> None:
    assert chinese.normal(Marked(written)).text.strip().replace("  ", " ") == said


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("La Sra. Gómez", "La señora Gómez"),
        ("1.250,50 €", "mil doscientos cincuenta euros con cincuenta"),
        ("21 €", "veintiún euros"),
        ("1 £", "una libra"),
        ("el 5/3/2024", "el cinco de marzo de dos mil veinticuatro"),
        ("el 1 de mayo", "el primero de mayo"),
        ("a las 9:30", "a las nueve y media"),
        ("a la 1:15", "a la una y cuarto"),
        ("3,5 %", "tres coma cinco por ciento"),
        ("-5 °C", "menos cinco grados centígrados"),
        ("1 h", "una hora"),
        ("el 3.er piso", "el tercer piso"),
        ("la 2ª vez", "la segunda vez"),
        ("100 y 101", "cien y ciento uno"),
        ("912 345 678", "nueve uno dos, tres cuatro cinco, seis siete ocho"),
        ("ana@correo.es", "ana arroba correo punto es"),
        ("EE. UU.", "Estados Unidos"),
        ("5-10 km", "cinco a diez kilómetros"),
        ("1 persona y 21 casos", "una persona y veintiún casos"),
        ("21 mujeres, 200 páginas", "veintiuna mujeres, doscientas páginas"),
        ("1.500 personas", "mil quinientas personas"),
        ("2.000.001 casas", "dos millones una casas"),
        ("el 21 empieza", "el veintiuno empieza"),
        ("el siglo XXI, Felipe VI, Alfonso XIII", "el siglo veintiuno, Felipe sexto, Alfonso trece"),
        ("Capítulo IX, talla XL", "Capítulo nueve, talla XL"),
        ("nosotros o VI", "nosotros o VI"),
    ],
)
def test_spanish_is_written_out(written: str, said: str) -> None:
    assert spanish.normal(Marked(written)).text.strip() == said


@given(st.integers(0, 10**19))
def test_every_number_can_be_said(number: int) -> None:
    for said in (
        english_numbers.cardinal(str(number)),
        spanish_numbers.cardinal(str(number)),
        chinese_numbers.cardinal(str(number)),
    ):
        assert said
        assert not any(letter.isdigit() for letter in said)


@given(st.text(max_size=80))
def test_no_text_breaks_a_reader_or_loses_its_place(text: str) -> None:
    reader = english()
    for one in (reader, SpanishReader(), ChineseReader(reader)):
        spoken = one.normal(Marked(text))
        for word in one.words(spoken.text):
            assert 0 <= word.start < word.end <= len(spoken.text)
            start, end = spoken.origin(word.start, word.end)
            assert 0 <= start < end <= len(text)


def test_a_rewrite_still_knows_what_it_stands_for() -> None:
    spoken = english_normal.normal(Marked("Pay $5 now"))
    assert spoken.text.split() == ["Pay", "five", "dollars", "now"]
    at = spoken.text.index("dollars")
    assert spoken.origin(at, at + 7) == (4, 6)
    at = spoken.text.index("now")
    assert spoken.origin(at, at + 3) == (7, 10)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hello there.", "həlˌO ðˌɛɹ."),
        ("the apple, the dog", "ði ˈæpᵊl, ðə dˈɔɡ"),
        ("a dog", "ɐ dˈɔɡ"),
        ("watches", "wˈɑʧᵻz"),
        ("dogs", "dˈɔɡz"),
        ("waited", "wˈATᵻd"),
        ("stopped", "stˈɑpt"),
        ("baking", "bˈAkɪŋ"),
        ("cities", "sˈɪTiz"),
        ("boys'", "bˈYz"),
        ("zebra", "zˈibɹə"),
        ("frobnicate", "spˈɛld"),
        ("U.S. dog", "jˌuˈɛs dˈɔɡ"),
        ("to dog", "tə dˈɔɡ"),
        ("to apple", "tʊ ˈæpᵊl"),
        ("well-know", "wˌɛlnˈO"),
        ("I read", "ˌI ɹˈɛd"),
    ],
)
def test_english_words_sound_by_dictionary_ending_and_neighbours(text: str, said: str) -> None:
    found = joined(english().words(text))
    assert found == said.replace("həlˌO", "həlˈO")


def test_initials_are_spelled_and_parts_of_a_name_are_read() -> None:
    reader = english()
    assert joined(reader.words("CPU")) == "sˌipˌijˈu"
    assert joined(reader.words("OpenAPI")).startswith("ˈOpᵊn")
    assert joined(reader.words("x" * 200))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("STOP THE DOG", "stˈɑp ðə dˈɔɡ"),
        ("a WATCH", "ɐ wˈɑʧ"),
        ("I stopped, NOT the dog", "ˌI stˈɑpt, nˈɑt ðə dˈɔɡ"),
        ("a CAB", "ɐ sˌiˌAbˈi"),
        ("STOP THE CAB", "stˈɑp ðə kˈæb"),
        ("STOP THE CPU", "stˈɑp ðə sˌipˌijˈu"),
    ],
)
def test_shouted_words_are_words_and_initials_stay_initials(text: str, said: str) -> None:
    assert joined(english().words(text)) == said


def test_an_address_in_chinese_is_read_out() -> None:
    reader = ChineseReader(english())
    assert reader.normal(Marked("详见https://example.com/a?b=1。")).text.partition(" .")[0] == (
        "详见example dot com slash a question mark b equals one"
    )
    assert "bob at example dot org" in reader.normal(Marked("写信到bob@example.org吧")).text


def test_a_link_in_markdown_is_its_words() -> None:
    scribe = Scribe({"en": english()}, most=300)
    (line,) = scribe.lines("> Hello [the dog](https://example.com/dog?a=1), hello there", "en")
    assert line.phonemes == next(scribe.lines("Hello the dog, hello there", "en")).phonemes


def test_the_marks_of_a_heading_are_not_read() -> None:
    scribe = Scribe({"en": english()}, most=300)
    (heading, text) = scribe.lines("## The dog\n\nHello there #5", "en")
    assert (heading.written, heading.phonemes) == ("The dog", "ðə dˈɔɡ")
    assert "number five" in text.spoken.text


@pytest.mark.parametrize(
    ("syllable", "said"),
    [
        ("zhong1", "ꭧʊ→ŋ"), ("guo2", "kwo↗"), ("ni3", "ni↓"), ("hao3", "xau↓"), ("shi4", "ʂɨ↘"), ("si4", "sɨ↘"),
        ("lv4", "ly↘"), ("xue2", "ɕɥe↗"), ("yuan2", "ɥɛ↗n"), ("er2", "ɚ↗"), ("de5", "tɤ"), ("you3", "jou↓"),
        ("wei4", "wei↘"), ("wu3", "u↓"), ("yu3", "y↓"), ("jiong3", "ʨjʊ↓ŋ"), ("ri4", "ɻɨ↘"), ("weng1", "wə→ŋ"),
    ],
)  # fmt: skip
def test_pinyin_becomes_phonemes(syllable: str, said: str) -> None:
    assert phonemes(syllable) == said


def test_chinese_characters_keep_their_places_and_english_is_read_in_between() -> None:
    reader = ChineseReader(english())
    words = reader.words("你好, hello 重庆")
    assert joined(words) == "ni↓xau↓, həlˈO ꭧʰʊ↗ŋʨʰi↘ŋ"
    assert [(word.start, word.end) for word in words if word.phonemes == "xau↓"] == [(1, 2)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hola, ¿cómo estás?", "ˈola, kˈomo estˈas?"),
        ("Buenos días.", "bwˈenos ðˈias."),
        ("la estación de tren", "la ˌestaθjˈon de tɾˈen"),
        ("el perro corre rápido", "el pˈero kˈore rˈapiðo"),
        ("guerra, pingüino, guante", "ɡˈera, piŋɡwˈino, ɡwˈante"),
        ("un vaso de vino", "ˈun bˈaso ðe βˈino"),
        ("llegar ayer", "ʎeɣˈaɾ aʝˈeɾ"),
        ("el niño, la leche", "el nˈiɲo, la lˈeʧe"),
        ("aire, auto, reina", "ˈIɾe, ˈWto, rˈAna"),
        ("río, país, ciudad", "rˈio, paˈis, θjuðˈad"),
        ("rápidamente", "rˈapiðamˈente"),
        ("gente, jamón, zapato", "xˈente, xamˈon, θapˈato"),
    ],
)
def test_spanish_sounds_by_its_spelling(text: str, said: str) -> None:
    assert joined(SpanishReader().words(text)) == said


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello, how are you?", "en"),
        ("¿Dónde está la estación?", "es"),
        ("Bonjour, je suis ici et nous sommes là", "fr"),
        ("Das ist ein Test und nicht mehr", "de"),
        ("我有一个 question", "zh"),
        ("Paul de la Cruz went home", ""),
        ("Madrid", ""),
    ],
)
def test_the_language_is_told_by_script_and_common_words(text: str, language: str) -> None:
    assert language_of(text) == language
