"""Any names, written in any documented way, come back as they were."""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
from pathlib import Path

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mygo_cli.graph.reading import read_graph
from mygo_cli.graph.rows import TRIPLES

names = st.text(
    st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff"), min_size=1
).filter(lambda name: name == name.strip())
rows = st.lists(st.tuples(names, names, names), min_size=1, max_size=12)
HEADER_WORDS = frozenset().union(*TRIPLES.header)


@settings(max_examples=120, deadline=None)
@given(
    rows=rows,
    ending=st.sampled_from([".txt", ".tsv", ".csv"]),
    packed=st.booleans(),
    bom=st.booleans(),
    newline=st.sampled_from(["\n", "\r\n"]),
    header=st.booleans(),
    blank=st.sampled_from(["", "\n", " \t\n", "\r\n\r\n"]),
    pad=st.sampled_from(["", " ", "  "]),
)
def test_round_trip(rows, ending, packed, bom, newline, header, blank, pad):
    assume(not {word.lower().lstrip("#").strip() for word in rows[0]} <= HEADER_WORDS)
    written = [("head", "relation", "tail"), *rows] if header else rows
    if ending == ".csv":
        out = io.StringIO(newline="")
        csv.writer(out, lineterminator=newline).writerows(written)
        content = out.getvalue()
    else:
        content = "".join(f"{pad}\t{pad}".join(row) + pad + newline for row in written)
    data = (blank + content + blank).encode("utf-8-sig" if bom else "utf-8")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"train{ending}{'.gz' if packed else ''}"
        path.write_bytes(gzip.compress(data) if packed else data)
        graph = read_graph(Path(folder))
    found = [(graph.entities[h], graph.relations[r], graph.entities[t]) for h, r, t in graph.train]
    assert found == list(dict.fromkeys(rows))
    assert int(graph.lines_of("train").sum()) == len(rows)
