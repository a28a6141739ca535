"""Who may import whom: the layer table of the design, held against every import statement."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
CORE, PLUGINS = ROOT / "mygo_cli", ROOT / "plugins" / "mygo_plugins"
FILES = sorted([*CORE.rglob("*.py"), *PLUGINS.rglob("*.py")])

# A room imports itself and rooms with a smaller number.
LAYERS = {
    "mygo_cli": 0,  # the version
    "mygo_cli.errors": 0,
    "mygo_cli.contracts": 1,
    "mygo_cli.device": 2,
    "mygo_cli.files": 1,
    "mygo_cli.progress": 1,
    "mygo_cli.streams": 1,
    "mygo_cli.backends": 2,
    "mygo_cli.console": 3,
    "mygo_cli.distributed": 3,
    "mygo_cli.records": 2,
    "mygo_cli.tables": 2,
    "mygo_cli.testing": 2,
    "mygo_cli.weights": 2,
    "mygo_cli.graph": 3,
    "mygo_cli.settings": 3,
    "mygo_cli.cache": 4,
    "mygo_cli.folders": 4,
    "mygo_cli.tokenizing": 5,
    "mygo_cli.tokens": 6,
    "mygo_cli.model": 7,
    "mygo_cli.ranking": 8,
    "mygo_cli.completion": 9,
    "mygo_cli.exports": 10,
    "mygo_cli.runs": 11,
    "mygo_cli.pages": 12,
    "mygo_cli.training": 12,
    "mygo_cli.explore": 13,
    "mygo_cli.bench": 13,
    "mygo_cli.experiments": 13,
    "mygo_cli.imports": 13,
    "mygo_cli.tuning": 14,
    "mygo_cli.commands": 15,
    "mygo_cli.app": 16,
    "mygo_cli.__main__": 17,
}
PLUGINS_MAY_IMPORT = ("mygo_cli.errors", "mygo_cli.contracts", "mygo_cli.files", "mygo_cli.weights")
HEAVY = {"torch", "transformers", "timm", "h5py", "PIL", "sklearn"}
MAY_BE_HEAVY = {
    "mygo_cli.graph.pictures",
    "mygo_cli.distributed.gather",
    "mygo_cli.distributed.synced_norm",
    "mygo_cli.testing",
}
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "base", "common", "misc"}


@dataclass(frozen=True)
class Import:
    """A module that a file imports, where, and whether importing the file is enough for it."""

    module: str
    line: int
    at_once: bool


def module_of(path: Path) -> str:
    """Return the dotted name of a file."""
    parts = path.relative_to(PLUGINS.parent if PLUGINS in path.parents else ROOT).with_suffix("")
    return ".".join(parts.parts).removesuffix(".__init__")


def imports_of(path: Path) -> list[Import]:
    """Return everything that a file imports, wherever in it."""
    return list(_imports(ast.parse(path.read_text(encoding="utf-8")), at_once=True))


def _imports(node: ast.AST, at_once: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            yield from (Import(name.name, child.lineno, at_once) for name in child.names)
        elif isinstance(child, ast.ImportFrom):
            assert child.level == 0, f"line {child.lineno}: imports here are absolute"
            yield from (
                Import(f"{child.module}.{name.name}", child.lineno, at_once) for name in child.names
            )
        else:
            late = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            typing_only = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test)
            yield from _imports(child, at_once and not late and not typing_only)


def room_of(module: str) -> str:
    """Return the room of `mygo_cli` that a module, or a name in one, belongs to."""
    parts = module.split(".")
    room = ".".join(parts[:2])
    return room if room in LAYERS else parts[0]


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_room_has_a_layer():
    rooms = {
        f"mygo_cli.{path.relative_to(CORE).parts[0].removesuffix('.py')}"
        for path in CORE.rglob("*.py")
    }
    assert rooms - {"mygo_cli.__init__"} == set(LAYERS) - {"mygo_cli"}


FRONT_DOOR = CORE / "__init__.py"


def test_the_front_door_imports_late():
    ours = [found for found in imports_of(FRONT_DOOR) if found.module.startswith("mygo_cli")]
    assert ours
    assert not [found for found in ours if found.at_once]


@pytest.mark.parametrize(
    "path", [path for path in FILES if CORE in path.parents and path != FRONT_DOOR], ids=name_of
)
def test_imports_run_one_way(path):
    own = room_of(module_of(path))
    for found in imports_of(path):
        assert not found.module.startswith("mygo_plugins"), f"line {found.line}: use entry points"
        if found.module.split(".")[0] == "mygo_cli":
            room = room_of(found.module)
            allowed = room == own or LAYERS[room] < LAYERS[own]
            assert allowed, f"line {found.line}: {own} may not import {found.module}"


@pytest.mark.parametrize("path", [path for path in FILES if PLUGINS in path.parents], ids=name_of)
def test_plugins_import_contracts_only(path):
    allowed = tuple(PLUGINS_MAY_IMPORT)
    if module_of(path).startswith("mygo_plugins.decoder"):
        allowed += ("mygo_cli.model.dropout", "mygo_cli.device.in_autocast_type")
    own_kind = module_of(path).rpartition(".")[0]
    for found in imports_of(path):
        if found.module.split(".")[0] == "mygo_cli":
            assert found.module.startswith(tuple(allowed)), f"line {found.line}: {found.module}"
        if found.module.split(".")[0] == "mygo_plugins":
            assert found.module.startswith(own_kind), f"line {found.line}: {found.module}"


def test_light_layers_import_heavy_packages_late():
    light = {room for room, layer in LAYERS.items() if layer <= 3 or layer >= 13}
    light |= {"mygo_cli.exports"}
    light -= {"mygo_cli.bench"}
    for path in FILES:
        if room_of(module_of(path)) in light and module_of(path) not in MAY_BE_HEAVY:
            heavy = [
                f"{name_of(path)}:{found.line}: {found.module}"
                for found in imports_of(path)
                if found.at_once and found.module.split(".")[0] in HEAVY
            ]
            assert not heavy


@pytest.mark.parametrize(
    "path", [path for path in FILES if path.name == "__init__.py"], ids=name_of
)
def test_packages_are_a_docstring(path):
    content = ast.parse(path.read_text(encoding="utf-8")).body
    assert content, "say what the package holds"
    assert isinstance(content[0], ast.Expr), "say what the package holds"
    if module_of(path) not in ("mygo_cli",):
        assert len(content) == 1


def test_files_are_named_for_an_idea():
    everywhere = [*FILES, *(ROOT / "tests").rglob("*.py")]
    assert not [name_of(path) for path in everywhere if path.stem in VAGUE_NAMES]


# Files of fewer than `SHORTEST` lines that are an idea of their own, and which.
SMALL_IDEAS = {
    "mygo_cli/commands/backends.py": "a command",
    "mygo_cli/commands/plot.py": "a command",
    "mygo_cli/commands/recipes.py": "a command",
    "mygo_cli/commands/report.py": "a command",
    "mygo_cli/commands/runs.py": "a command",
    "mygo_cli/distributed/gather.py": "a formula and its gradient",
    "mygo_cli/folders.py": "where things lie",
    "mygo_cli/model/dropout.py": "a layer that plugins use too",
    "mygo_cli/model/relation_maps.py": "a matrix of each relation and side",
    "mygo_cli/model/triple_encoder.py": "section 4.2.2",
    "mygo_cli/pages/explain_page.py": "a page",
    "mygo_cli/pages/rendering.py": "how a template is filled in",
    "mygo_cli/ranking/nearest.py": "a measure of likeness",
    "mygo_cli/runs/environment.py": "a file of a run",
    "mygo_cli/runs/exported.py": "what a run can write",
    "mygo_cli/training/memory.py": "what cannot fit",
    "mygo_cli/training/fusing.py": "what the weights of the experts are fitted to",
    "plugins/mygo_plugins/decoder/complex.py": "a plugin",
    "plugins/mygo_plugins/decoder/distmult.py": "a plugin",
    "plugins/mygo_plugins/decoder/dot.py": "a plugin",
    "plugins/mygo_plugins/decoder/products.py": "what the decoders that multiply share",
    "plugins/mygo_plugins/decoder/rotate.py": "a plugin",
    "plugins/mygo_plugins/decoder/transe.py": "a plugin",
    "plugins/mygo_plugins/logger/csv_file.py": "a plugin",
    "plugins/mygo_plugins/logger/mlflow.py": "a plugin",
    "plugins/mygo_plugins/logger/tensorboard.py": "a plugin",
    "plugins/mygo_plugins/logger/wandb.py": "a plugin",
    "plugins/mygo_plugins/image/pixels.py": "what all image tokenizers do to pixels",
}
SHORTEST, LONGEST = 60, 300


def test_files_are_neither_long_nor_crumbs():
    lengths = {
        name_of(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in FILES
        if path.name not in ("__init__.py", "__main__.py")
    }
    assert not {name: length for name, length in lengths.items() if length > LONGEST}
    assert {name for name, length in lengths.items() if length < SHORTEST} == set(SMALL_IDEAS)


def test_no_attribute_name_is_built_from_strings():
    """A search for an option's name finds every place that reads it."""
    built = []
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            named = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
            if named and node.func.id in ("getattr", "setattr", "hasattr", "delattr"):
                name = node.args[1]
                if isinstance(name, (ast.JoinedStr, ast.BinOp)):
                    built.append(f"{name_of(path)}:{node.lineno}")
    assert not built


def test_the_core_writes_to_no_terminal():
    """Below the commands there is logging, and what a function returns."""
    for path in FILES:
        module = module_of(path)
        if module.startswith(("mygo_cli.commands", "mygo_cli.app", "mygo_cli.console")):
            continue
        printing = [found for found in imports_of(path) if "console" in found.module.split(".")]
        printing += [
            Import("print", node.lineno, True)
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id == "print"
        ]
        assert not printing, name_of(path)


def test_progress_has_one_spelling():
    """What is called while a job goes on is a `Progress` named progress."""
    others = {"watch", "advance", "begin", "say", "tell", "notify", "on_progress", "callback"}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                names = [each.arg for each in (*node.args.args, *node.args.kwonlyargs)]
                assert not others & set(names), f"{name_of(path)}:{node.lineno}: {names}"
