"""One entity's tokens as a web page that needs no other file."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from html import escape

from PIL import Image

from mygo_cli.tokens.drawing import colour_of
from mygo_cli.tokens.kept import KeptToken

STYLE = """
body { font: 15px/1.5 sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em; }
figure { display: inline-block; margin: 0 1em 1em 0; }
figcaption { color: #555; font-size: 13px; }
td, th { padding: 0 1em 0 0; text-align: left; }
mark { border-radius: 3px; padding: 0 2px; }
.swatch { border-radius: 2px; display: inline-block; height: 12px; width: 12px; }
"""


def entity_page(
    title: str,
    pictures: Sequence[tuple[str, Image.Image]],
    image_kept: Sequence[KeptToken],
    pieces: Sequence[tuple[int, str]],
    text_kept: Sequence[KeptToken],
) -> str:
    """Return HTML: marked pictures, the text with its kept word pieces marked, and both lists.

    `pieces` are token id and word piece of each token of the text, in reading order.
    """
    words = dict(pieces)
    parts = [f"<h1>{escape(title)}</h1>"]
    if pictures:
        parts += ["<h2>Pictures</h2>", *(_figure(*named) for named in pictures)]
        parts.append(_list(image_kept, {}))
    if pieces:
        parts += ["<h2>Text</h2>", f"<p>{_marked(pieces, text_kept)}</p>", _list(text_kept, words)]
    body = "\n".join(parts)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def _figure(name: str, picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    data = base64.b64encode(buffer.getvalue()).decode()
    image = f'<img alt="{escape(name)}" src="data:image/png;base64,{data}">'
    return f"<figure>{image}<figcaption>{escape(name)}</figcaption></figure>"


def _list(kept: Sequence[KeptToken], words: dict[int, str]) -> str:
    """Return a table of tokens with the colour of each."""
    rows = [
        f'<tr><td><span class="swatch" style="background: {_css(place, kept)}"></span></td>'
        f"<td>{token.token}</td><td>{escape(words.get(token.token, ''))}</td>"
        f"<td>{token.count}</td></tr>"
        for place, token in enumerate(kept)
    ]
    head = "<tr><th></th><th>token</th><th></th><th>count</th></tr>"
    return f"<table>{head}{''.join(rows)}</table>"


def _marked(pieces: Sequence[tuple[int, str]], kept: Sequence[KeptToken]) -> str:
    """Return the text with kept word pieces in their colours."""
    places = {token.token: place for place, token in enumerate(kept)}
    words: list[str] = []
    for token, piece in pieces:
        inner = piece.removeprefix("##")
        space = "" if inner != piece or not words else " "
        text = escape(inner)
        if token in places:
            # Half transparent, so that black letters stay readable on any hue.
            colour = _css(places[token], kept) + "80"
            text = f'<mark style="background: {colour}">{text}</mark>'
        words.append(space + text)
    return "".join(words)


def _css(place: int, kept: Sequence[KeptToken]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour_of(place, len(kept)))
