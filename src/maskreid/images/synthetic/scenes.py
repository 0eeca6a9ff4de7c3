"""Where synthetic cameras look: each has its own cluttered places, light and optics."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from maskreid.images.synthetic.people import CLOTHES, Colour

SCENES = 3  # places that one camera sees


@dataclass(frozen=True)
class Camera:
    """What is the same in every picture of one camera."""

    places: tuple[Image.Image, ...]  # wide views, cut at random
    gain: float
    gamma: float
    cast: tuple[float, float, float]
    shade: float  # how much darker the bottom is than the top
    blur: float  # standard deviation, in pixels of the crop
    noise: float  # standard deviation, in grey levels
    sides: tuple[float, float, float]  # how often people are seen from the front, the back, the side
    occlusion: float  # share of the pictures with something in front of the person

    @classmethod
    def draw(cls, rng: np.random.Generator, size: tuple[int, int]) -> Camera:
        """Invent a camera whose crops are ``size`` = (width, height) pixels."""
        sides = rng.dirichlet((1.5, 1.5, 1.5))
        return cls(
            places=tuple(_place(rng, (size[0] * 4, size[1])) for _ in range(SCENES)),
            gain=float(rng.uniform(0.65, 1.15)),
            gamma=float(rng.uniform(0.8, 1.3)),
            cast=tuple(float(c) for c in rng.uniform(0.85, 1.15, 3)),  # type: ignore[arg-type]
            shade=float(rng.uniform(-0.25, 0.35)),
            blur=float(rng.uniform(0.0, 0.9)),
            noise=float(rng.uniform(2.0, 8.0)),
            sides=(float(sides[0]), float(sides[1]), float(sides[2])),
            occlusion=float(rng.uniform(0.1, 0.3)),
        )

    def background(self, size: tuple[int, int], rng: np.random.Generator) -> Image.Image:
        """Cut a piece of one of the camera's places."""
        place = self.places[rng.integers(len(self.places))]
        left = int(rng.integers(place.width - size[0] + 1))
        piece = place.crop((left, 0, left + size[0], size[1]))
        return piece.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.3 else piece

    def expose(self, image: Image.Image, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
        """Blur, light and noise, as this camera adds them."""
        if self.blur > 0.1:
            image = image.filter(ImageFilter.GaussianBlur(self.blur * rng.uniform(0.6, 1.3)))
        light = (np.asarray(image, np.float32) / 255) ** self.gamma
        fall = 1 - self.shade * np.linspace(0, 1, light.shape[0], dtype=np.float32)[:, None, None]
        light = light * (self.gain * rng.uniform(0.9, 1.1)) * np.array(self.cast, np.float32) * fall
        grain = rng.normal(0, self.noise, light.shape).astype(np.float32)
        return np.clip(light * 255 + grain, 0, 255).astype(np.uint8)


def occlude(pen: ImageDraw.ImageDraw, size: tuple[int, int], rng: np.random.Generator) -> tuple[float, ...]:
    """Choose a box in front of the person and draw it; return it as (left, top, right, bottom)."""
    width, height = size
    colour = _vivid(rng)
    kind = rng.integers(3)
    if kind == 0:  # a pole
        left = rng.uniform(0.15, 0.75) * width
        box = (left, 0.0, left + rng.uniform(0.06, 0.12) * width, float(height))
    elif kind == 1:  # a wall or a car's bonnet across the legs
        box = (0.0, rng.uniform(0.72, 0.86) * height, float(width), float(height))
    else:  # somebody at the edge
        side = rng.uniform(0.18, 0.3) * width
        left = 0.0 if rng.random() < 0.5 else width - side
        box = (left, rng.uniform(0.1, 0.3) * height, left + side, float(height))
    pen.rectangle(box, fill=colour)
    return box


def _vivid(rng: np.random.Generator) -> Colour:
    base = CLOTHES[rng.integers(len(CLOTHES))]
    r, g, b = (int(np.clip(c + rng.normal(0, 18), 0, 255)) for c in base)
    return (r, g, b)


def _place(rng: np.random.Generator, size: tuple[int, int]) -> Image.Image:
    """Paint a wide street scene out of strong colours that people wear, too: the trap for a network without masks."""
    width, height = size
    image = Image.new("RGB", size, _vivid(rng))
    pen = ImageDraw.Draw(image)
    horizon = rng.uniform(0.45, 0.75) * height
    left = 0.0
    while left < width:  # a row of houses, shop windows, hoardings
        right = left + rng.uniform(0.06, 0.2) * width
        pen.rectangle((left, rng.uniform(0, 0.2) * height, right, horizon), fill=_vivid(rng))
        if rng.random() < 0.7:
            pane, step = _vivid(rng), rng.uniform(0.05, 0.11) * height
            for y in np.arange(0.08 * height, horizon - step, 1.6 * step):
                for x in np.arange(left + 0.3 * step, right - step, 1.5 * step):
                    pen.rectangle((x, y, x + step, y + step), fill=pane)
        left = right
    pen.rectangle((0, horizon, width, height), fill=_vivid(rng))
    for _ in range(int(rng.integers(3, 9))):  # markings and shadows on the ground
        y, x = rng.uniform(horizon, height), rng.uniform(0, width)
        pen.ellipse((x - 0.1 * width, y - 6, x + 0.1 * width, y + 6), fill=_vivid(rng))
    for _ in range(int(rng.integers(8, 20))):  # leaves, bicycles, passers-by, far off
        x, y = rng.uniform(0, width), rng.uniform(0.15, 0.85) * height
        w, h = rng.uniform(0.01, 0.05) * width, rng.uniform(0.05, 0.25) * height
        shape = pen.ellipse if rng.random() < 0.5 else pen.rectangle
        shape((x, y, x + w, y + h), fill=_vivid(rng))
    if rng.random() < 0.4:  # a fence
        fence, step = _vivid(rng), float(rng.uniform(0.02, 0.05) * width)
        for x in np.arange(0, width, step):
            pen.rectangle((x, 0.4 * height, x + 0.25 * step, 0.8 * height), fill=fence)
    return image
