"""Languages by the names that speech APIs use: ISO 639-1 and 639-3 codes, English names, tags such as ``zh-TW``.

Vendors ask and answer in different ones of these, so one table turns each into the two-letter code.
Sources: the ISO 639 code tables; the choice of languages is that of Whisper (openai/whisper, ``tokenizer.py``).
"""

from functools import cache

import msgspec

_TABLE = """
af afr afrikaans; am amh amharic; ar ara arabic; as asm assamese; az aze azerbaijani; ba bak bashkir; be bel belarusian;
bg bul bulgarian; bn ben bengali; bo bod tibetan; br bre breton; bs bos bosnian; ca cat catalan; cs ces czech;
cy cym welsh; da dan danish; de deu german; el ell greek; en eng english; es spa spanish; et est estonian;
eu eus basque; fa fas persian; fi fin finnish; fo fao faroese; fr fra french; gl glg galician; gu guj gujarati;
ha hau hausa; haw haw hawaiian; he heb hebrew; hi hin hindi; hr hrv croatian; ht hat haitian creole; hu hun hungarian;
hy hye armenian; id ind indonesian; is isl icelandic; it ita italian; ja jpn japanese; jv jav javanese; ka kat georgian;
kk kaz kazakh; km khm khmer; kn kan kannada; ko kor korean; la lat latin; lb ltz luxembourgish; ln lin lingala;
lo lao lao; lt lit lithuanian; lv lav latvian; mg mlg malagasy; mi mri maori; mk mkd macedonian; ml mal malayalam;
mn mon mongolian; mr mar marathi; ms msa malay; mt mlt maltese; my mya myanmar; ne nep nepali; nl nld dutch;
nn nno nynorsk; no nor norwegian; oc oci occitan; pa pan punjabi; pl pol polish; ps pus pashto; pt por portuguese;
ro ron romanian; ru rus russian; sa san sanskrit; sd snd sindhi; si sin sinhala; sk slk slovak; sl slv slovenian;
sn sna shona; so som somali; sq sqi albanian; sr srp serbian; su sun sundanese; sv swe swedish; sw swa swahili;
ta tam tamil; te tel telugu; tg tgk tajik; th tha thai; tk tuk turkmen; tl tgl tagalog; tr tur turkish; tt tat tatar;
uk ukr ukrainian; ur urd urdu; uz uzb uzbek; vi vie vietnamese; yi yid yiddish; yo yor yoruba; yue yue cantonese;
zh zho chinese
"""
_OTHER_NAMES = {
    "burmese": "my",
    "castilian": "es",
    "farsi": "fa",
    "filipino": "tl",
    "flemish": "nl",
    "fil": "tl",
    "iw": "he",
    "jw": "jv",
    "cmn": "zh",
    "chi": "zh",
    "mandarin": "zh",
    "nb": "no",
    "pashtu": "ps",
    "valencian": "ca",
    "中文": "zh",
    "汉语": "zh",
    "普通话": "zh",
    "英语": "en",
    "西班牙语": "es",
}


class Language(msgspec.Struct, frozen=True):
    """``code`` is ISO 639-1 (639-3 where there is none), ``three`` ISO 639-3, ``name`` English in lower case."""

    code: str
    three: str
    name: str


@cache
def languages() -> dict[str, Language]:
    """Every language, by its code."""
    rows = [row.split(maxsplit=2) for row in " ".join(_TABLE.split()).split("; ")]
    return {code: Language(code, three, name) for code, three, name in rows}


@cache
def _by_any_name() -> dict[str, Language]:
    known = languages()
    found = {language.three: language for language in known.values()}
    found |= {language.name: language for language in known.values()}
    found |= {name: known[code] for name, code in _OTHER_NAMES.items()}
    return found | known


def find(text: str) -> Language | None:
    """The language a caller means by a code, an English name or a tag with region or script (``zh-TW``)."""
    low = text.strip().lower().replace("_", "-")
    return _by_any_name().get(low) or _by_any_name().get(low.partition("-")[0])


def name_of(code: str) -> str:
    """The English name for a code, or the code itself."""
    language = languages().get(code)
    return language.name if language else code
