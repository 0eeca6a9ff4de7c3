"""Where the person is in each image."""

from maskreid.masks.check import MaskReport, check_masks
from maskreid.masks.fcn import FcnMasks, load_segmenter, segment
from maskreid.masks.given import GivenMasks
from maskreid.masks.labelled import learn_segmenter
from maskreid.masks.learn import MaskQuality, mask_quality
from maskreid.masks.make import make_masks
from maskreid.masks.named import mask_source
from maskreid.masks.scale import at_rows
from maskreid.masks.segmenter import PersonSegmenter
from maskreid.masks.stored import DatasetMasks, FolderMasks

__all__ = [
    "DatasetMasks",
    "FcnMasks",
    "FolderMasks",
    "GivenMasks",
    "MaskQuality",
    "MaskReport",
    "PersonSegmenter",
    "at_rows",
    "check_masks",
    "learn_segmenter",
    "load_segmenter",
    "make_masks",
    "mask_quality",
    "mask_source",
    "segment",
]
