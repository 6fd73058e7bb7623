"""What is said about the conversation and not about a picture: undo, "use the first one", "back to the original", and
clients' hidden prompts.

It holds for every image model: a provider's model cannot know which picture "the first one" was.
"""

import re

import msgspec

_MOST_STEPS = 99
_LONGEST = 80  # characters a directive itself may have
_SIMPLE = str.maketrans(
    "銷還復後圖張個選擇請幫麻煩繼續礎結對兩剛編輯動為為讓將給換過數號狀態層進開從頭樣來變沒",
    "销还复后图张个选择请帮麻烦继续础结对两刚编辑动为为让将给换过数号状态层进开从头样来变没",
)
_COUNTED = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_ORDERED = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_NUMBERS = {
    **{word: at for words in (_COUNTED, _ORDERED, "一二三四五六七八九十") for at, word in enumerate(words, 1)},
    **{"两": 2, "a": 1, "last": -1, "latest": -1, "最后一": -1},
}
_N = r"(?P<n>\d{1,2}|[一二三四五六七八九十两])"
_W = r"(?P<n>\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|a)"
_NTH = r"(?P<n>first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last|latest|\d{1,2}(?:st|nd|rd|th))"
_WORK = r"(?:的?(?:操作|修改|编辑|改动|图片|图|照片|版本|状态|结果|步骤))?"
_STEPS = r"(?:changes?|edits?|steps?|times|ones?|operations?|versions?|pictures?|images?|photos?)"
_UNDO = (
    rf"(?:撤销|撤回|取消|回退|后退|退回|返回|恢复|还原|回到|退)到?(?:上|前|刚才|最近|最后)(?:面)?的?{_N}?(?:步|次|张|个|版)?{_WORK}",
    rf"(?:撤销|撤回|回退|后退|退回|退|返回){_N}(?:步|次){_WORK}",
    r"(?:撤销|撤回|回退)(?:掉)?(?:刚才的?|这个?|这次)?(?:操作|修改|编辑|改动)?",
    rf"(?:undo|revert|roll ?back|reverse) (?:the )?(?:last|previous|latest) {_W}? ?{_STEPS}?",
    rf"(?:undo|revert|roll ?back) {_W}(?: {_STEPS})?",
    r"(?:undo|revert|roll ?back)(?: (?:that|this|it))?(?: (?:change|edit|step|one))?(?: again| once more)?",
    rf"(?:go|step|move) back(?: by)?(?: {_W})?(?: {_STEPS})?",
    rf"(?:go |step )?back to the (?:previous|last) {_STEPS}",
)
_USE = r"(?:就?用|使用|选择|选|要|回到|返回|恢复到?|切换到|换回|改用|采用|拿|基于|以)"
_TAKE = (
    r"(?:use|take|pick|choose|select|go back to|back to|return to|go with|continue with|let's use|"
    r"i want|i prefer|i like)"
)
_PICTURE = r"(?:one|picture|image|photo|result|version|option)"
_PICK = (
    rf"{_USE}第 ?{_N} ?(?:张|幅|个|版)(?:的?(?:图片|图|照片|结果|版本))?"
    r"(?:来?继续(?:修改|编辑)?|为基础|为准|的?基础上)?",
    r"(?:就?用|使用|选择?|要|改用)(?P<n>最后一)(?:张|幅|个)(?:图片|图|照片|结果)?",
    rf"在?第 ?{_N} ?(?:张|幅)(?:图片|图|照片)?(?:的?基础上|上)?",
    rf"{_TAKE} the {_NTH}(?: {_PICTURE})?",
    rf"{_TAKE} (?:the )?(?:{_PICTURE}|number) ?(?:number|no\.?|#)? ?{_W}",
)
_BACK_TO = r"(?:恢复|还原|回到|返回|退回|回退|撤销|换回|变回|改回|用回|切换|重置|要|就?用|使用)(?:成|为|到|至)?"
_FIRST = r"(?:最开始|最初|一开始|原来|原始|原本|初始|原先|未修改|没改过)的?(?:那|第一)?(?:张|幅)?"
_ORIGINAL = (
    rf"(?:{_BACK_TO})?(?:原图(?:片|像)?|原照片?|原片|{_FIRST}(?:图片|照片|原图|图像|图|版本|样子|状态))",
    rf"{_BACK_TO}(?:原样|原状|最初|最开始|一开始|开头)",
    r"(?:全部|所有(?:的?(?:修改|操作|编辑|改动))?)都?(?:撤销|撤回|还原|恢复)",
    r"(?:撤销|撤回|取消|还原)(?:掉)?(?:全部|所有)(?:的?(?:修改|操作|编辑|改动))?",
    r"从头(?:再|重新)?(?:开始|来过|来)|重新(?:开始|来过|来一遍|来)|重来",
    r"(?:(?:go |get |take me )?back to|return to|revert to|restore|reset to|show(?: me)?|use|undo to) "
    r"(?:the |my )?(?:very )?(?:original|initial|starting|unedited)(?: (?:one|picture|image|photo|version|state))?",
    r"start (?:all )?over(?: again)?|start (?:again|afresh|from scratch|from the (?:beginning|original))",
    r"(?:undo|revert|reset|discard) (?:everything|all(?: of (?:it|them))?(?: (?:my |the )?(?:changes|edits))?)",
    r"reset(?: (?:it|the (?:picture|image|photo)))?",
)
_POLITE = re.compile(
    r"(?:(?:please|pls|ok(?:ay)?|no|hmm+|sorry|wait|actually|can you|could you|"
    r"请|帮我|麻烦|再|不好看?|算了|不行|不对|还是|那就|那)[\s,，.。!！]*){0,4}",
    re.IGNORECASE,
)
_BEHIND = re.compile(r"\s*(?:[,，]?\s*(?:please|thanks|thank you|谢谢|一下|吧|了|啊|呢))?\s*", re.IGNORECASE)
_NEXT = re.compile(
    r"$|[,，.。;；、!！?？\n]|(?:and|then|but|now)\b|然后|并且|并|接着|但是|但|再|把|将|给|改成|改为|换成|让|衣服",
    re.IGNORECASE,
)
_JOINING = re.compile(r"(?:[\s,，.。;；、!！?？]|(?:and|then|but|now)\b|然后|并且|并|接着|但是|但)*", re.IGNORECASE)


class Directive(msgspec.Struct, frozen=True):
    """``undo`` steps to go back, ``pick`` a picture (1-based, -1 is the last) or return to the ``original``, and the
    instruction that follows.

    One of the three is set. ``rest`` is empty when nothing else was said.
    """

    undo: int = 0
    pick: int = 0
    rest: str = ""
    original: bool = False


def directive(text: str) -> Directive | None:
    """The directive at the beginning of a turn, or None when the whole turn is an instruction.

    "Use the second picture as background" is none: what follows must be the end or a clause of its own.
    """
    said = text.strip()
    plain = said.translate(_SIMPLE)
    polite = _POLITE.match(plain)
    start = polite.end() if polite else 0
    for patterns in (_ORIGINALS, _PICKS, _UNDOS):
        ends = [
            (found.end(), found) for pattern in patterns if (found := pattern.match(plain, start, start + _LONGEST))
        ]
        for end, found in sorted(ends, key=lambda pair: -pair[0]):
            behind = _BEHIND.match(plain, end)
            end = behind.end() if behind else end
            if _NEXT.match(plain, end):
                return _directive(found, patterns, _rest(said, end))
    return None


def _directive(found: "re.Match[str]", patterns: "tuple[re.Pattern[str], ...]", rest: str) -> Directive:
    if patterns is _ORIGINALS:
        return Directive(original=True, rest=rest)
    number = (found.groupdict().get("n") or "").lower()
    if patterns is _PICKS:
        return Directive(pick=_value(number, 0), rest=rest)
    return Directive(undo=min(max(1, _value(number, 1)), _MOST_STEPS), rest=rest)


def _value(text: str, default: int) -> int:
    digits = text.rstrip("stndrh")
    return int(digits) if digits.isdecimal() and digits.isascii() else _NUMBERS.get(text, default)


def _rest(said: str, start: int) -> str:
    joining = _JOINING.match(said, start)
    return said[joining.end() if joining else start :].strip()


_UNDOS = tuple(re.compile(pattern, re.IGNORECASE) for pattern in _UNDO)
_PICKS = tuple(re.compile(pattern, re.IGNORECASE) for pattern in _PICK)
_ORIGINALS = tuple(re.compile(pattern, re.IGNORECASE) for pattern in _ORIGINAL)

# Phrases of prompts that chat clients send by themselves, in lower case with single spaces. They are long and odd
# enough that nobody says them to a picture editor. Sources: the public code of the clients named.
_HIDDEN = (
    # NextChat (ChatGPT-Next-Web), app/locales
    "直接返回这句话的简要主题",
    "直接返回這句話的簡要主題",
    "简要总结一下对话内容，用作后续的上下文提示",
    "簡要總結一下對話內容，用作後續的上下文提示",
    "please generate a four to five word title summarizing our conversation",
    "summarize the discussion briefly in 200 words or less to use as a prompt for future context",
    "summarize our discussion briefly in",
    # LobeChat, chains/summaryTitle, and Cherry Studio, topic naming
    "你是一名擅长会话的助理",
    "将其总结为语言为",
    "总结为一个10字以内的标题",
    "请总结上述对话为",
    "professional conversation summarizer. generate a concise title",
    "you are an assistant skilled in conversation",
    "you need to summarize the user's conversation into a title",
    "summarize the given session as a 10-word title",
    # Chatbox, nameConversation
    "based on the chat history, give this conversation a name",
    "based on the chat history, give this conversation a title",
    "name this conversation in",
    # LibreChat
    "a concise, 5-word-or-less title for the conversation",
    "a concise title in the detected language (5 words or less",
    # ChatGPT-like clients
    "summarize the conversation in 5 words or fewer",
    # Open WebUI, config.py, also when its heading was changed
    "generate a concise, 3-5 word title",
    "generate 1-3 broad tags categorizing the main themes",
    "suggest 3-5 relevant follow-up questions or prompts",
    "determine the necessity of generating search queries",
    "you are an autocompletion system. continue the text",
    "generate a detailed prompt for am image generation task",
)
_TASK = re.compile(r"^### task: ?(?:generate|suggest|analy[sz]e|create|summari[sz]e|you are an? |determine|extract)")
_SPACES = re.compile(r"\s+")
_READ = 20_000  # characters; these prompts name themselves at the beginning or at the end


def is_housekeeping(messages_text: str) -> bool:
    """Whether a request is a client's own prompt for a title, summary, tags or follow-up questions.

    ``messages_text`` is the text of the last user message, with that of the system message before it if there is one;
    older turns do not belong in it.
    """
    text = messages_text if len(messages_text) <= 2 * _READ else messages_text[:_READ] + messages_text[-_READ:]
    plain = _SPACES.sub(" ", text).strip().lower()
    return bool(_TASK.match(plain)) or any(phrase in plain for phrase in _HIDDEN)
