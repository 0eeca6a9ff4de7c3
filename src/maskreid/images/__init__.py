"""People on disk: one record type, one file per dataset, the packed store."""

from maskreid.images.csvfile import parse_time
from maskreid.images.decode import decode_image, read_image, read_mask
from maskreid.images.detect import FORMATS, is_image_file, open_dataset, open_images
from maskreid.images.doctor import DatasetReport, Finding, check_dataset
from maskreid.images.holdout import holdout_split, split_identities
from maskreid.images.joint import JointSource, join_datasets
from maskreid.images.packed import PackedImages, open_packed
from maskreid.images.packing import pack_fingerprint, pack_images
from maskreid.images.records import DISTRACTOR, JUNK, UNKNOWN_CAMERA, Dataset, PersonImage, SubsetCounts, check_camera
from maskreid.images.resize import resize_bilinear
from maskreid.images.shaped import MaskSource, ShapedImages, fitting_masks, shape_images
from maskreid.images.source import Folder, Source, Zip, open_source
from maskreid.images.synthetic import synthetic_world

__all__ = [
    "DISTRACTOR",
    "FORMATS",
    "JUNK",
    "UNKNOWN_CAMERA",
    "Dataset",
    "DatasetReport",
    "Finding",
    "Folder",
    "JointSource",
    "MaskSource",
    "PackedImages",
    "PersonImage",
    "ShapedImages",
    "Source",
    "SubsetCounts",
    "Zip",
    "check_camera",
    "check_dataset",
    "decode_image",
    "fitting_masks",
    "holdout_split",
    "is_image_file",
    "join_datasets",
    "open_dataset",
    "open_images",
    "open_packed",
    "open_source",
    "pack_fingerprint",
    "pack_images",
    "parse_time",
    "read_image",
    "read_mask",
    "resize_bilinear",
    "shape_images",
    "split_identities",
    "synthetic_world",
]
