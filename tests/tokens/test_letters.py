"""Letters in pictures: from the fonts that there are, `?` for what none of them has."""

from __future__ import annotations

import pytest
from PIL import Image, ImageDraw

from mygo_cli.tokens import letters as module
from mygo_cli.tokens.letters import Letters

PRIVATE = "\ue000"  # a letter that no font agrees on


@pytest.fixture
def poor(monkeypatch):
    """Return letters on a machine that has no font but Pillow's own."""
    monkeypatch.setattr(module, "_files", lambda: ("no-such-font.ttf",))
    return Letters(20)


def written(letters, text):
    return "".join(run.text for run in letters.runs(text))


def test_what_no_font_has_is_a_question_mark(poor):
    assert written(poor, "plain (text), 1.5") == "plain (text), 1.5"
    assert written(poor, "河 \u5317\x1b!") == "? ??!"
    assert poor.missing == {"河", "\u5317"}


@pytest.mark.parametrize("letter", ["\x1b", "\x07", "\u202e", "\ud800", "\n", PRIVATE])
def test_what_steers_is_no_letter(letter):
    assert written(Letters(20), f"a{letter}b") == "a?b"


def test_a_second_font_has_what_the_first_lacks(monkeypatch):
    if not module._has(next(module._fonts(20)), "я"):
        pytest.skip("no font with Cyrillic is here")
    rich = next(module._fonts(20))
    own = module.ImageFont.load_default(20)
    monkeypatch.setattr(module, "_fonts", lambda _: iter((own, rich)))
    runs = Letters(20).runs("ab яя ab")
    assert [run.text for run in runs] == ["ab ", "яя", " ab"]
    assert [run.font for run in runs] == [own, rich, own]


def test_fonts_are_opened_when_they_are_needed(monkeypatch):
    opened = []

    def fonts(size):
        for number in range(3):
            opened.append(number)
            yield module.ImageFont.load_default(size)

    monkeypatch.setattr(module, "_fonts", fonts)
    letters = Letters(20)
    letters.runs("abc")
    assert opened == [0]
    letters.runs("河")
    assert opened == [0, 1, 2]


def test_a_line_is_cut_to_the_room_there_is(poor):
    text = "a rather long name of an entity"
    assert poor.cut(text, 2000) == text
    cut = poor.cut(text, 120)
    assert cut.endswith("...")
    assert text.startswith(cut[:-3])
    assert poor.width(cut) <= 120
    assert poor.cut(text, 1) == "..."


def test_letters_stand_where_they_are_put(poor):
    picture = Image.new("L", (200, 60), 255)
    poor.draw(ImageDraw.Draw(picture), 10, 40, "HH", "black")
    left, top, right, bottom = picture.point(lambda value: 255 - value).getbbox()
    assert (left >= 10, bottom) == (True, 40)
    assert abs(right - 10 - poor.width("HH")) <= 3
    assert 40 - 20 < top < 40
