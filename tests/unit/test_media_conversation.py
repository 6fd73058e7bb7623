"""Replaying a history: what the last turn works on."""

import pytest

from openhearth.core.errors import RequestError
from openhearth.media.conversation import Ask, Turn, read
from openhearth.media.gallery import TO_THE_FIRST

P0 = "https://x.y/portrait.png"
P5 = "https://x.y/other.png"
SIGNATURE = "A" * 24


def link(number: int, host: str = "https://h") -> str:
    return f"{host}/media/{SIGNATURE}/img_{number:030d}.png"


def user(text: str, *pictures: str) -> Turn:
    return Turn("user", text, pictures)


def answer(*numbers: int, host: str = "https://h") -> Turn:
    return Turn("assistant", "> working\n\n" + "\n".join(f"![x]({link(number, host)})" for number in numbers))


def test_the_first_turn_has_its_own_picture() -> None:
    assert read([user(f"{P0} 换成红色")]) == Ask("换成红色", (P0,))


def test_parts_come_before_urls_in_the_text() -> None:
    assert read([user(f"put {P0} behind", P5)]).sources == (P5, P0)


def test_a_turn_without_picture_edits_the_last_result() -> None:
    assert read([user(f"{P0} red"), answer(1), user("再亮一点")]).sources == (link(1),)


def test_a_failed_turn_is_skipped() -> None:
    said = [user(f"{P0} red"), answer(1), user("flurb"), Turn("assistant", "error"), user("brighter")]
    assert read(said).sources == (link(1),)


def test_a_picture_given_and_never_answered_still_counts() -> None:
    assert read([user(P0), user("red")]).sources == (P0,)


def test_a_new_picture_starts_anew_and_undo_leads_back() -> None:
    said = [user(f"{P0} red"), answer(1), user(f"{P5} blue"), answer(2), user("brighter"), answer(3)]
    assert read([*said, user("撤销")]).sources == (link(2),)
    assert read([*said, user("undo 2")]).sources == (P5,)
    assert read([*said, user("undo 3")]).sources == (link(1),)


def test_undo_shows_the_step_before_and_adds_none() -> None:
    said = [user(f"{P0} red"), answer(1), user("brighter"), answer(2), user("撤销")]
    assert read(said) == Ask("", (link(1),), show=True)
    said += [answer(1), user("撤销")]
    assert read(said) == Ask("", (P0,), show=True)
    said += [Turn("assistant", f"![x]({P0})"), user("black and white")]
    assert read(said) == Ask("black and white", (P0,))


def test_undo_with_more_words_edits_the_step_before() -> None:
    said = [user(f"{P0} red"), answer(1), user("brighter"), answer(2), user("撤销,变成黑白")]
    assert read(said) == Ask("变成黑白", (link(1),))


def test_the_same_picture_under_another_host_is_the_same_step() -> None:
    said = [user(f"{P0} red"), answer(1), user("brighter"), answer(2), user("撤销"), answer(1, host="http://other")]
    assert read([*said, user("撤销")]).sources == (P0,)


def test_undo_without_a_step_is_refused() -> None:
    with pytest.raises(RequestError) as nothing:
        read([user("撤销")])
    assert (nothing.value.code, nothing.value.param) == ("nothing_to_undo", "messages")
    with pytest.raises(RequestError) as first:
        read([user(P0), user("撤销")])
    assert first.value.code == "nothing_to_undo"


def test_undo_beyond_the_history_is_left_to_the_lineage() -> None:
    assert read([answer(4), user("undo 2")]) == Ask("", (link(4),), show=True, back=2)


def test_the_original_is_shown_and_edited_from_then_on() -> None:
    said = [user(f"{P0} red"), answer(1), user("brighter"), answer(2), user("恢复原图")]
    assert read(said) == Ask("", (P0,), show=True)
    said += [Turn("assistant", f"![x]({P0})")]
    assert read([*said, user("black and white")]) == Ask("black and white", (P0,))
    assert read([*said, user("undo")]) == Ask("", (link(2),), show=True)
    assert read([*said, user("back to the original")]) == Ask("", (P0,), show=True)


def test_the_original_can_be_edited_in_the_same_turn() -> None:
    said = [user(f"{P0} red"), answer(1), user("back to the original, then make it blue")]
    assert read(said) == Ask("make it blue", (P0,))
    assert read([*said, answer(2), user("brighter")]).sources == (link(2),)


def test_the_original_is_the_one_the_user_gave_last() -> None:
    said = [user(f"{P0} red"), answer(1), user(f"{P5} blue"), answer(2), user("start over")]
    assert read(said) == Ask("", (P5,), show=True)


def test_the_original_of_a_cut_history_is_left_to_the_lineage() -> None:
    assert read([answer(4), user("回到原图")]) == Ask("", (link(4),), show=True, back=TO_THE_FIRST)


def test_there_is_no_original_without_a_picture() -> None:
    with pytest.raises(RequestError) as caught:
        read([user("恢复原图")])
    assert caught.value.code == "nothing_to_undo"


def test_a_number_picks_among_all_results_or_those_of_the_last_answer() -> None:
    said = [user(f"{P0} red"), answer(1), user("brighter"), answer(2)]
    assert read([*said, user("用第一张")]) == Ask("", (link(1),), show=True)
    assert read([*said, user("用第一张,变成黑白")]) == Ask("变成黑白", (link(1),))
    said += [user("again"), answer(3, 4)]
    assert read([*said, user("brighter")]).sources == (link(4),)
    assert read([*said, user("用第一张")]).sources == (link(3),)


def test_picking_the_picture_at_hand_adds_no_step() -> None:
    said = [user(f"{P0} red"), answer(1), user("用第一张"), answer(1), user("brighter"), answer(2), user("撤销两步")]
    assert read(said) == Ask("", (P0,), show=True)


def test_picking_what_is_not_there_is_refused() -> None:
    with pytest.raises(RequestError) as caught:
        read([user(f"{P0} red"), answer(1), user("用第三张")])
    assert (caught.value.code, caught.value.param) == ("no_such_picture", "messages")


def test_system_and_tool_turns_say_nothing() -> None:
    said = [Turn("system", f"see {P5}"), user(f"{P0} red"), answer(1), Turn("tool", P5), user("brighter")]
    assert read(said).sources == (link(1),)


def test_without_a_user_there_is_nothing_to_do() -> None:
    with pytest.raises(RequestError):
        read([Turn("assistant", "hello")])
