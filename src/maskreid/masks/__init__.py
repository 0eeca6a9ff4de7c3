"""Where the person is in each image."""

from maskreid.masks.fcn import FcnMasks, load_segmenter, segment
from maskreid.masks.segmenter import PersonSegmenter
from maskreid.masks.stored import DatasetMasks, FolderMasks

__all__ = ["DatasetMasks", "FcnMasks", "FolderMasks", "PersonSegmenter", "load_segmenter", "segment"]
