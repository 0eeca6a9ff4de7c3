"""People who were enrolled: a place on disk or in a bucket to search, keep and delete from."""

from maskreid.gallery.ask import ask
from maskreid.gallery.asker import Asker
from maskreid.gallery.cluster import Clusters, cluster
from maskreid.gallery.enrol import Enrolled, enrol
from maskreid.gallery.erase import expire, remove
from maskreid.gallery.export import export
from maskreid.gallery.filters import Filter
from maskreid.gallery.gallery import Entry, Gallery, Settings
from maskreid.gallery.label import label
from maskreid.gallery.nearest import features_of
from maskreid.gallery.overview import Overview, overview
from maskreid.gallery.pictures import picture_of
from maskreid.gallery.recall import recall
from maskreid.gallery.refine import refined
from maskreid.gallery.search import Hit, pooled, search
from maskreid.gallery.verify import Verification, verify

__all__ = [
    "Asker",
    "Clusters",
    "Enrolled",
    "Entry",
    "Filter",
    "Gallery",
    "Hit",
    "Overview",
    "Settings",
    "Verification",
    "ask",
    "cluster",
    "enrol",
    "expire",
    "export",
    "features_of",
    "label",
    "overview",
    "picture_of",
    "pooled",
    "recall",
    "refined",
    "remove",
    "search",
    "verify",
]
