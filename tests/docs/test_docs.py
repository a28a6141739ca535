"""The documentation tells the truth: generated pages, command lines and links."""

from __future__ import annotations

import importlib.util
import re
import shlex
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer.main

from mygo_cli import backends
from mygo_cli.app import app
from mygo_cli.contracts import DECODERS, IMAGE_TOKENIZERS, TEXT_TOKENIZERS

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
GENERATED = ("cli.md", "settings.md")
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.rglob("*.md"))]
COMMAND = re.compile(r"(?:\$ )?(?:[A-Z_]+=\S+ )*mygo (.+)")
LINK = re.compile(r"\[[^]]*\]\(([^) ]+)\)")
BACKEND_FLAGS = {
    "--decoder": DECODERS,
    "--image-backend": IMAGE_TOKENIZERS,
    "--text-backend": TEXT_TOKENIZERS,
}
NAMES_OF_EXAMPLES = {"colour-words", "cosine"}


def page_name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_docs", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", GENERATED)
def test_generated_pages_are_up_to_date(name: str) -> None:
    pages = generator().PAGES
    assert set(pages) == set(GENERATED)
    written = (DOCS / name).read_text(encoding="utf-8")
    assert written == pages[name](), "run: make docs"


# Commands


def commands_of(page: Path) -> list[str]:
    """Return what stands behind `mygo` in code blocks and in code within a sentence."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    found = re.findall(r"`mygo ([^`]+)`", text)
    fenced = False
    for line in text.splitlines():
        if line.startswith("```"):
            fenced = not fenced
        command = COMMAND.fullmatch(line.strip())
        if command and (fenced or line.startswith("    ")):
            found.append(command[1])
    return found


def every_command() -> list[Any]:
    return [
        pytest.param(line, id=f"{page_name(page)}: {line}")
        for page in PAGES
        if page.name not in GENERATED
        for line in dict.fromkeys(commands_of(page))
    ]


@pytest.mark.parametrize("line", every_command())
def test_commands_parse(line: str) -> None:
    words = shlex.split(re.split(r" [>|] ", line)[0], comments=True)
    command, path = typer.main.get_command(app), ["mygo"]
    while words and words[0] in getattr(command, "commands", {}):
        path.append(words.pop(0))
        command = command.commands[path[-1]]  # type: ignore[attr-defined]
    if not hasattr(command, "commands"):
        for flag, value in pairwise(words):
            if flag in BACKEND_FLAGS and value not in NAMES_OF_EXAMPLES:
                backends.find(BACKEND_FLAGS[flag], value)
        if words:  # without any it is named, not called
            command.make_context(" ".join(path), words)  # raises for what it has not
        return
    flags = {flag for parameter in command.params for flag in parameter.opts}
    rest = [word for word in words if word not in flags | {"--help", "-h"}]
    assert set(rest[:1]) <= set(command.commands), f"there is no command {rest[0]}"


def test_pages_show_commands() -> None:
    """The extraction still finds what stands on the pages."""
    assert {"tokenize --image-backend beitv2", "train --decoder tucker"} <= set(
        commands_of(ROOT / "README.md")
    )
    assert "rank --head X --relation Y" in commands_of(DOCS / "quickstart.md")


# Links


def anchors_of(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as MkDocs and GitHub make them."""
    found = set()
    for line in re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.S | re.M).splitlines():
        if heading := re.fullmatch(r"#+ (.+)", line):
            plain = re.sub(r"[^\w\s-]", "", heading[1].lower()).strip()
            found.add(re.sub(r"[\s]+", "-", plain))
    return found


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_links_resolve(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith(("https://", "http://")):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), f"no file {target}"
        assert not anchor or anchor in anchors_of(file), f"no heading {target}"
        if DOCS in page.parents:
            assert DOCS in file.parents, f"{target} is not part of the site"


def test_pages_named_by_the_code_exist() -> None:
    files = [*(ROOT / "mygo_cli").rglob("*.py"), *(ROOT / "plugins").rglob("*.py")]
    named = {name for file in files for name in re.findall(r"docs/[\w/-]+\.md", file.read_text())}
    assert {"docs/data.md", "docs/plugins.md"} <= named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


# Tables


def tables_of(page: Path) -> list[list[str]]:
    """Return the lines of each table of a page."""
    prose = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.S | re.M)
    return [found[0].splitlines() for found in re.finditer(r"(?:^\|.*\n?)+", prose, flags=re.M)]


@pytest.mark.parametrize("page", PAGES, ids=page_name)
def test_rows_of_tables_have_as_many_cells_as_their_header(page: Path) -> None:
    for table in tables_of(page):
        cells = [len(re.findall(r"(?<!\\)\|", line)) for line in table]
        assert [line for line, count in zip(table, cells, strict=True) if count != cells[0]] == []


def test_tables_are_found() -> None:
    assert any(len(table) > 10 for table in tables_of(DOCS / "reproduction.md"))
