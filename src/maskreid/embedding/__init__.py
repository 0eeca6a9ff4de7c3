"""Images in, masks and features out, as fast as what is installed allows."""

from maskreid.embedding.backends import BACKENDS
from maskreid.embedding.embedder import Embedder

__all__ = ["BACKENDS", "Embedder"]
