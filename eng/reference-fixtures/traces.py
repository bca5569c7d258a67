"""Writes train/<name>: twenty AdamW steps over two micro-batches each."""
import math
import shutil

import torch
import torch.nn.functional as F

from adapters import base_model
from common import Rejected, first_seed, versions, write_json, write_tensors
from modelcases import Routers, checkpoint_tensors

STEPS, MICRO, ROWS, LENGTH, WARMUP = 20, 2, 2, 24, 4
RATE, DECAY, CLIP = 0.001, 0.01, 1.0
TRACES = {"gemma2-token-mean": "gemma2", "qwen3_moe-token-mean": "qwen3_moe", "phi3-token-mean": "phi3"}


def rate(step):
    if step < WARMUP:
        return RATE * step / WARMUP
    return RATE * 0.5 * (1 + math.cos(math.pi * (step - WARMUP) / (STEPS - WARMUP)))


def data_of(seed, vocabulary):
    generator = torch.Generator().manual_seed(seed)
    ids = torch.randint(3, vocabulary, (STEPS, MICRO, ROWS, LENGTH), generator=generator)
    labels = ids.clone()
    for step in range(STEPS):
        for micro in range(MICRO):
            hidden = torch.randint(1, 14, (ROWS,), generator=generator)
            for row in range(ROWS):
                labels[step, micro, row, :hidden[row]] = -100
    return ids, labels


def train(model, ids, labels):
    decayed = [p for p in model.parameters() if p.dim() > 1]
    rest = [p for p in model.parameters() if p.dim() <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decayed, "weight_decay": DECAY}, {"params": rest, "weight_decay": 0.0}], lr=RATE, betas=(0.9, 0.999), eps=1e-8, foreach=False)
    routers = Routers(model, minimum=1e-5)
    trace = {k: [] for k in ("loss", "cross_entropy", "micro_cross_entropy", "label_tokens", "aux_loss", "grad_norm", "lr")}
    for step in range(STEPS):
        optimizer.zero_grad(set_to_none=True)
        counts = [int((labels[step, m][:, 1:] != -100).sum()) for m in range(MICRO)]
        sums, auxiliaries = [], []
        total = 0.0
        for m in range(MICRO):
            routers.clear()
            logits = model(input_ids=ids[step, m], position_ids=torch.arange(LENGTH).repeat(ROWS, 1), use_cache=False).logits
            routers.tensors("train")
            loss = F.cross_entropy(
                logits[:, :-1].reshape(-1, logits.shape[-1]).float(), labels[step, m][:, 1:].reshape(-1), ignore_index=-100, reduction="sum")
            part = loss / sum(counts)
            auxiliary, coefficient = routers.auxiliary()
            if auxiliary is not None:
                part = part + coefficient * auxiliary / MICRO
                auxiliaries.append(auxiliary.item())
            part.backward()
            total += part.item()
            sums.append(loss.item())
        for group in optimizer.param_groups:
            group["lr"] = rate(step)
        norm = torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        for key, value in (
                ("loss", total), ("cross_entropy", sum(sums) / sum(counts)), ("micro_cross_entropy", [s / c for s, c in zip(sums, counts)]),
                ("label_tokens", counts), ("aux_loss", auxiliaries), ("grad_norm", norm.item()), ("lr", rate(step))):
            trace[key].append(value)
    routers.close()
    return trace, routers.gap


def build(root, given, name, seed):
    base = TRACES[name]
    own = root / "models" / base
    folder_of_base = own if own.is_dir() else given / "models" / base
    model = base_model(folder_of_base)
    ids, labels = data_of(seed, model.config.vocab_size)
    names = {n for n, p in model.named_parameters() if p.dim() <= 1}
    trace, gap = train(model, ids, labels)
    final = {k: v for k, v in checkpoint_tensors(model, lambda p: p.detach().clone()).items() if not torch.isnan(v).any()}
    shaken = base_model(folder_of_base)
    generator = torch.Generator().manual_seed(seed + 1)
    for parameter in shaken.parameters():
        parameter.data.mul_(1 + 1e-6 * torch.randn(parameter.shape, generator=generator))
    other, _ = train(shaken, ids, labels)
    shaken_final = checkpoint_tensors(shaken, lambda p: p.detach().clone())

    def apart(key):
        return max(abs(a - b) for a, b in zip(trace[key], other[key]))

    sensitivity = {
        "perturbation": "each starting weight times 1 + 1e-6 * N(0,1)", "max_loss_diff": apart("loss"), "max_grad_norm_diff": apart("grad_norm"),
        "max_final_weight_diff": max((final[n] - shaken_final[n]).abs().max().item() for n in final)}
    if sensitivity["max_final_weight_diff"] > 3e-5 or sensitivity["max_loss_diff"] > 1e-5:
        raise Rejected(str(sensitivity))
    folder = root / "train" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    tensors = {f"final.{n}": t for n, t in final.items()}
    tensors.update({
        "input_ids": ids, "labels": labels, "label_tokens": torch.tensor(trace["label_tokens"]), "lr": torch.tensor(trace["lr"], dtype=torch.float64),
        **{k: torch.tensor(trace[k], dtype=torch.float32) for k in ("loss", "cross_entropy", "micro_cross_entropy", "grad_norm")}})
    if trace["aux_loss"][0]:
        tensors["aux_loss"] = torch.tensor(trace["aux_loss"], dtype=torch.float32)
    write_tensors(folder / "trace.safetensors", tensors)
    meta = {
        "name": name, "base": f"models/{base}", "seed": seed, "versions": versions(), "steps": STEPS, "micro_batches_per_step": MICRO,
        "micro_batch": [ROWS, LENGTH],
        "optimizer": {"name": "AdamW", "lr": RATE, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": DECAY, "no_weight_decay": sorted(names)},
        "max_grad_norm": CLIP, "schedule": {"name": "cosine", "warmup_steps": WARMUP, "total_steps": STEPS}, "loss_normalisation": "token",
        "router_aux_loss_coef": getattr(model.config, "router_aux_loss_coef", None) if trace["aux_loss"][0] else None,
        "clipped_steps": sum(n > CLIP for n in trace["grad_norm"]), "sensitivity": sensitivity,
        "loss": trace["loss"], "grad_norm": trace["grad_norm"], "lr": trace["lr"]}
    if gap != float("inf"):
        meta["min_router_gap"] = gap
    write_json(folder / "meta.json", meta)
    return meta


def make_trace(root, given, name):
    return first_seed(60000 + 100 * list(TRACES).index(name), 100000, 12, lambda seed: build(root, given, name, seed))
