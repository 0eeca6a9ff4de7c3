"""Images in, masks and features out, as fast as what is installed allows; and the export."""

from maskreid.embedding.backends import BACKENDS
from maskreid.embedding.embedder import Embedder
from maskreid.embedding.feature_file import embed_dataset
from maskreid.embedding.onnx_file import Parity, export_onnx
from maskreid.embedding.whole_graph import WholeGraph

__all__ = ["BACKENDS", "Embedder", "Parity", "WholeGraph", "embed_dataset", "export_onnx"]
