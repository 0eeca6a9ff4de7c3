"""Synthetic people: what somebody looks like, and how that is drawn from a given side."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image, ImageDraw

Colour = tuple[int, int, int]
Point = tuple[float, float]
View = Literal["front", "back", "side"]

SKIN: tuple[Colour, ...] = ((241, 206, 178), (224, 172, 136), (188, 132, 94), (141, 92, 62), (96, 62, 44))
HAIR: tuple[Colour, ...] = ((30, 26, 24), (72, 46, 30), (124, 84, 46), (196, 160, 96), (150, 150, 150))
# Few enough that strangers often wear one colour: telling people apart takes more than a shirt.
CLOTHES: tuple[Colour, ...] = (
    (200, 40, 44),
    (232, 130, 36),
    (236, 206, 64),
    (64, 150, 70),
    (44, 110, 190),
    (40, 50, 110),
    (128, 60, 150),
    (226, 120, 160),
    (236, 236, 232),
    (150, 150, 152),
    (60, 60, 64),
    (24, 24, 28),
    (120, 84, 56),
    (200, 180, 140),
    (70, 170, 170),
)


@dataclass(frozen=True)
class Person:
    """What stays the same about one person in every picture."""

    skin: Colour
    hair: Colour
    long_hair: bool
    hat: Colour | None
    top: Colour
    pattern: Literal["plain", "hoops", "stripes", "print", "halves"]
    second: Colour  # of the pattern
    long_sleeves: bool
    bottom: Colour
    legwear: Literal["trousers", "shorts", "skirt"]
    shoes: Colour
    bag: Literal["none", "backpack", "shoulder"]
    bag_colour: Colour
    height: float  # of the crop's height
    girth: float  # factor on widths

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Person:
        """Invent somebody."""

        def pick(options: tuple[Colour, ...]) -> Colour:
            return options[rng.integers(len(options))]

        top = pick(CLOTHES)
        return cls(
            skin=pick(SKIN),
            hair=pick(HAIR),
            long_hair=bool(rng.random() < 0.4),
            hat=pick(CLOTHES) if rng.random() < 0.2 else None,
            top=top,
            pattern=("plain", "plain", "hoops", "stripes", "print", "halves")[rng.integers(6)],  # type: ignore[arg-type]
            second=pick(tuple(c for c in CLOTHES if c != top)),
            long_sleeves=bool(rng.random() < 0.5),
            bottom=pick(CLOTHES),
            legwear=("trousers", "trousers", "shorts", "skirt")[rng.integers(4)],  # type: ignore[arg-type]
            shoes=pick(CLOTHES),
            bag=("none", "none", "backpack", "shoulder")[rng.integers(4)],  # type: ignore[arg-type]
            bag_colour=pick(CLOTHES),
            height=float(rng.uniform(0.78, 0.92)),
            girth=float(rng.uniform(0.85, 1.25)),
        )


class Figure:
    """A person drawn on two canvases at once: colours, and the exact mask."""

    def __init__(self, size: tuple[int, int]) -> None:
        """Start with nothing on a canvas of ``size`` = (width, height)."""
        self.colours = Image.new("RGB", size)
        self.mask = Image.new("1", size)
        self._paint, self._cover = ImageDraw.Draw(self.colours), ImageDraw.Draw(self.mask)

    def _place(self, points: list[Point]) -> list[Point]:
        return [(self._x + x * self._scale, self._y + y * self._scale) for x, y in points]

    def polygon(self, points: list[Point], colour: Colour) -> None:
        """Fill a polygon given in the person's own units."""
        placed = self._place(points)
        self._paint.polygon(placed, fill=colour)
        self._cover.polygon(placed, fill=1)

    def ellipse(self, centre: Point, radii: Point, colour: Colour) -> None:
        """Fill an ellipse given in the person's own units."""
        corners = self._place([(centre[0] + sign * radii[0], centre[1] + sign * radii[1]) for sign in (-1, 1)])
        self._paint.ellipse([*corners[0], *corners[1]], fill=colour)
        self._cover.ellipse([*corners[0], *corners[1]], fill=1)

    def limb(self, points: list[Point], width: float, colour: Colour) -> None:
        """Draw a thick line with round ends."""
        for a, b in itertools.pairwise(points):
            length = math.hypot(b[0] - a[0], b[1] - a[1]) or 1.0
            dx, dy = (b[1] - a[1]) / length * width / 2, -(b[0] - a[0]) / length * width / 2
            self.polygon(
                [(a[0] + dx, a[1] + dy), (b[0] + dx, b[1] + dy), (b[0] - dx, b[1] - dy), (a[0] - dx, a[1] - dy)],
                colour,
            )
        for point in points:
            self.ellipse(point, (width / 2, width / 2), colour)

    def person(self, who: Person, view: View, feet: Point, height: float, rng: np.random.Generator) -> None:
        """Draw somebody, ``height`` pixels tall, standing at ``feet`` in pixels; ``rng`` decides the pose."""
        self._x, self._scale = feet[0], height
        self._y = feet[1] - height
        mirror = 1 if rng.random() < 0.5 else -1
        wide = who.girth * (0.62 if view == "side" else 1.0)
        shoulder, hip = 0.115 * wide, 0.085 * wide
        stride = rng.uniform(0.02, 0.13) if view == "side" else rng.uniform(0.0, 0.05)
        swing = rng.uniform(-0.10, 0.10) if view == "side" else rng.uniform(0.0, 0.05)
        arm_colour = who.top if who.long_sleeves else who.skin

        if who.bag == "backpack" and view == "side":
            self.ellipse((-mirror * 0.10, 0.29), (0.075, 0.11), who.bag_colour)
        if who.long_hair and view != "front":
            self.polygon([(-0.05, 0.06), (0.05, 0.06), (0.06, 0.22), (-0.06, 0.22)], who.hair)
        self._arm(-1, shoulder, -swing, view, arm_colour, who)
        self._legs(who, hip, stride, mirror)
        self.limb([(0, 0.10), (0, 0.18)], 0.05, who.skin)
        self._torso(who, shoulder, hip)
        self._arm(1, shoulder, swing, view, arm_colour, who)
        self._head(who, view, mirror)
        if who.bag == "backpack" and view == "back":
            self.polygon(
                [(-shoulder * 0.75, 0.19), (shoulder * 0.75, 0.19), (shoulder * 0.8, 0.42), (-shoulder * 0.8, 0.42)],
                who.bag_colour,
            )
        elif who.bag == "backpack" and view == "front":
            for side in (-1, 1):
                self.limb([(side * shoulder * 0.7, 0.18), (side * shoulder * 0.75, 0.36)], 0.018, who.bag_colour)
        elif who.bag == "shoulder":
            self.limb([(-mirror * shoulder * 0.6, 0.18), (mirror * (hip + 0.02), 0.46)], 0.012, who.bag_colour)
            x = mirror * (hip + 0.03)
            self.polygon([(x - 0.05, 0.44), (x + 0.05, 0.44), (x + 0.05, 0.55), (x - 0.05, 0.55)], who.bag_colour)

    def _head(self, who: Person, view: View, mirror: int) -> None:
        self.ellipse((0, 0.065), (0.047, 0.062), who.skin)
        if view == "back":
            self.ellipse((0, 0.058), (0.049, 0.058), who.hair)
        else:
            shift = -0.018 * mirror if view == "side" else 0.0
            self.ellipse((shift, 0.035), (0.047, 0.037), who.hair)
            if who.long_hair:
                for side in (-1, 1) if view == "front" else (-mirror,):
                    self.limb([(side * 0.045, 0.05), (side * 0.05, 0.17)], 0.025, who.hair)
        if who.hat:
            self.ellipse((0, 0.022), (0.052, 0.026), who.hat)
            if view != "back":
                self.limb([(0, 0.035), (mirror * 0.07, 0.04)], 0.014, who.hat)

    def _torso(self, who: Person, shoulder: float, hip: float) -> None:
        outline = [(-shoulder, 0.18), (shoulder, 0.18), (hip, 0.50), (-hip, 0.50)]

        def span(y: float) -> float:
            return shoulder + (hip - shoulder) * (y - 0.18) / 0.32

        self.polygon([(-shoulder * 0.6, 0.155), (shoulder * 0.6, 0.155), *outline[1:], outline[0]], who.top)
        if who.pattern == "hoops":
            for y in (0.22, 0.29, 0.36, 0.43):
                self.polygon([(-span(y), y), (span(y), y), (span(y), y + 0.03), (-span(y), y + 0.03)], who.second)
        elif who.pattern == "stripes":
            for part in (-0.7, -0.25, 0.2, 0.65):
                self.polygon(
                    [
                        (shoulder * part, 0.18),
                        (shoulder * (part + 0.18), 0.18),
                        (hip * (part + 0.18), 0.5),
                        (hip * part, 0.5),
                    ],
                    who.second,
                )
        elif who.pattern == "print":
            self.ellipse((0, 0.30), (shoulder * 0.5, 0.065), who.second)
        elif who.pattern == "halves":
            self.polygon([(-span(0.35), 0.35), (span(0.35), 0.35), (hip, 0.5), (-hip, 0.5)], who.second)

    def _arm(self, side: int, shoulder: float, swing: float, view: View, colour: Colour, who: Person) -> None:
        start = (side * shoulder * (0.2 if view == "side" else 0.95), 0.20)
        spread = 0.0 if view == "side" else side * 0.03
        elbow = (start[0] + spread + swing * 0.5, 0.35)
        hand = (elbow[0] + spread * 0.3 + swing, 0.49)
        self.limb([start, elbow, hand], 0.045 * who.girth, colour)
        if not who.long_sleeves:
            self.limb([start, ((start[0] + elbow[0]) / 2, 0.285)], 0.055 * who.girth, who.top)
        self.ellipse(hand, (0.022, 0.024), who.skin)

    def _legs(self, who: Person, hip: float, stride: float, mirror: int) -> None:
        for side in (-1, 1):
            top = (side * hip * 0.5, 0.49)
            knee = (top[0] + side * stride * 0.45 + mirror * 0.01, 0.72)
            foot = (top[0] + side * stride, 0.955)
            lower = who.bottom if who.legwear == "trousers" else who.skin
            self.limb([knee, foot], 0.058 * who.girth, lower)
            self.limb([top, knee], 0.078 * who.girth, who.skin if who.legwear == "skirt" else who.bottom)
            self.ellipse((foot[0] + mirror * 0.015, 0.972), (0.042, 0.024), who.shoes)
        if who.legwear == "skirt":
            flare = hip + 0.035 + stride * 0.4
            self.polygon([(-hip, 0.47), (hip, 0.47), (flare, 0.71), (-flare, 0.71)], who.bottom)
