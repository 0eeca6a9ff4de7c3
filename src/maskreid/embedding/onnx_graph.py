"""A graph as ONNX."""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import torch

from maskreid.embedding.graphs import Graph
from maskreid.errors import MaskreidError


def onnx_program(graph: Graph) -> Any:
    """Return a graph as a `torch.onnx.ONNXProgram` whose batch is free, and whose images' size is where it may be.

    Raises:
        MaskreidError: a package of the extra ``export`` is not installed.
    """
    needed("onnxscript")
    axes = {0: "batch", 1: "height", 2: "width"} if graph.any_size else {0: "batch"}
    with _quiet():
        return torch.onnx.export(
            graph.eval(),
            graph.example(),
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            dynamic_shapes=tuple(dict(axes) for _ in graph.inputs),
            dynamo=True,
            verbose=False,
        )


def onnx_bytes(graph: Graph) -> bytes:
    """Return a graph as the content of an ONNX file; errors as `onnx_program`."""
    buffer = io.BytesIO()
    onnx_program(graph).save(buffer)
    return buffer.getvalue()


def onnx_session(content: bytes) -> Any:
    """Return an ONNX Runtime session on as many threads as PyTorch has; errors as `onnx_program`."""
    onnxruntime = needed("onnxruntime")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])


def needed(package: str) -> Any:
    """Import a package of the extra ``export``.

    Raises:
        MaskreidError: it is not installed.
    """
    try:
        return importlib.import_module(package)
    except ImportError:
        raise MaskreidError(f"{package} is not installed; pip install 'maskreid[export]'") from None


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's remarks about torchvision and its own internals from the user's terminal."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), torch.inference_mode():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
