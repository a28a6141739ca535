"""What is installed: declared dependencies, and a wheel that works in an environment of its own."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import pytest

from mygo_cli import __version__

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
# Imported late, where a user asked for what they make; the extras bring them.
IN_EXTRAS = {"optuna", "pandas", "pyarrow", "starlette", "uvicorn"}


def name_of(requirement: str) -> str:
    """Return the name in a requirement, as packages compare names."""
    name = requirement.partition(";")[0]
    for sign in "=<>!~[ ":
        name = name.partition(sign)[0]
    return name.lower().replace("_", "-")


def imported() -> Iterator[str]:
    """Yield every package that the code imports, wherever in a file."""
    for folder in (ROOT / "mygo_cli", ROOT / "plugins" / "mygo_plugins"):
        for path in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    yield from (name.name.partition(".")[0] for name in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module:
                    yield node.module.partition(".")[0]


def test_what_is_imported_is_declared():
    declared = {name_of(each) for each in PROJECT["dependencies"]}
    packages = metadata.packages_distributions()
    others = set(imported()) - set(sys.stdlib_module_names) - {"mygo_cli", "mygo_plugins"}
    missing = {
        name
        for name in others - IN_EXTRAS
        if not {name_of(each) for each in packages.get(name, [name])} & declared
    }
    assert not missing
    groups = ("explore", "pandas", "parquet", "tune")
    extras = {name_of(each) for group in groups for each in extra(group)}
    assert extras >= IN_EXTRAS


def extra(group: str) -> list[str]:
    """Return the requirements of an extra."""
    found: list[str] = PROJECT["optional-dependencies"][group]
    return found


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the Python of a new environment into which the wheel alone is installed.

    The packages that mygo needs come from here: the wheel's own files lie before them.
    """
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    build = ["wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    source = folder / "source"
    files = run("git", "ls-files", "-z", cwd=ROOT).split("\0")
    for name in filter(None, files):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    run(*pip, *build, "--wheel-dir", folder, source)
    (wheel,) = folder.glob("mygo_kg*.whl")
    run(sys.executable, "-m", "venv", "--without-pip", folder / "venv")
    python = folder / "venv" / "bin" / "python"
    run(*pip, "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel)
    (packages,) = (folder / "venv" / "lib").glob("python*/site-packages")
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


def run(*words: object, cwd: Path | None = None) -> str:
    """Run a command away from this checkout; return what it printed."""
    outside = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ended = subprocess.run(
        [str(word) for word in words],
        capture_output=True,
        text=True,
        cwd=cwd,
        env=outside,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_the_wheel_works_in_an_empty_folder(environment, tmp_path):
    mygo = environment.with_name("mygo")
    assert run(mygo, "--version", cwd=tmp_path) == f"mygo {__version__}\n"
    assert "656" in run(mygo, "data", "info", cwd=tmp_path)
    assert "db15k-paper" in run(mygo, "recipes", cwd=tmp_path)
    assert "broken" not in run(mygo, "backends", cwd=tmp_path)
    place = "import mygo_cli, mygo_plugins; print(mygo_cli.__file__, mygo_plugins.__file__)"
    here = str(environment.parents[1])
    assert all(
        path.startswith(here) for path in run(environment, "-c", place, cwd=tmp_path).split()
    )


def test_the_wheel_holds_what_it_reads(environment):
    (packages,) = environment.parents[1].glob("lib/python*/site-packages")
    for name in (
        *("py.typed", "world/train.txt", "world/NOTICE.md", "settings/shipped/db15k.toml"),
        *("pages/templates/run.html", "pages/templates/page.html"),
        *("explore/templates/explore.html", "explore/explore.js"),
    ):
        assert (packages / "mygo_cli" / name).is_file(), name
    assert not (packages / "tests").exists()
