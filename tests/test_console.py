"""What a terminal shows: numbers stay whole, and a muted process says errors only."""

from __future__ import annotations

import pytest

from mygo_cli import console


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    for stream in (console.stdout, console.stderr):
        stream.cache_clear()
    yield
    for stream in (console.stdout, console.stderr):
        stream.cache_clear()


def test_a_narrow_terminal_breaks_names_and_no_numbers(capsys):
    name = "an_entity_whose_identifier_is_long"
    console.table(("rank", "entity", "name", "score"), [(12, name, name.replace("_", " "), 7.25)])
    shown = capsys.readouterr().out
    assert "12" in shown.split()
    assert "7.2500" in shown.split()
    assert max(map(len, shown.splitlines())) <= 60


def test_names_and_numbers_too_wide_for_the_terminal_lose_no_letter(capsys):
    name, numbers = "20261128-105912_MKG-Y_tucker", (0.1234, 0.2345, 0.3456, 0.4567)
    console.table(("run", "MRR", "from", "to", "Hits@10"), [(name, *numbers)])
    lines = capsys.readouterr().out.splitlines()
    assert [float(word) for word in lines[2].split()[-4:]] == list(numbers)
    assert lines[2].split()[0] == name
    assert max(map(len, lines)) <= 60


FACT = ("rank", "head", "relation", "tail", "asked", "plausibility", "probability")


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_three_names_are_whole_words_at_every_width(capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    console.table(FACT, [(1, "Saudi Arabia", "has_religion", "Christianity", "tail", 1.5, 0.25)])
    lines = capsys.readouterr().out.splitlines()
    words = " ".join(lines).split()
    assert {"Saudi", "Arabia", "has_religion", "Christianity", "1.5000", *FACT} <= set(words)
    assert max(map(len, lines)) <= width


def test_names_break_between_their_words(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    console.table(("relation", "tail"), [("influencedByGreekArt", "http://example.org/北京/大学")])
    lines = capsys.readouterr().out.splitlines()[2:]
    assert "".join(line.split()[0] for line in lines) == "influencedByGreekArt"
    assert all(line.split()[0][0] in "iBGA" for line in lines)
    assert "北京/大学" in lines[-1] + lines[-2]


def test_a_narrow_terminal_breaks_a_number_from_its_deviation_at_most(capsys):
    headers = ("variant", "runs", "valid MRR", "test MRR", "Hits@1", "Hits@10", "seconds")
    spread = "0.119 ± 0.003"
    console.table(headers, [("a decoder", "2 of 3", spread, spread, spread, spread, 1234)])
    shown = capsys.readouterr().out
    assert shown.split().count("0.119") == 4
    assert shown.split().count("0.003") == 4
    assert max(map(len, shown.splitlines())) <= 60


COLUMNS = ("ranks", "MRR", "mean rank", "Hits@1", "Hits@3", "Hits@10")
VALUES = (1234, 0.1234, 1234.5, 0.2345, 0.3456, 0.4567)


@pytest.mark.parametrize("width", [40, 50, 60, 70, 80, 200])
def test_no_width_cuts_a_header_or_a_number_short(capsys, monkeypatch, width):
    monkeypatch.setenv("COLUMNS", str(width))
    console.table(("asked side", *COLUMNS), [("both sides of a_relation", *VALUES)])
    lines = capsys.readouterr().out.splitlines()
    words = " ".join(lines).split()
    wanted = ["1,234", "0.1234", "1234.5000", "0.2345", "0.3456", "0.4567"]
    assert [word for word in words if word[0].isdigit()] == wanted
    wanted = " ".join(("asked side both sides of a_relation", *COLUMNS)).split()
    assert sorted(word for word in words if word[0].isalpha()) == sorted(wanted)
    assert max(map(len, lines)) <= max(width, 55)  # whole words and one blank between columns


def test_words_of_a_sentence_break_before_a_name_does(capsys):
    name = "a_name_of_twenty_four_ch"
    console.table(("name", "what it is"), [(name, "a sentence of many words " * 3)])
    shown = capsys.readouterr().out
    assert name in shown.split()
    assert max(map(len, shown.splitlines())) <= 60


def test_a_name_breaks_before_a_sentence_is_one_word_a_line(capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    name = "an_entity_with_a_name_of_thirty"
    console.table(("name", "said", "n"), [(name, "it is so and not as he had it to be", 12)])
    lines = capsys.readouterr().out.splitlines()
    assert "".join(line.split()[0] for line in lines[2:4]) == name
    assert "it is so and" in lines[2]
    assert max(map(len, lines)) <= 40


def test_headers_and_titles_are_text_and_no_markup(capsys):
    console.table(("[bold]x", "y"), [("a", 1)], title="[red]t, which is longer than its table")
    shown = capsys.readouterr().out
    assert shown.startswith("[red]t, which is longer than its table\n")
    assert "[bold]x" in shown


def test_a_muted_process_says_errors_only(capsys):
    console.mute()
    console.result("a result")
    console.info("a note")
    console.print_json({"a": 1})
    console.table(("a",), [(1,)])
    assert capsys.readouterr() == ("", "")
    console.error("what is wrong")
    assert capsys.readouterr() == ("", "what is wrong\n")
