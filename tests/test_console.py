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
    assert [float(word) for word in lines[3].split()[-4:]] == list(numbers)
    assert "".join(line[:24].strip() for line in lines[3:]) == name
    assert max(map(len, lines)) <= 60


def test_a_narrow_terminal_breaks_a_number_from_its_deviation_at_most(capsys):
    headers = ("variant", "runs", "valid MRR", "test MRR", "Hits@1", "Hits@10", "seconds")
    spread = "0.119 ± 0.003"
    console.table(headers, [("a decoder", "2 of 3", spread, spread, spread, spread, 1234)])
    shown = capsys.readouterr().out
    assert shown.split().count("0.119") == 4
    assert shown.split().count("0.003") == 4
    assert max(map(len, shown.splitlines())) <= 60


def test_a_muted_process_says_errors_only(capsys):
    console.mute()
    console.result("a result")
    console.info("a note")
    console.print_json({"a": 1})
    console.table(("a",), [(1,)])
    assert capsys.readouterr() == ("", "")
    console.error("what is wrong")
    assert capsys.readouterr() == ("", "what is wrong\n")
