"""What standard streams can take, whatever their encoding."""

from __future__ import annotations

import io
import json

import pytest

from mygo_cli.streams import CONTROLS, data_output, json_text, shown


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8", "Łódź 0.391 ± 0.003"),
        ("cp1252", "\\u0141ód\\u017a 0.391 +- 0.003"),
        ("ascii", "\\u0141\\xf3d\\u017a 0.391 +- 0.003"),
    ],
)
def test_letters_that_a_stream_has_not_are_numbers(encoding, text):
    assert shown("Łódź 0.391 ± 0.003", encoding) == text
    assert shown("plain", encoding) == "plain"


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("\x1b]0;pwned\x07\x1b[2Jred", "\\x1b]0;pwned\\x07\\x1b[2Jred"),
        ("\r\x9b31m\u202e", "\\r\\x9b31m\\u202e"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
    ],
)
def test_controls_are_shown_and_not_sent(text, escaped):
    assert shown(text, "utf-8") == escaped


def test_data_is_utf_8(monkeypatch):
    bytes_ = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(bytes_, "ascii", "backslashreplace"))
    data_output().write("Łódź")
    data_output().flush()
    assert bytes_.getvalue().decode() == "Łódź"


def test_what_stands_in_for_stdout_is_left_alone(monkeypatch):
    monkeypatch.setattr("sys.stdout", io.StringIO())
    data_output().write("Łódź")
    assert data_output().getvalue() == "Łódź"


def test_json_holds_no_character_that_steers_a_terminal():
    value = {"na\x1bme\u202e": ["日本 é\x9b", "tab\t line\n", "\x7f"]}
    for indent in (None, 2):
        text = json_text(value, indent)
        assert "日本 é" in text
        assert not CONTROLS.search(text)
        assert json.loads(text) == value
