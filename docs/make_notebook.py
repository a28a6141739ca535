"""Run the cells of docs/notebook.md and write it with what they show: python docs/make_notebook.py.

The newest run of the built-in graph answers; `mygo quickstart` makes one. A cell's last expression
is shown as a notebook shows it: by `_repr_html_` where it has one, else by `repr`.
"""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent / "notebook.md"
INTRODUCTION = """\
# In a notebook

What `mygo.open_run` returns shows itself in Jupyter and its kin: runs, answers and explanations are
tables, with thumbnails where the graph has pictures at hand. Names and texts are escaped, no script
runs, and nothing is loaded from elsewhere. `python docs/make_notebook.py` ran the cells below on
the built-in graph and wrote this page with what they showed.
"""
CELLS = (
    (
        "A run says what it is and what it is worth:",
        "import mygo_cli as mygo\n\nrun = mygo.open_run()\nrun",
    ),
    (
        "Answers have the pictures of those who answer:",
        'run.rank(head="Iceland", relation="imports_from", hide_known=True, top=5)',
    ),
    ("New facts have those of both ends:", "run.complete(top=5)"),
    (
        "`run.explain` returns what an answer rests on, as [mygo explain](explaining.md) does: "
        "patches and words in\nblue speak for it, in orange against it.",
        'run.explain(head="Kenya", relation="flag_colour", tail="black (flag colour)")',
    ),
    (
        "All of them are sequences of objects, too, and become DataFrames "
        "([From Python](python.md)):",
        'answers = run.rank(relation="grows", tail="coffee", hide_known=True)\n'
        "answers[0].name, round(answers[0].confidence, 3)",
    ),
)


def shown(code: str, names: dict[str, Any]) -> str:
    """Run a cell in `names` and return its last expression as Markdown, HTML included."""
    *lines, last = ast.parse(code).body
    assert isinstance(last, ast.Expr)
    exec(compile(ast.Module(lines, []), "cell", "exec"), names)
    value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    if hasattr(value, "_repr_html_"):
        return f'<div class="cell-output">{value._repr_html_()}</div>'
    return f"    {value!r}"


def main() -> None:
    """Run every cell and write the page."""
    names: dict[str, Any] = {}
    parts = [INTRODUCTION]
    for prose, code in CELLS:
        parts += [f"{prose}\n", f"```python\n{code}\n```\n", f"{shown(code, names)}\n"]
    PAGE.write_text("\n".join(parts), encoding="utf-8")
    print(f"wrote {PAGE.name}: {PAGE.stat().st_size / 1024:,.0f} KiB")


if __name__ == "__main__":
    main()
