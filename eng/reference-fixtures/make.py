"""Makes the fixtures. See README.md.

    python3 make.py OUTPUT GIVEN [NAME ...]

OUTPUT gets models/, lora/, train/ and tokenizers/; GIVEN is a folder of fixtures whose models serve as bases;
names ("models/phi3", "lora/llama-regex", ...) restrict what is made.
"""
import concurrent.futures
import os
import sys
import time
import traceback
from pathlib import Path

os.environ["CUDA_VISIBLE_DEVICES"] = ""
os.environ["HF_HUB_OFFLINE"] = "1"

from adapters import ADAPTERS, make_adapter  # noqa: E402
from common import setup  # noqa: E402
from families import MODELS  # noqa: E402
from modelcases import make_model  # noqa: E402
from tokenizercases import TOKENIZERS, make_tokenizer  # noqa: E402
from traces import TRACES, make_trace  # noqa: E402


def work(kind, name, root, given):
    setup()
    start = time.time()
    try:
        if kind == "models":
            meta = make_model(root, name)
        elif kind == "lora":
            meta = make_adapter(root, given, name)
        elif kind == "train":
            meta = make_trace(root, given, name)
        else:
            meta = make_tokenizer(root, given, name)
        return True, f"{summary(meta)} ({time.time() - start:.1f} s)"
    except Exception:
        return False, traceback.format_exc()


def summary(meta):
    keys = ("seed", "parameters", "trainable_parameters", "min_router_gap", "reloaded_max_abs_diff", "config_v4_max_abs_diff",
            "reloaded_vs_adapter_max_abs_diff", "merged_vs_adapter_max_abs_diff", "adapter_vs_base_max_abs_diff", "sensitivity", "generation",
            "checkpoint_tensors_without_gradient", "packed", "full", "length")
    return {k: meta[k] for k in keys if k in meta}


def main():
    root, given, wanted = Path(sys.argv[1]), Path(sys.argv[2]), set(sys.argv[3:])
    failed = []
    stages = [[("models", n) for n in MODELS] + [("tokenizers", n) for n in TOKENIZERS],
              [("lora", n) for n in ADAPTERS] + [("train", n) for n in TRACES]]
    for stage in stages:
        jobs = [job for job in stage if not wanted or "/".join(job) in wanted]
        with concurrent.futures.ProcessPoolExecutor(min(14, os.cpu_count() or 1)) as pool:
            running = {pool.submit(work, *job, root, given): job for job in jobs}
            for done in concurrent.futures.as_completed(running):
                job = "/".join(running[done])
                good, text = done.result()
                print(f"{'ok  ' if good else 'FAIL'} {job} {text}", flush=True)
                if not good:
                    failed.append(job)
    print(f"failed: {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
