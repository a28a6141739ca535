"""Which pieces of a vocabulary say nothing about an entity."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from mygo_cli.errors import UsageError

WORD_MARKS = "▁Ġ "


def load_stop_words(language: str) -> frozenset[str]:
    """Return the stop words of a language code such as `en`, in lower case; of `none`, none.

    English is scikit-learn's list of 318 words. The list for English of the package stop-words,
    which serves the other languages, has 1,333 and with them words that tell entities apart
    (`large`, `island`'s `area`, `young`). Raises `UsageError` for an unknown language.
    """
    if language == "none":
        return frozenset()
    if language == "en":
        from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

        return frozenset(ENGLISH_STOP_WORDS)
    import stop_words

    if language not in stop_words.LANGUAGE_MAPPING:
        known = ", ".join(sorted(stop_words.LANGUAGE_MAPPING))
        raise UsageError(f"stop_words = {language}: no list for it.", f"There are: none, {known}.")
    return frozenset(word.casefold() for word in stop_words.get_stop_words(language))


def says_nothing(piece: str, stop_words: frozenset[str]) -> bool:
    """Return whether a piece, as a person reads it, is a stop word, punctuation or one letter.

    One letter means an ASCII one: what `it's`, `U.S.` and plurals of rare words leave behind.
    Digits are kept, and so are single characters of other scripts, which are words there. The
    mark of an incomplete byte sequence is a part of a letter, and kept. A fragment (`##over`) is
    no stop word: rare names consist of nothing else.
    """
    word = piece.removeprefix("##").strip(WORD_MARKS).casefold()
    if len(word) == 1 and word.isascii():
        return not word.isdigit()
    if word in stop_words:
        return not piece.startswith("##")
    return not any(map(_is_letter, word))


def _is_letter(character: str) -> bool:
    """Return whether a character belongs to words: letters, digits, vowel signs, byte remains."""
    return character.isalnum() or unicodedata.category(character)[0] == "M" or character == "�"


def drop_ids(
    pieces: Sequence[str], special: frozenset[int], stop_words: frozenset[str]
) -> tuple[int, ...]:
    """Return the ids that selection ignores, ascending.

    Without `stop_words` these are the `special` ones only.
    """
    silent = {i for i, piece in enumerate(pieces) if stop_words and says_nothing(piece, stop_words)}
    return tuple(sorted(silent | special))
