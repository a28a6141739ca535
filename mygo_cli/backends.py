"""Entry points to backends: built-in and third-party plugins come in through the same door."""

from __future__ import annotations

import configparser
import dataclasses
import importlib
from dataclasses import dataclass
from importlib import metadata
from typing import Any

from mygo_cli.contracts import DECODERS, GROUPS, IMAGE_TOKENIZERS, LOGGERS, TEXT_TOKENIZERS
from mygo_cli.errors import TO_THE_AUTHOR, BackendError, NoSuchBackend, suggest

FLAGS = {
    IMAGE_TOKENIZERS: "--image-backend",
    TEXT_TOKENIZERS: "--text-backend",
    DECODERS: "--decoder",
    LOGGERS: "--log",
}


@dataclass(frozen=True)
class Backend:
    """An entry point as installed. Nothing is imported until `load`."""

    group: str
    name: str
    target: str
    package: str
    version: str


def installed(group: str) -> list[Backend]:
    """Return the backends of one group, by name. Reads metadata only, imports no plugin.

    Raises `BackendError` where the metadata of some installed package is damaged.
    """
    import entrypoints

    try:
        points = entrypoints.get_group_all(group)
    except (configparser.Error, UnicodeDecodeError) as error:
        raise BackendError(
            f"The entry points of an installed package are damaged: {' '.join(str(error).split())}",
            "Install that package again.",
        ) from error
    found = []
    for point in points:
        package, version = _package(point)
        target = f"{point.module_name}:{point.object_name}"
        found.append(Backend(group, point.name, target, package, version))
    return sorted(set(found), key=lambda backend: (backend.name, backend.package))


def _package(point: Any) -> tuple[str, str]:
    """Return name and version of the package that registers an entry point."""
    if point.distro is None:
        return "?", "?"
    name = point.distro.name.replace("_", "-")
    if point.distro.version:
        return name, point.distro.version
    try:  # metadata in a source tree has no version in its file name
        return name, metadata.version(name)
    except metadata.PackageNotFoundError:
        return name, "?"


def find(group: str, name: str) -> Backend:
    """Return the one backend of that name; raise `BackendError` for none or several."""
    same_name = [backend for backend in installed(group) if backend.name == name]
    if not same_name:
        choices = [backend.name for backend in installed(group)]
        raise NoSuchBackend(f"{FLAGS[group]} {name}: no such backend.", suggest(name, choices))
    if len({backend.target for backend in same_name}) > 1:
        packages = " and ".join(sorted({backend.package for backend in same_name}))
        raise BackendError(
            f"{FLAGS[group]} {name}: registered twice, by {packages}.",
            "Uninstall one of the packages.",
        )
    return same_name[0]


def load(group: str, name: str) -> Any:
    """Return the class behind a backend; raise `BackendError` in one line whatever it does."""
    backend = find(group, name)
    where = f"{FLAGS[group]} {name} (package {backend.package} {backend.version})"
    module_name, _, object_name = backend.target.partition(":")
    try:
        module = importlib.import_module(module_name)
        cls: Any = module
        for part in object_name.split("."):
            cls = getattr(cls, part)
    except ModuleNotFoundError as error:
        raise BackendError(
            f"{where} needs the module {error.name}, which is not installed.",
            f"pip install {(error.name or '').partition('.')[0]}",
        ) from error
    except Exception as error:  # a plugin may raise anything, and must not end other commands
        raise BackendError(
            f"{where} cannot be imported: {type(error).__name__}: {_first_line(error)}.",
            TO_THE_AUTHOR,
        ) from error
    _check_type(group, where, cls)
    return cls


def _check_type(group: str, where: str, cls: Any) -> None:
    """Raise unless the class offers what its contract asks for."""
    wanted = {
        IMAGE_TOKENIZERS: ("prepare", "encode", "codebook", "info", "Options"),
        TEXT_TOKENIZERS: ("encode", "codebook", "info", "Options"),
        DECODERS: ("forward", "parameters", "Options"),
        LOGGERS: ("log", "close", "needs", "extra"),
    }[group]
    missing = [name for name in wanted if not hasattr(cls, name)]
    if not isinstance(cls, type) or missing:
        raise BackendError(
            f"{where} is not what the group {group} asks for"
            + (f": it has no {', '.join(missing)}." if missing else ": it is not a class."),
            "See docs/plugins.md.",
        )
    if "Options" in wanted and not dataclasses.is_dataclass(cls.Options):  # type: ignore[attr-defined]
        raise BackendError(f"{where}: Options is not a dataclass.", "See docs/plugins.md.")


@dataclass(frozen=True)
class Status:
    """One line of `mygo backends`: `problem` is empty where the backend can be used."""

    backend: Backend
    description: str
    problem: str


def statuses() -> list[Status]:
    """Load every backend and say how each fares. Never raises for a plugin's fault."""
    lines = []
    for group in GROUPS:
        for backend in installed(group):
            try:
                cls = load(group, backend.name)
                description = str(getattr(cls, "description", "")) or _first_line(cls.__doc__)
                lines.append(Status(backend, description, ""))
            except BackendError as error:
                lines.append(Status(backend, "", error.problem))
    return lines


def _first_line(text: object) -> str:
    lines = str(text or "").strip().splitlines()
    return lines[0].rstrip(".") if lines else ""
