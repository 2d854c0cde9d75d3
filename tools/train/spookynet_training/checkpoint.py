"""Model files: the published format (``torch.save``), and safetensors as the project writes and reads them."""

from __future__ import annotations

import json
import pickle
import struct
from pathlib import Path

import numpy as np
import torch

from .hyperparameters import completed
from .network import SpookyNet

#: Tables that training does not change.
_TABLE_PREFIXES = ("nuclear_embedding.electron_config", "zbl_repulsion_energy.", "d4_dispersion_energy.")

#: Buffer of the published code that says how many modules are kept in training; 1 for all.
_UNUSED = {"keep_prob"}

_DTYPES = {torch.float32: "F32", torch.float64: "F64", torch.int64: "I64"}


def load_model(path: str | Path, dtype: torch.dtype = torch.float32) -> SpookyNet:
    """Reads a checkpoint in the published format, or the ``.safetensors`` that ``./spookynet convert`` makes of it.

    Only tensors and plain values are taken from the file; nothing in it is executed. PyTorch before 2.0 can read
    published checkpoints only in a way that executes what is in them: convert them first.

    Raises
    ------
    ValueError
        If parameters are missing, left over or of another shape.
    """
    hyperparameters, state = _read(Path(path))
    state = {name: value for name, value in state.items() if name not in _UNUSED}
    model = SpookyNet(completed(hyperparameters))
    for name, buffer in model.named_buffers():
        # The number of random features, like one width for all functions or one for each, is the file's.
        if name.endswith(".omega") or name.endswith(".width"):
            _set_buffer(model, name, torch.zeros_like(state.get(name, buffer)))
    # Before the parameters come in: those of a file in double precision are kept as they are.
    model.to(dtype)
    try:
        model.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(f"Expected the parameters of a SpookyNet in {path} but found others: {error}") from error
    return model


def _read(path: Path) -> tuple[dict, dict[str, torch.Tensor]]:
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"Expected a checkpoint in the published format but found {path}, which PyTorch {torch.__version__} can "
            f"not read without executing what is in it: run ./spookynet convert on it and give the .safetensors file"
        ) from error
    return content, content.pop("state_dict")


def _read_safetensors(path: Path) -> tuple[dict, dict[str, torch.Tensor]]:
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    if length > len(data) - 8:
        raise ValueError(f"Expected a header of at most {len(data) - 8} bytes in {path} but found the length {length}")
    header = json.loads(data[8 : 8 + length])
    kinds = {code: np.dtype(f"<{name}") for code, name in (("F32", "f4"), ("F64", "f8"), ("I64", "i8"))}
    state = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        start, end = (8 + length + offset for offset in entry["data_offsets"])
        array = np.frombuffer(data[start:end], kinds[entry["dtype"]]).reshape(entry["shape"])
        state[name] = torch.from_numpy(array.astype(array.dtype.newbyteorder("=")))
    return json.loads(header["__metadata__"]["hyperparameters"]), state


def take_tables(model: SpookyNet, source: SpookyNet) -> None:
    """Copies electron configurations and the parameters of ZBL and D4 from another model with as many elements."""
    tables = dict(source.named_buffers())
    for name, buffer in model.named_buffers():
        if name.startswith(_TABLE_PREFIXES):
            buffer.copy_(tables[name])


def save_published(model: SpookyNet, path: str | Path) -> None:
    """Writes a checkpoint that the published code loads, in single precision."""
    state = {name: value.detach().clone() for name, value in _state(model).items()}
    state["keep_prob"] = torch.tensor(1.0)
    torch.save({**model.hyperparameters, "state_dict": state}, path)


def save_safetensors(model: SpookyNet, path: str | Path, texts: dict[str, str] | None = None) -> None:
    """Writes the same as safetensors with the hyperparameters in ``__metadata__``; single precision, little-endian.

    Parameters
    ----------
    texts : dict, optional
        What ``__metadata__`` says besides, such as ``domain`` and ``licence`` (``docs/models.md``).
    """
    metadata = {"format": "pt", "hyperparameters": json.dumps(model.hyperparameters), **(texts or {})}
    header = {"__metadata__": metadata}
    blocks = []
    position = 0
    # Numbers of eight bytes come first, so that all are aligned.
    for name, value in sorted(_state(model).items(), key=lambda item: -item[1].element_size()):
        array = value.detach().cpu().contiguous().numpy()
        data = array.astype(array.dtype.newbyteorder("<")).tobytes()
        offsets = [position, position + len(data)]
        header[name] = {"dtype": _DTYPES[value.dtype], "shape": list(value.shape), "data_offsets": offsets}
        blocks.append(data)
        position += len(data)
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blocks))


def _state(model: SpookyNet) -> dict[str, torch.Tensor]:
    return {name: value.float() if value.is_floating_point() else value for name, value in model.state_dict().items()}


def _set_buffer(model: SpookyNet, name: str, value: torch.Tensor) -> None:
    owner, _, leaf = name.rpartition(".")
    module = model.get_submodule(owner)
    module._buffers[leaf] = value
