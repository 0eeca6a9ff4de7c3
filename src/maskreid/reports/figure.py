"""One picture, drawn once: in a page it takes the page's colours, in a paper it stands alone."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from threading import RLock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawn

WIDTH = 3.5  # inches: one column of a paper
DPI = 300

# A page gives each colour another value where it is dark (templates/report.html). All have a contrast of 4.5 and more
# with white, and can be told apart without seeing red or green; lines also differ in their dashes.
INK, GRID = "#334155", "#cbd5e1"
SERIES = ("#0b62b0", "#c2410c", "#00795c", "#86399f")
DASHES = ("-", (0, (5, 2)), (0, (1.5, 1.5)), (0, (6, 2, 1.5, 2)))
VARIABLES = {INK: "--figure-ink", GRID: "--figure-grid"}
VARIABLES |= {colour: f"--figure-{number}" for number, colour in enumerate(SERIES, 1)}

STYLE: Any = {
    "font.family": "DejaVu Sans",
    "font.size": 7.5,
    "axes.titlesize": 7.5,
    "axes.labelcolor": INK,
    "axes.edgecolor": GRID,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.4,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "lines.linewidth": 1.4,
    "legend.frameon": False,
    "legend.fontsize": 7,
    "text.parse_math": False,  # a run may be called a$b
    "svg.hashsalt": "maskreid",  # the same numbers give the same text
    "pdf.fonttype": 42,  # whole fonts, as journals ask
}
_LOCK = RLock()  # matplotlib's settings are the process's own, and a server draws in several threads


@dataclass(frozen=True, eq=False)
class Figure:
    """What one of the drawing functions returns.

    Attributes:
        name: of its files; lower-case words with dashes.
        words: what it shows, for those who cannot see it.
        drawn: matplotlib's figure.
    """

    name: str
    words: str
    drawn: Drawn

    def inline(self) -> str:
        """Return an ``<svg>`` element for a page: the page's font and colours, text that can be searched.

        Colours are CSS variables of `VARIABLES` with what a paper has as their default. Its ids begin with ``name``.
        """
        text = self._saved("svg", {"svg.fonttype": "none"}).decode()
        text = re.sub(r"<metadata>.*?</metadata>", "", text[text.index("<svg") :], flags=re.DOTALL)
        for colour, variable in VARIABLES.items():
            text = text.replace(colour, f"var({variable}, {colour})")
        text = re.sub(r"font: ([\d.]+px) [^;\"]+", r"font: \1 system-ui, sans-serif", text)
        text = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{self.name}-", text)
        size = f'role="img" aria-label="{escape(self.words)}"'
        return re.sub(r'<svg ([^>]*?)height="[^"]*"([^>]*?)width="[^"]*"|<svg ', _opening(size), text, count=1)

    def svg(self) -> str:
        """Return an SVG file's text for a paper; letters are outlines, so it needs no font."""
        return self._saved("svg", {"svg.fonttype": "path"}).decode()

    def png(self, dpi: int = DPI) -> bytes:
        """Return a PNG file's bytes, on white."""
        return self._saved("png", {}, dpi=dpi)

    def pdf(self) -> bytes:
        """Return a PDF file's bytes, with its fonts, for LaTeX."""
        return self._saved("pdf", {})

    def _saved(self, kind: str, settings: Any, dpi: int = DPI) -> bytes:
        from matplotlib import rc_context

        undated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(kind)
        buffer = io.BytesIO()
        with _LOCK, rc_context(STYLE | settings), warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a box stands in; pages have other fonts
            self.drawn.savefig(buffer, format=kind, dpi=dpi, transparent=kind != "png", metadata=undated)
        return buffer.getvalue()


def shown_name(name: str) -> str:
    """Return a name for a legend, from which matplotlib leaves out what begins with an underscore."""
    return f"\u200b{name}" if name.startswith("_") else name


def _opening(attributes: str) -> Any:
    def replace(found: re.Match[str]) -> str:
        kept = "".join(part for part in found.groups() if part)
        return f"<svg {attributes} {kept}"

    return replace


@contextmanager
def canvas(height: float, *, width: float = WIDTH, **panels: Any) -> Iterator[tuple[Drawn, list[Axes]]]:
    """Yield an empty figure in the house's style and its panels, row by row; what is drawn inside keeps the style.

    Args:
        height: in inches.
        width: likewise.
        panels: as for matplotlib's ``Figure.subplots``; one panel by default.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure as Drawn

    with _LOCK, rc_context(STYLE):
        figure = Drawn(figsize=(width, height), layout="constrained")
        yield figure, list(figure.subplots(squeeze=False, **panels).ravel())
