"""Writes models/<name>: a random checkpoint and what the library computes with it."""
import copy
import json
import shutil
import tempfile
from pathlib import Path

import torch
import torch.nn.functional as F
import transformers
from safetensors.torch import load_file

from common import Rejected, first_seed, versions, write_json, write_tensors
from families import MODELS

LOGIT_GAP, ROUTER_GAP = 0.002, 0.0005
NEW_TOKENS = 16
DOCUMENTS = [0, 9, 23, 30]


def load_folder(folder):
    tensors = {}
    for file in sorted(Path(folder).glob("*.safetensors")):
        tensors.update(load_file(str(file)))
    return tensors


def checkpoint_tensors(model, replace):
    """The model's tensors after `replace(parameter)`, under the names and in the layout of the checkpoint."""
    twin = copy.deepcopy(model)
    for original, parameter in zip(model.parameters(), twin.parameters()):
        parameter.data = replace(original)
    for buffer in twin.buffers():
        if buffer.is_floating_point():
            buffer.fill_(float("nan"))
    with tempfile.TemporaryDirectory() as folder:
        twin.save_pretrained(folder)
        return load_folder(folder)


def gradients(model):
    tensors = checkpoint_tensors(model, lambda p: torch.full_like(p, float("nan")) if p.grad is None else p.grad.clone())
    return {name: tensor for name, tensor in tensors.items() if not torch.isnan(tensor).any()}


def randomise(model, generator):
    def normal(shape):
        return torch.randn(shape, generator=generator)

    config = model.config
    tied = config.tie_word_embeddings
    scaled = config.model_type.startswith("gemma")
    added_one = scaled
    for name, parameter in model.named_parameters():
        last = name.rsplit(".", 1)[-1]
        if "embed_tokens" in name:
            values = normal(parameter.shape) * ((0.22 if scaled else 0.4) if tied else 0.7)
        elif name.startswith("lm_head"):
            values = normal(parameter.shape) * 0.4
        elif parameter.dim() == 1 and last == "weight":
            values = (0.0 if added_one else 1.0) + 0.3 * normal(parameter.shape)
        elif parameter.dim() == 1:
            values = normal(parameter.shape) * (1.0 if last == "sinks" else 0.3)
        else:
            values = normal(parameter.shape) * 1.3 / parameter.shape[-1] ** 0.5
        parameter.data.copy_(values)
    for name, buffer in model.named_buffers():
        if name.endswith("e_score_correction_bias"):
            buffer.copy_(0.15 * normal(buffer.shape))


class Routers:
    """Router logits (in the graph), chosen experts and weights of every call, layer by layer.

    Routers of the library answer (logits before the softmax, weights, chosen experts).
    """

    def __init__(self, model, minimum=ROUTER_GAP):
        self.model, self.layers, self.gap, self.handles, self.minimum = model, {}, float("inf"), [], minimum
        for index, layer in enumerate(model.get_decoder().layers):
            mlp = getattr(layer, "mlp", None) or getattr(layer, "block_sparse_moe", None)
            gate = getattr(mlp, "gate", None) if getattr(mlp, "gate", None) is not None else getattr(mlp, "router", None)
            if gate is not None and hasattr(mlp, "experts"):
                self.layers[index] = (gate, mlp)
                self.handles.append(gate.register_forward_hook(self.at_gate(index)))
                self.handles.append(mlp.experts.register_forward_pre_hook(self.at_experts(index), with_kwargs=True))
        self.clear()

    def clear(self):
        self.logits, self.chosen = {i: [] for i in self.layers}, {i: [] for i in self.layers}

    def close(self):
        for handle in self.handles:
            handle.remove()

    def at_gate(self, index):
        def hook(_, args, output):
            self.logits[index].append(output[0])
        return hook

    def at_experts(self, index):
        def hook(_, args, kwargs):
            values = list(args) + list(kwargs.values())
            choice = next(v for v in values[1:] if not v.is_floating_point())
            weights = next(v for v in values[1:] if v.is_floating_point())
            self.chosen[index].append((choice.detach(), weights.detach()))
        return hook

    def tensors(self, part, keep=None):
        result = {}
        for index in self.layers:
            logits = torch.cat(self.logits[index])
            choice = torch.cat([c for c, _ in self.chosen[index]])
            weights = torch.cat([w for _, w in self.chosen[index]])
            if weights.shape != choice.shape:
                weights = weights.gather(-1, choice)
            weights, order = weights.sort(dim=-1, descending=True)
            choice = choice.gather(-1, order)
            result[f"{part}.router.{index}.logits"] = logits
            result[f"{part}.router.{index}.topk_index"] = choice
            result[f"{part}.router.{index}.topk_weight"] = weights
            self.check_gap(index, logits.detach(), choice, keep)
        return result

    def check_gap(self, index, logits, choice, keep):
        gate, mlp = self.layers[index]
        k = choice.shape[-1]
        if self.model.config.model_type == "deepseek_v3":
            config = self.model.config
            bias = next(b for n, b in mlp.named_buffers() if n.endswith("e_score_correction_bias"))
            scores = logits.sigmoid() + bias
            grouped = scores.view(-1, config.n_group, config.n_routed_experts // config.n_group)
            groups = grouped.topk(2, dim=-1)[0].sum(-1)
            gaps = [distance(groups, config.topk_group)]
            taken = torch.zeros_like(groups).scatter_(1, groups.topk(config.topk_group, dim=-1)[1], 1).bool()
            inside = grouped.masked_fill(~taken.unsqueeze(-1), float("-inf")).flatten(1)
            gaps += [distance(inside, k), inside.topk(k, dim=-1)[0][:, -1]]
            scores = inside
            gap = torch.stack(gaps).min(0)[0]
        else:
            scores = logits if self.model.config.model_type == "gpt_oss" else logits.softmax(-1)
            gap = distance(scores, k)
        expected = scores.topk(k, dim=-1)[1].sort(-1)[0]
        same = (expected == choice.sort(-1)[0]).all(-1)
        if keep is not None:
            gap, same = gap[keep], same[keep]
        self.gap = min(self.gap, gap.min().item())
        if self.gap <= self.minimum:
            raise Rejected(f"router gap {self.gap}")
        if not same.all():
            raise RuntimeError("the choice of experts is not the one expected")

    def auxiliary(self, keep=None):
        """E * sum_e f_e p_e over all layers and kept tokens."""
        config = self.model.config
        coefficient = getattr(config, "router_aux_loss_coef", None)
        if not self.layers or coefficient is None or config.model_type == "deepseek_v3":
            return None, None
        logits = [torch.cat(self.logits[i]) for i in self.layers]
        logits = torch.cat([rows if keep is None else rows[keep] for rows in logits])
        probabilities = logits.softmax(-1)
        experts, k = logits.shape[-1], config.num_experts_per_tok
        counts = F.one_hot(probabilities.topk(k, dim=-1)[1], experts).float().sum(1).mean(0)
        return experts * (counts * probabilities.mean(0)).sum(), coefficient


def distance(scores, k):
    ordered = scores.sort(dim=-1, descending=True)[0]
    return ordered[:, k - 1] - ordered[:, k]


def cross_entropy(logits, labels):
    return F.cross_entropy(logits[:, :-1].reshape(-1, logits.shape[-1]).float(), labels[:, 1:].reshape(-1), ignore_index=-100)


def inputs(vocabulary, generator):
    def ids(*shape):
        return torch.randint(3, vocabulary, shape, generator=generator)

    full, padded, packed = ids(2, 24), ids(2, 24), ids(1, 30)
    labels = full.clone()
    labels[0, :6] = -100
    labels[1, 10:13] = -100
    mask = torch.ones(2, 24, dtype=torch.int64)
    mask[1, 17:] = 0
    padded = padded * mask
    padded_labels = padded.masked_fill(mask == 0, -100)
    padded_labels[0, :4] = -100
    packed_labels = packed.clone()
    packed_labels[0, DOCUMENTS[:-1]] = -100
    packed_labels[0, 11:14] = -100
    lengths = [b - a for a, b in zip(DOCUMENTS, DOCUMENTS[1:])]
    batch, batch_mask = ids(2, 10), torch.ones(2, 10, dtype=torch.int64)
    batch_mask[1, :4] = 0
    positions = torch.arange(24).repeat(2, 1)
    return {
        "full.input_ids": full, "full.position_ids": positions, "full.labels": labels,
        "padded.input_ids": padded, "padded.position_ids": positions.clone(), "padded.labels": padded_labels, "padded.attention_mask": mask,
        "packed.input_ids": packed, "packed.labels": packed_labels,
        "packed.position_ids": torch.cat([torch.arange(n) for n in lengths])[None],
        "packed.segment_ids": torch.cat([torch.full((n,), i) for i, n in enumerate(lengths)])[None],
        "packed.cu_seqlens": torch.tensor(DOCUMENTS, dtype=torch.int32),
        "gen.prompt_ids": ids(1, 10), "gen.batch.input_ids": batch * batch_mask, "gen.batch.attention_mask": batch_mask,
    }


def run_case(model, routers, data, part):
    """Forward and backward of one case; the gradients stay on the parameters."""
    model.zero_grad(set_to_none=True)
    routers.clear()
    ids, positions = data[f"{part}.input_ids"], data[f"{part}.position_ids"]
    mask = data.get(f"{part}.attention_mask")
    if part == "packed":
        spans = list(zip(DOCUMENTS, DOCUMENTS[1:]))
        logits = torch.cat([model(input_ids=ids[:, a:b], position_ids=positions[:, a:b], use_cache=False).logits for a, b in spans], dim=1)
    else:
        logits = model(input_ids=ids, position_ids=positions, attention_mask=mask, use_cache=False).logits
    keep = None if mask is None else mask.flatten().bool()
    found = {f"{part}.logits": logits, f"{part}.loss": cross_entropy(logits, data[f"{part}.labels"])}
    found.update(routers.tensors(part, keep))
    total = found[f"{part}.loss"]
    auxiliary, coefficient = routers.auxiliary(keep)
    if auxiliary is not None:
        total = total + coefficient * auxiliary
        found[f"{part}.aux_loss"], found[f"{part}.total_loss"] = auxiliary, total
    total.backward()
    return found


@torch.no_grad()
def greedy(model, routers, ids, mask=None):
    """Recomputes the whole sequence at each step."""
    gap = float("inf")
    for _ in range(NEW_TOKENS):
        routers.clear()
        if mask is None:
            logits = model(input_ids=ids, position_ids=torch.arange(ids.shape[1])[None], use_cache=False).logits[:, -1]
        else:
            positions = (mask.cumsum(-1) - 1).clamp(min=0)
            logits = model(input_ids=ids, attention_mask=mask, position_ids=positions, use_cache=False).logits[:, -1]
            mask = torch.cat([mask, mask.new_ones(len(mask), 1)], dim=1)
        routers.tensors("gen", None if mask is None else mask[:, :-1].flatten().bool())
        best = logits.topk(2, dim=-1)
        gap = min(gap, (best.values[:, 0] - best.values[:, 1]).min().item())
        ids = torch.cat([ids, best.indices[:, :1]], dim=1)
    return ids, gap


@torch.no_grad()
def cached(model, ids, mask):
    result = model.generate(
        input_ids=ids, attention_mask=mask, max_new_tokens=NEW_TOKENS, do_sample=False, use_cache=True, pad_token_id=0,
        return_dict_in_generate=True, output_logits=True)
    best = torch.stack(result.logits).topk(2, dim=-1).values
    assert result.sequences.shape[1] == ids.shape[1] + NEW_TOKENS, result.sequences.shape
    return result.sequences, (best[..., 0] - best[..., 1]).min().item()


def older_config(config, options):
    """The keys that most published checkpoints carry."""
    old = {k: v for k, v in config.items() if k not in ("transformers_version", "dtype", "layer_types", "rope_parameters")}
    old["torch_dtype"] = config["dtype"]
    rope = dict(config["rope_parameters"])
    if "rope_theta" in rope:
        old["rope_theta"] = rope.pop("rope_theta")
        partial = rope.pop("partial_rotary_factor", None)
        if partial is not None:
            old["partial_rotary_factor"] = partial
        if options.get("type_key"):
            rope["type"] = rope.pop("rope_type")
            if rope["type"] == "longrope":
                rope.pop("original_max_position_embeddings", None)
        old["rope_scaling"] = None if rope.get("rope_type", rope.get("type")) == "default" else rope
    old.update(options.get("v4", {}))
    for key in options.get("v4_drop", []):
        old.pop(key, None)
    return old


def classes(name):
    config, _, model = name.partition(":")
    return getattr(transformers, config + "Config"), getattr(transformers, model or config + "ForCausalLM")


def with_implementations(config):
    config._attn_implementation = "eager"
    config._experts_implementation = "eager"
    return config


def reload(folder, model_class):
    config = with_implementations(transformers.AutoConfig.from_pretrained(folder))
    return model_class.from_pretrained(folder, config=config, dtype=torch.float32, attn_implementation="eager").eval()


def build(name, folder, seed):
    kind, arguments, options = MODELS[name]
    config_class, model_class = classes(kind)
    generator = torch.Generator().manual_seed(seed)
    model = model_class(with_implementations(config_class(**arguments))).eval()
    randomise(model, generator)
    dtype = getattr(torch, options.get("save_dtype", "float32"))
    for parameter in model.parameters():
        parameter.data = parameter.data.to(dtype).float()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    stored = copy.deepcopy(model).to(dtype)
    stored.config.dtype = dtype
    stored.save_pretrained(folder, max_shard_size=options.get("shard", "5GB"))
    model.generation_config.eos_token_id = None

    routers, data = Routers(model), inputs(arguments["vocab_size"], generator)
    expected, meta = dict(data), {
        "name": name, "class": model_class.__name__, "model_type": model.config.model_type, "seed": seed, "versions": versions(),
        "attn_implementation": model.config._attn_implementation, "compute_dtype": "float32"}
    if hasattr(model.config, "router_aux_loss_coef"):
        meta["router_aux_loss_coef"] = model.config.router_aux_loss_coef
    for part in ("full", "padded", "packed"):
        found = run_case(model, routers, data, part)
        expected.update(found)
        grads = gradients(model)
        if part == "full":
            meta["parameters_without_gradient"] = [n for n, p in model.named_parameters() if p.grad is None]
        for path, grad in grads.items():
            expected[f"{part}.grad_norm.{path}" if part == "padded" else f"{part}.grad.{path}"] = grad.norm() if part == "padded" else grad
        meta[part] = {"loss": found[f"{part}.loss"].item(), "label_tokens": int((data[f"{part}.labels"][:, 1:] != -100).sum())}
    with torch.no_grad():
        whole = model(input_ids=data["packed.input_ids"], position_ids=data["packed.position_ids"], use_cache=False).logits
        meta["packed"]["library_packed_max_abs_diff"] = (whole - expected["packed.logits"]).abs().max().item()
        if "full.aux_loss" in expected:
            theirs = model(input_ids=data["full.input_ids"], position_ids=data["full.position_ids"], output_router_logits=True, use_cache=False)
            meta["full"]["library_aux_loss_abs_diff"] = (theirs.aux_loss - expected["full.aux_loss"]).abs().item()
    generation(model, routers, data, expected, meta)
    if routers.layers:
        meta["min_router_gap"] = routers.gap
    routers.close()
    finish(model_class, folder, options, data, expected, meta)
    return meta


def generation(model, routers, data, expected, meta):
    prompt, batch, mask = data["gen.prompt_ids"], data["gen.batch.input_ids"], data["gen.batch.attention_mask"]
    expected["gen.output_ids"], gap = greedy(model, routers, prompt)
    expected["gen.batch.output_ids"], batch_gap = greedy(model, routers, batch, mask)
    expected["gen.output_ids_kvcache"], cache_gap = cached(model, prompt, torch.ones_like(prompt))
    expected["gen.batch.output_ids_kvcache"], batch_cache_gap = cached(model, batch, mask)
    gap = min(gap, batch_gap, cache_gap, batch_cache_gap)
    if gap <= LOGIT_GAP:
        raise Rejected(f"logit gap {gap}")
    if loses_context(model.config):
        del expected["gen.output_ids_kvcache"], expected["gen.batch.output_ids_kvcache"]
        meta["generation"] = {
            "new_tokens": NEW_TOKENS, "eos_ignored": True, "min_top1_top2_logit_gap": gap,
            "kvcache_left_out": "the library loses the context at the change of factors"}
        return
    meta["generation"] = {
        "new_tokens": NEW_TOKENS, "eos_ignored": True, "min_top1_top2_logit_gap": gap,
        "kvcache_equals_recompute": torch.equal(expected["gen.output_ids"], expected["gen.output_ids_kvcache"]),
        "kvcache_equals_recompute_batch": torch.equal(expected["gen.batch.output_ids"], expected["gen.batch.output_ids_kvcache"])}


def loses_context(config):
    """phi3 drops its cache where longrope changes factors, and goes on with the last token alone."""
    return config.model_type == "phi3" and config.rope_parameters["rope_type"] == "longrope"


@torch.no_grad()
def finish(model_class, folder, options, data, expected, meta):
    """The older configuration, checked by loading with it, and the metadata."""
    old = older_config(json.loads((folder / "config.json").read_text()), options)
    write_json(folder / "config.v4.json", old)
    full = dict(input_ids=data["full.input_ids"], position_ids=data["full.position_ids"], use_cache=False)
    again = reload(folder, model_class)
    meta["reloaded_max_abs_diff"] = (again(**full).logits - expected["full.logits"]).abs().max().item()
    with tempfile.TemporaryDirectory() as other:
        for file in folder.glob("model*"):
            shutil.copy(file, other)
        shutil.copy(folder / "config.v4.json", Path(other) / "config.json")
        old_model = reload(other, model_class)
        short = dict(input_ids=data["packed.input_ids"][:, :9], use_cache=False)
        meta["config_v4_max_abs_diff"] = max(
            (old_model(**full).logits - expected["full.logits"]).abs().max().item(),
            (old_model(**short).logits - expected["packed.logits"][:, :9]).abs().max().item())
    tensors = load_folder(folder)
    grads = {n.removeprefix("full.grad.") for n in expected if n.startswith("full.grad.")}
    meta["checkpoint_dtype"] = options.get("save_dtype", "float32")
    meta["checkpoint_tensors_without_gradient"] = sorted(set(tensors) - grads)
    meta["parameters"] = sum(t.numel() for t in tensors.values())
    write_tensors(folder / "expected.safetensors", expected)
    write_json(folder / "meta.json", meta)


def make_model(root, name):
    start = 20000 + 100 * list(MODELS).index(name)
    return first_seed(start, 100000, 600, lambda seed: build(name, root / "models" / name, seed))
