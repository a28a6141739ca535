"""Lines and axes in the coordinates of a small SVG drawing; a template draws them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 420, 240
LEFT, RIGHT, TOP, BOTTOM = 44, 10, 12, 40  # margins, which the labels of the axes need
TICKS = 5  # about so many on an axis

Points = Sequence[tuple[float, float]]
Span = tuple[float, float]


@dataclass(frozen=True)
class Line:
    """A named line: its `corners` in pixels, from the left."""

    name: str
    corners: list[tuple[float, float]]

    @property
    def path(self) -> str:
        """Return the corners as SVG's polyline wants them."""
        return " ".join(f"{x},{y}" for x, y in self.corners)


@dataclass(frozen=True)
class Tick:
    """A number beside an axis and its place on it, in pixels."""

    place: float
    label: str


@dataclass(frozen=True)
class Chart:
    """A drawing of `WIDTH` by `HEIGHT`: what it is called, its axes, and its lines."""

    title: str
    x_label: str
    lines: list[Line]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def chart(
    title: str,
    x_label: str,
    lines: Mapping[str, Points],
    x_span: Span | None = None,
    y_span: Span | None = None,
) -> Chart | None:
    """Return the chart of points (x, y) by the name of their line, None where there are none.

    A span is the least and the largest number of an axis; None takes that of the points, with 0.
    """
    points = [point for each in lines.values() for point in each]
    if not points:
        return None
    across = _Axis(x_span or _span([x for x, _ in points]), LEFT, WIDTH - RIGHT)
    up = _Axis(y_span or _span([y for _, y in points]), HEIGHT - BOTTOM, TOP)
    drawn = [
        Line(name, [(across.place(x), up.place(y)) for x, y in each])
        for name, each in lines.items()
        if each
    ]
    return Chart(title, x_label, drawn, across.ticks(), up.ticks())


def _span(values: Sequence[float]) -> Span:
    low, high = min(0.0, *values), max(0.0, *values)
    return low, high if high > low else low + 1.0


@dataclass(frozen=True)
class _Axis:
    """Numbers of a span as pixels between `first` and `last`."""

    span: Span
    first: int
    last: int

    def place(self, value: float) -> float:
        low, high = self.span
        return round(self.first + (value - low) / (high - low) * (self.last - self.first), 1)

    def ticks(self) -> list[Tick]:
        low, high = self.span
        step = round_step((high - low) / TICKS)
        numbers = range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
        return [Tick(self.place(number * step), f"{number * step:.6g}") for number in numbers]


def round_step(least: float) -> float:
    """Return the smallest of 1, 2 or 5 times a power of ten that is at least `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(times * power for times in (1, 2, 5, 10) if times * power >= least * (1 - 1e-9))
