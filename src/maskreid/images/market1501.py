"""Market-1501 (Zheng et al., ICCV 2015): 1,501 persons, 6 cameras.

Names are ``<identity>_c<camera>s<sequence>_<frame>_<box>.jpg``. Junk (identity -1) and distractors (0) stay in the
gallery: the protocol knows what to do with them. The frame number, which starts anew in each of a camera's
sequences, is the time.
"""

from __future__ import annotations

from maskreid.images.market_style import market_style

MARKET1501 = market_style(
    "market1501", r"(?P<identity>-1|\d+)_c(?P<camera>\d+)s\d+_(?P<time>\d+)_\d+", "0001_c1s1_000151_01.jpg"
)
