"""Who computes a graph: PyTorch, ONNX Runtime or OpenVINO, each imported only when it is asked for."""

from __future__ import annotations

import importlib.util
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from maskreid.embedding.graphs import Graph
from maskreid.embedding.onnx_graph import needed, onnx_bytes, onnx_session
from maskreid.errors import MaskreidError
from maskreid.network import multiplies_bfloat16, number_type

Array = np.ndarray[Any, np.dtype[Any]]
Run = Callable[..., Array]  # of a graph: arrays in, one array out

PRECISIONS = ("float32", "bfloat16")
FEW = 5_000  # images; what OpenVINO gains on as many is what it takes to start (docs/performance.md)


def on_torch(graph: Graph, precision: str, device: torch.device) -> Run:
    """Compute a graph with PyTorch."""
    graph = graph.cast(number_type(device, precision)).to(device)

    def run(*arrays: Array) -> Array:
        with torch.inference_mode():
            found: torch.Tensor = graph(*(torch.from_numpy(array).to(device) for array in arrays))
        return np.asarray(found.cpu().numpy())

    return run


def on_onnxruntime(graph: Graph, precision: str, device: torch.device) -> Run:
    """Compute a graph with ONNX Runtime on the processor, where it knows float32 only."""
    if precision != "float32":
        raise MaskreidError(f"backend onnx computes in float32, not in {precision}; take torch or openvino for that")
    session = onnx_session(onnx_bytes(graph))
    names = [each.name for each in session.get_inputs()]  # a network of one stream reads no masks

    def run(*arrays: Array) -> Array:
        given = dict(zip(graph.inputs, arrays, strict=True))
        return np.asarray(session.run(None, {name: given[name] for name in names})[0])

    return run


def on_openvino(graph: Graph, precision: str, device: torch.device) -> Run:
    """Compute a graph with OpenVINO on the processor."""
    # Without this, converting a model reports it to the makers' Google Analytics, by processes forked for that;
    # OpenVINO does as well without the package that does so.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    openvino = needed("openvino")
    example = graph.example()
    free = 3 if graph.any_size else 1
    shapes = [openvino.PartialShape([-1] * free + list(tensor.shape[free:])) for tensor in example]
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # tracing warns that the checks of shapes become constants
        converted = openvino.convert_model(graph, example_input=example, input=shapes)
    how = {
        "INFERENCE_PRECISION_HINT": "bf16" if precision == "bfloat16" else "f32",
        "INFERENCE_NUM_THREADS": torch.get_num_threads(),
    }
    compiled = openvino.Core().compile_model(converted, "CPU", how)
    read = len(compiled.inputs)  # a network of one stream reads no masks

    def run(*arrays: Array) -> Array:
        return np.array(compiled(arrays[:read])[0])

    return run


BACKENDS: dict[str, Callable[[Graph, str, torch.device], Run]] = {
    "torch": on_torch,
    "onnx": on_onnxruntime,
    "openvino": on_openvino,
}


def choose(
    backend: str | None, precision: str | None, device: torch.device, images: int | None = None
) -> tuple[str, str]:
    """Return a backend and its precision: the fastest installed (docs/performance.md), as far as they are not given.

    Args:
        backend: if it is given.
        precision: if it is given.
        device: of the model.
        images: how many there will be, where that is known; for fewer than `FEW` PyTorch is done first.

    Raises:
        MaskreidError: an unknown name, or a backend that does not compute on the device.
    """
    half = multiplies_bfloat16(device)
    if backend is None:
        many = images is None or images >= FEW
        faster = device.type == "cpu" and half and precision != "float32" and _installed("openvino")
        backend = "openvino" if many and faster else "torch"
    if backend not in BACKENDS:
        raise MaskreidError(f"backend must be one of {', '.join(BACKENDS)}, got {backend!r}")
    if backend != "torch" and device.type != "cpu":
        raise MaskreidError(f"backend {backend} computes on the processor only, the model is on {device}; take torch")
    precision = precision or ("bfloat16" if half and backend != "onnx" else "float32")
    if precision not in PRECISIONS:
        raise MaskreidError(f"precision must be {' or '.join(PRECISIONS)}, got {precision!r}")
    if backend == "torch" and not half:  # which PyTorch would emulate
        precision = "float32"
    return backend, precision


def _installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None
