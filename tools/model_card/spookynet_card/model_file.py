"""What a safetensors file says about its model."""

from __future__ import annotations

import json
from pathlib import Path

#: Longest header read, bytes.
_LONGEST_HEADER = 1 << 24


def describe(path: Path) -> dict:
    """Texts of a model file.

    Returns
    -------
    dict
        ``name``, ``bytes``, ``hyperparameters``, ``parameters`` (how many numbers it stores), and the texts ``domain``,
        ``licence``, ``taught_by``, ``training_structures`` where the file has them.

    Raises
    ------
    ValueError
        If it is no safetensors file of this project.
    """
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= _LONGEST_HEADER:
            raise ValueError(f"Expected a safetensors file but found {path}, whose header would have {length} bytes")
        header = json.loads(file.read(length))
    texts = header.pop("__metadata__", {})
    if "hyperparameters" not in texts:
        raise ValueError(f"Expected hyperparameters in the metadata of {path} but found {sorted(texts)}")
    count = 0
    for tensor in header.values():
        size = 1
        for dimension in tensor["shape"]:
            size *= dimension
        count += size
    found = {"name": path.stem, "bytes": path.stat().st_size, "parameters": count}
    found["hyperparameters"] = json.loads(texts["hyperparameters"])
    if "domain" in texts:
        found["domain"] = json.loads(texts["domain"])
    return found | {key: texts[key] for key in ("licence", "taught_by", "training_structures") if key in texts}
