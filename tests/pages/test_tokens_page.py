"""The pages of tokens: that names and texts are only that, and that nothing is loaded."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace
from typing import Any

import numpy as np
from tiny_training import tiny_graph, tiny_table
from web_pages import Page

from mygo_cli.pages.tokens_page import tokens_page, words_page
from mygo_cli.progress import silent
from mygo_cli.tokens.kept import KeptToken, KeptTokens
from mygo_cli.tokens.show import EntityTokens, ModalityView
from mygo_cli.tokens.words import VisualWord

EVIL = '"><script>alert(1)</script>'


def evil_graph(tmp_path):
    tiny = tiny_graph()
    names = tuple(f"{name}{EVIL}" for name in tiny.names)
    return dataclasses.replace(tiny, name=EVIL, names=names, folder=tmp_path)


def view(modality, kept, pieces=()):
    cache: Any = SimpleNamespace(header=SimpleNamespace(modality=modality), imported=True)
    return ModalityView(cache, KeptTokens([], kept, []), list(pieces))


def test_what_it_says_and_that_nothing_is_markup(tmp_path):
    table = tiny_table(1)
    row = int(np.flatnonzero(table.mask.all(1))[0])
    own = [int(token) for token in table.vocabulary[table.ids[row]]]
    kept = [KeptToken(token, 2, {}) for token in dict.fromkeys(own)]
    pieces = [(own[0], f"sun{EVIL}"), (99, "##light"), (98, "is")]
    graph = evil_graph(tmp_path)
    shown = EntityTokens(graph, row, view("image", kept), view("text", kept, pieces))
    page = Page(tokens_page(shown, [], {"image": table, "text": table}))
    assert page.faults == []
    assert EVIL in page.text
    assert f"sun{EVIL}light is" in page.text
    assert page.tags.count("mark") == 1
    assert "2 patches" in page.text
    assert "Who keeps the same" in page.text


def test_an_entity_without_tokens(tmp_path):
    shown = EntityTokens(evil_graph(tmp_path), 0, None, None)
    page = Page(tokens_page(shown, [], {}))
    assert page.faults == []
    assert "It has none." in page.text


def test_the_sheet_of_words(tmp_path, monkeypatch):
    from PIL import Image

    graph = evil_graph(tmp_path)
    words = [VisualWord(5, 2, 9, EVIL), VisualWord(6, 1, 1, "other")]
    monkeypatch.setattr(
        "mygo_cli.pages.tokens_page.word_tiles", lambda *_: {5: Image.new("RGB", (4, 4))}
    )
    info = SimpleNamespace(vocab_size=1234)
    cache: Any = SimpleNamespace(header=SimpleNamespace(backend=EVIL, info=info))
    page = Page(words_page(graph, cache, words, silent))
    assert page.faults == []
    assert len(page.pictures) == 1
    assert "2 entities" in page.text
    assert "1 entity" in page.text
    assert "1,234 codes" in page.text
