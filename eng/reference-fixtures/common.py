"""Shared pieces of the fixture generator: versions, files, seeds."""
import json
import platform
from pathlib import Path

import numpy
import peft
import safetensors
import tokenizers
import torch
import transformers
from safetensors.torch import save_file



def versions():
    return {
        "torch": torch.__version__.split("+")[0],
        "transformers": transformers.__version__,
        "peft": peft.__version__,
        "tokenizers": tokenizers.__version__,
        "safetensors": safetensors.__version__,
        "numpy": numpy.__version__,
        "python": platform.python_version(),
        "device": "cpu",
    }


def write_json(path, value, indent=1):
    Path(path).write_text(json.dumps(value, indent=indent, ensure_ascii=False) + "\n", encoding="utf-8")


def write_tensors(path, tensors):
    clean = {name: tensor.detach().clone().contiguous() for name, tensor in sorted(tensors.items())}
    save_file(clean, str(path), metadata={"format": "pt", "library": f"transformers {transformers.__version__}"})


def setup():
    """One thread and deterministic algorithms, so that a second run gives the same bytes."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    transformers.logging.set_verbosity_error()


class Rejected(Exception):
    """A seed whose choices are too close to call."""


def first_seed(start, step, tries, make):
    """Runs `make(seed)` until one seed keeps its margins."""
    reasons = []
    for attempt in range(tries):
        try:
            return make(start + step * attempt)
        except Rejected as reason:
            reasons.append(str(reason))
    raise RuntimeError(f"no seed of {tries} kept its margins: {reasons[-5:]}")
