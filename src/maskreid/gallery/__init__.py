"""People who were enrolled: a place on disk or in a bucket to search, keep and delete from."""

from maskreid.gallery.ask import ask
from maskreid.gallery.asker import Asker
from maskreid.gallery.cluster import Clusters, cluster
from maskreid.gallery.enrol import Enrolled, enrol
from maskreid.gallery.erase import expire, remove
from maskreid.gallery.export import export
from maskreid.gallery.filters import Filter
from maskreid.gallery.gallery import Entry, Gallery, Settings
from maskreid.gallery.judge import different, same, split, undo
from maskreid.gallery.judgements import Judged, judgements, standing
from maskreid.gallery.label import label
from maskreid.gallery.listing import Listing, browse, duplicates
from maskreid.gallery.nearest import features_of
from maskreid.gallery.occlusion import occlusion
from maskreid.gallery.overview import Overview, overview
from maskreid.gallery.pictures import picture_of
from maskreid.gallery.recall import recall
from maskreid.gallery.refine import refined
from maskreid.gallery.search import Hit, pooled, search
from maskreid.gallery.verdict import verdict
from maskreid.gallery.verify import Verification, verify

__all__ = [
    "Asker",
    "Clusters",
    "Enrolled",
    "Entry",
    "Filter",
    "Gallery",
    "Hit",
    "Judged",
    "Listing",
    "Overview",
    "Settings",
    "Verification",
    "ask",
    "browse",
    "cluster",
    "different",
    "duplicates",
    "enrol",
    "expire",
    "export",
    "features_of",
    "judgements",
    "label",
    "occlusion",
    "overview",
    "picture_of",
    "pooled",
    "recall",
    "refined",
    "remove",
    "same",
    "search",
    "split",
    "standing",
    "undo",
    "verdict",
    "verify",
]
