"""DukeMTMC-reID (Zheng et al., ICCV 2017): 8 cameras, 702 training and 702 query persons, 408 distractors.

Withdrawn by its authors in 2019: read where somebody holds it, never downloaded. Names are
``<identity>_c<camera>_f<frame>.jpg``; the frame number is the time.
"""

from __future__ import annotations

from maskreid.images.market_style import market_style

DUKEMTMC = market_style("dukemtmc", r"(?P<identity>-1|\d+)_c(?P<camera>\d+)_f(?P<time>\d+)", "0002_c1_f0044158.jpg")
