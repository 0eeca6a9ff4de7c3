"""CUHK03 in the new protocol (Zhong et al., CVPR 2017): 767 training and 700 test persons, 2 cameras.

``cuhk03-np/labeled`` (boxes drawn by hand) and ``cuhk03-np/detected`` are two datasets, each laid out as Market-1501
with names ``<identity>_c<camera>_<index>.png``. Where both are there, the one meant must be pointed at.
"""

from __future__ import annotations

from maskreid.images.market_style import market_style

CUHK03_NP = market_style("cuhk03-np", r"(?P<identity>\d+)_c(?P<camera>\d+)_\d+", "0001_c1_1.png")
