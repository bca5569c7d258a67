"""Writes lora/<name>: adapters of peft over the models of models/."""
import copy
import json
import shutil

import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from peft.utils import get_peft_model_state_dict
from safetensors.torch import load_file

from common import first_seed, versions, write_json, write_tensors
from modelcases import Routers, cross_entropy, with_implementations

ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]
ADAPTERS = {
    "gemma2-all-linear": ("gemma2", dict(target_modules="all-linear")),
    "phi3-all-linear": ("phi3", dict(target_modules="all-linear")),
    "qwen3_moe-expert-parameters": ("qwen3_moe", dict(
        target_modules=["q_proj", "v_proj"], target_parameters=["mlp.experts.gate_up_proj", "mlp.experts.down_proj"])),
    "qwen3_moe-all-linear": ("qwen3_moe", dict(target_modules="all-linear")),
    "gpt_oss-attention": ("gpt_oss", dict(target_modules=ATTENTION)),
    "gpt_oss-expert-parameters": ("gpt_oss", dict(
        target_modules=["q_proj"], target_parameters=["mlp.experts.gate_up_proj", "mlp.experts.down_proj"])),
    "deepseek_v3-attention": ("deepseek_v3", dict(
        target_modules=["q_a_proj", "q_b_proj", "kv_a_proj_with_mqa", "kv_b_proj", "o_proj"])),
    "llama-embeddings-saved": ("llama", dict(target_modules=["q_proj", "v_proj"], modules_to_save=["embed_tokens", "lm_head"])),
    "llama-regex": ("llama", dict(target_modules=r".*\.(0\.self_attn\.(q|o)_proj|1\.mlp\.up_proj)")),
    "llama-layers": ("llama", dict(target_modules=["q_proj", "gate_proj"], layers_to_transform=[1])),
    "llama-lora-bias": ("llama-tied", dict(target_modules=["q_proj", "v_proj", "up_proj"], lora_bias=True)),
}


def base_model(folder):
    config = with_implementations(transformers.AutoConfig.from_pretrained(folder))
    return transformers.AutoModelForCausalLM.from_pretrained(
        folder, config=config, dtype=torch.float32, attn_implementation="eager").eval()


def run(model, inner, routers, data, part):
    routers.clear()
    logits = model(input_ids=data["full.input_ids"], position_ids=data["full.position_ids"], use_cache=False).logits
    found = {f"{part}.logits": logits, f"{part}.loss": cross_entropy(logits, data["full.labels"])}
    found.update(routers.tensors(part))
    total = found[f"{part}.loss"]
    auxiliary, coefficient = routers.auxiliary()
    if auxiliary is not None:
        total = total + coefficient * auxiliary
        found[f"{part}.aux_loss"], found[f"{part}.total_loss"] = auxiliary, total
    return found, total


def randomise(model, generator):
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        noise = torch.randn(parameter.shape, generator=generator)
        if "lora_A" in name:
            parameter.data.copy_(noise * 0.3)
        elif "lora_B" in name:
            parameter.data.copy_(noise * 0.15)
        else:
            parameter.data.add_(noise * 0.1)


def described(model):
    modules = {}
    for name, module in model.base_model.model.named_modules():
        scaling = getattr(module, "scaling", None)
        if isinstance(scaling, dict) and "default" in scaling:
            modules[name] = {"r": module.r["default"], "scaling": scaling["default"]}
            parameter = getattr(module, "parameter_name", None)
            if parameter:
                modules[name]["parameter"] = parameter
    return modules


def peft_state(model):
    return get_peft_model_state_dict(model)


def gradient_state(model):
    twin = copy.deepcopy(model)
    for original, parameter in zip(model.parameters(), twin.parameters()):
        parameter.data = torch.zeros_like(original) if original.grad is None else original.grad.clone()
    return peft_state(twin)


def build(root, given, name, seed):
    base, requested = ADAPTERS[name]
    own = root / "models" / base
    folder_of_base = own if own.is_dir() else given / "models" / base
    folder = root / "lora" / name
    requested = {"r": 4, "lora_alpha": 8, **requested}
    generator = torch.Generator().manual_seed(seed)
    plain = base_model(folder_of_base)
    reference = load_file(str(folder_of_base / "expected.safetensors"))
    data = {k: reference[k] for k in ("full.input_ids", "full.position_ids", "full.labels")}
    model = get_peft_model(plain, LoraConfig(task_type="CAUSAL_LM", lora_dropout=0.0, **copy.deepcopy(requested))).eval()
    randomise(model, generator)
    routers = Routers(model.base_model.model)
    found, total = run(model, plain, routers, data, "adapter")
    total.backward()
    expected = {**data, **found}
    state = peft_state(model)
    for path, grad in gradient_state(model).items():
        expected[f"grad.{path}"] = grad
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(str(folder))
    saved = load_file(str(folder / "adapter_model.safetensors"))
    assert sorted(saved) == sorted(state), (sorted(saved), sorted(state))
    config_file = folder / "adapter_config.json"
    config = json.loads(config_file.read_text())
    config["base_model_name_or_path"] = f"../../models/{base}"
    config_file.write_text(json.dumps(config, indent=2, sort_keys=True))
    (folder / "README.md").unlink(missing_ok=True)
    meta = {
        "name": name, "base": f"models/{base}", "seed": seed, "versions": versions(), "requested": requested, "modules": described(model)}
    with torch.no_grad():
        again = PeftModel.from_pretrained(base_model(folder_of_base), str(folder)).eval()
        logits = again(input_ids=data["full.input_ids"], position_ids=data["full.position_ids"], use_cache=False).logits
        meta["reloaded_vs_adapter_max_abs_diff"] = (logits - expected["adapter.logits"]).abs().max().item()
        routers.close()
        trainable = sum(t.numel() for t in saved.values())
        merged = model.merge_and_unload()
        routers = Routers(merged)
        found, _ = run(merged, merged, routers, data, "merged")
        expected.update(found)
        routers.close()
    meta["merged_vs_adapter_max_abs_diff"] = (expected["merged.logits"] - expected["adapter.logits"]).abs().max().item()
    meta["adapter_vs_base_max_abs_diff"] = (reference["full.logits"] - expected["adapter.logits"]).abs().max().item()
    meta["trainable_parameters"] = trainable
    meta["base_seed"] = json.loads((folder_of_base / "meta.json").read_text())["seed"]
    write_tensors(folder / "expected.safetensors", expected)
    write_json(folder / "meta.json", meta)
    return meta


def make_adapter(root, given, name):
    start = 40000 + 100 * list(ADAPTERS).index(name)
    return first_seed(start, 100000, 30, lambda seed: build(root, given, name, seed))
