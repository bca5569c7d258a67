"""Training steps, operators and attention of Python stacks on the GPU at hand, timed as `gpu-step` and `gpu-kernels` time Neoteny.

Needs PyTorch and transformers; cases called liger need Liger Kernel on PYTHONPATH, and are left out without it.
Usage: python3 bench/peers/peers.py [--cases step,operators,attention] [--only TEXT] [--output FOLDER]
"""

import argparse
import datetime
import gc
import importlib.metadata
import importlib.util
import pathlib

import torch
import torch.nn.functional as F

TOKENS, VOCABULARY = 8192, 128256
DOCUMENTS = [4096, 3072, 2048, 2048, 1536, 1536, 1024, 512, 384, 128]
LIGER = importlib.util.find_spec("liger_kernel") is not None
rows = []


def add(case, what, samples, unit="ms"):
    """Keeps and prints the 20th, 50th and 80th percentile of the samples."""
    ordered = sorted(samples)
    p20, p50, p80 = (ordered[round(q * (len(ordered) - 1))] for q in (0.2, 0.5, 0.8))
    row = f"| {case} | {what} | {p20:.4g} | {p50:.4g} | {p80:.4g} | {unit} | {len(ordered)} |"
    rows.append(row)
    print(row, flush=True)


def release():
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()


def timed(run, ahead=True):
    """Milliseconds of the device between events around `run`; with `ahead` the device pauses before, so that the host is ahead."""
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    if ahead:
        torch.cuda._sleep(2_000_000)
    start.record()
    run()
    end.record()
    torch.cuda.synchronize()
    return start.elapsed_time(end)


# Operators.


def time_operator(only, case, forward, inputs, gradient=None, warm_up=8, samples=15):
    """Times forward and backward together; `forward` takes nothing, `inputs` are the tensors that get gradients."""
    if only not in case:
        return

    def both():
        for tensor in inputs:
            tensor.grad = None
        output = forward()
        if gradient is None:
            output.backward()
        else:
            torch.autograd.backward(output, gradient)

    for tensor in inputs:
        tensor.grad = None
    release()
    before = torch.cuda.memory_allocated()
    for _ in range(warm_up):
        both()
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    add(case, "forward and backward", [timed(both) for _ in range(samples)])
    add(case, "peak memory beyond the inputs", [(torch.cuda.max_memory_allocated() - before) / 2**20], "MiB")


def random(*shape, scale=1.0):
    return (torch.randn(*shape, device="cuda", dtype=torch.bfloat16) * scale).requires_grad_()


def rms_norm(x, weight):
    wide = x.float()
    return weight * (wide * torch.rsqrt(wide.pow(2).mean(-1, keepdim=True) + 1e-5)).to(x.dtype)


def head_and_loss(hidden, head, labels):
    return F.cross_entropy((hidden @ head.t()).float(), labels)


def ceilings():
    a, b = (torch.randn(8192, 8192, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    source = torch.empty(2**31, device="cuda", dtype=torch.uint8)
    target = torch.empty_like(source)
    for name, run in (("matrix product 8192 cubed", lambda: a @ b), ("copy of 2 GiB", lambda: target.copy_(source))):
        run()
        add("device", name, [timed(run, ahead=False) for _ in range(15)])


def operators(only):
    ceilings()
    for hidden in (4096, 2048):
        labels = torch.randint(0, VOCABULARY, (TOKENS,), device="cuda")
        compiled = torch.compile(head_and_loss, dynamic=False)
        for trained in (True, False):
            states, head = random(TOKENS, hidden), random(VOCABULARY, hidden, scale=0.02)
            head.requires_grad_(trained)
            case = f"compiled head and cross-entropy, H={hidden}, {'trained' if trained else 'frozen'}"
            time_operator(only, case, lambda: compiled(states, head, labels), [states, head])
    for hidden in (4096, 2048):
        x, weight, gradient = random(TOKENS, hidden), random(hidden), random(TOKENS, hidden).detach()
        compiled_norm = torch.compile(rms_norm, dynamic=False)
        time_operator(only, f"compiled RMSNorm x{hidden}", lambda: compiled_norm(x, weight), [x, weight], gradient)
        if LIGER:
            from liger_kernel.ops import LigerRMSNormFunction

            time_operator(only, f"liger RMSNorm x{hidden}", lambda: LigerRMSNormFunction.apply(x, weight, 1e-5), [x, weight], gradient.clone())
    gate, up, gradient = random(TOKENS, 14336), random(TOKENS, 14336), random(TOKENS, 14336).detach()
    compiled_gate = torch.compile(lambda g, u: F.silu(g) * u)
    time_operator(only, "compiled SwiGLU x14336", lambda: compiled_gate(gate, up), [gate, up], gradient)
    if LIGER:
        from liger_kernel.ops import LigerRopeFunction, LigerSiLUMulFunction

        time_operator(only, "liger SwiGLU x14336", lambda: LigerSiLUMulFunction.apply(gate, up), [gate, up], gradient)
        q, k = random(2, 4096, 32, 128), random(2, 4096, 8, 128)
        angles = torch.randn(1, 4096, 128, device="cuda", dtype=torch.bfloat16)
        gradients = tuple(t.detach().clone().transpose(1, 2) for t in (q, k))
        cos, sin = angles.cos(), angles.sin()
        time_operator(
            only, "liger RoPE 32/8 heads x128", lambda: LigerRopeFunction.apply(q.transpose(1, 2), k.transpose(1, 2), cos, sin), [q, k], gradients)


# Attention: one row of 16384 tokens, 32 heads of 128, causal; work is 4 H D tokens^2 / 2 operations forward, 3.5 times that with backward.


def attention(only):
    from torch.nn.attention import SDPBackend, sdpa_kernel

    case, tokens, heads, size = "cuDNN, one document", 16384, 32, 128
    if only not in case:
        return
    q, k, v = (random(1, heads, tokens, size) for _ in range(3))
    gradient = torch.randn_like(q)

    def layer():
        for tensor in (q, k, v):
            tensor.grad = None
        with sdpa_kernel(SDPBackend.CUDNN_ATTENTION):
            output = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        output.backward(gradient)

    times = [timed(layer) for _ in range(15)][3:]
    work = 3.5 * 4 * heads * size * tokens * tokens / 2
    add(case, "forward and backward", [work / t / 1e9 for t in times], "TFLOP/s")


# Steps: llama-1b with random weights, AdamW with its state in bf16, no clipping; between events at the ends of successive steps.


def document_attention(module, query, key, value, attention_mask, scaling=None, dropout=0.0, **others):
    """Variable-length FlashAttention-2 over the documents of a packed row."""
    ends, longest = others["document_ends"], others["longest_document"]
    q, k, v = (t[0].transpose(0, 1).contiguous() for t in (query, key, value))
    output = torch.ops.aten._flash_attention_forward(q, k, v, ends, ends, longest, longest, 0.0, True, False, scale=scaling)[0]
    return output[None], None


def causal_attention(module, query, key, value, attention_mask, scaling=None, dropout=0.0, **others):
    """Causal attention of libtorch without a mask tensor, which transformers makes when the whole model is compiled."""
    output = F.scaled_dot_product_attention(query, key, value, is_causal=True, scale=scaling, enable_gqa=True)
    return output.transpose(1, 2).contiguous(), None


def llama_1b(attention):
    from transformers import LlamaConfig, LlamaForCausalLM

    config = LlamaConfig(
        hidden_size=2048, num_hidden_layers=16, num_attention_heads=32, num_key_value_heads=8, head_dim=64, intermediate_size=8192,
        vocab_size=VOCABULARY, tie_word_embeddings=True, rope_parameters={"rope_type": "default", "rope_theta": 500000.0},
        max_position_embeddings=131072, attn_implementation=attention, dtype=torch.bfloat16)
    with torch.device("cuda"):
        return LlamaForCausalLM(config).to(torch.bfloat16)


def liger_loss(model, hidden, labels):
    """Liger's fused head and loss with an fp32 head gradient, its fastest setting."""
    from liger_kernel.ops import LigerFusedLinearCrossEntropyFunction

    states = hidden[:, :-1].reshape(-1, hidden.shape[-1])
    result = LigerFusedLinearCrossEntropyFunction.apply(
        states, model.lm_head.weight, labels[:, 1:].reshape(-1), None, None, -100, 0.0, 0.0, "mean", None, False, torch.float32)
    return result[0] if isinstance(result, tuple) else result


def step(case, layout, how):
    """One case: `how` is compiled (the whole model), liger (its modules and loss) or layers (each layer compiled, Liger's loss)."""
    from transformers import AttentionInterface

    release()
    torch.compiler.reset()
    torch.manual_seed(0)
    packed = layout == "packed"
    AttentionInterface.register("documents", document_attention)
    AttentionInterface.register("causal", causal_attention)
    model = llama_1b("documents" if packed else "causal")
    model.config.use_cache = False
    model.train()
    if how == "liger":
        from liger_kernel.transformers import apply_liger_kernel_to_llama

        apply_liger_kernel_to_llama(fused_linear_cross_entropy=False, cross_entropy=False, model=model)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)
    ids = torch.randint(0, VOCABULARY, (1, 16384) if packed else (4, 4096), device="cuda")
    others = {}
    if packed:
        lengths = torch.tensor(DOCUMENTS, device="cuda")
        ends = torch.cat([lengths.new_zeros(1), lengths.cumsum(0)]).to(torch.int32)
        positions = torch.cat([torch.arange(n, device="cuda") for n in DOCUMENTS])[None]
        others = {"position_ids": positions, "document_ends": ends, "longest_document": max(DOCUMENTS)}
    if how == "layers":
        for layer in model.model.layers:
            layer.compile()

    def whole(tokens):
        return model(input_ids=tokens, labels=tokens, **others).loss

    def with_liger_loss(tokens):
        return liger_loss(model, model.model(input_ids=tokens, **others).last_hidden_state, tokens)

    loss_of = torch.compile(whole) if how == "compiled" else with_liger_loss
    ends_of_steps = []
    losses = []
    for number in range(15):
        loss = loss_of(ids)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        if number == 0:
            losses.append(loss.item())
        if number == 3:
            torch.cuda.reset_peak_memory_stats()
        if number >= 4:
            event = torch.cuda.Event(enable_timing=True)
            event.record()
            ends_of_steps.append(event)
    torch.cuda.synchronize()
    add(case, "step", [a.elapsed_time(b) for a, b in zip(ends_of_steps, ends_of_steps[1:])])
    add(case, "peak of the allocator", [torch.cuda.max_memory_allocated() / 2**30], "GiB")
    add(case, "loss of the first step", losses, "")


def steps(only):
    wanted = [("HF compiled whole", "dense", "compiled")]
    if LIGER:
        wanted += [("HF, compiled layers + Liger's loss", layout, "layers") for layout in ("dense", "packed")]
        # Last, since Liger replaces functions of transformers for good.
        wanted += [("HF + Liger, fp32 loss", layout, "liger") for layout in ("dense", "packed")]
    for name, layout, how in wanted:
        case = f"{name}, llama-1b {layout}"
        if only not in case:
            continue
        try:
            step(case, layout, how)
        except Exception as error:  # a peer that fails leaves the others their turn
            print(f"{case}: {type(error).__name__}: {error}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", default="step,operators,attention")
    parser.add_argument("--only", default="", help="a part of the names of the cases to run")
    parser.add_argument("--output")
    options = parser.parse_args()
    for case in options.cases.split(","):
        {"step": steps, "operators": operators, "attention": attention}[case](options.only)
    if options.output:
        import transformers
        import triton

        head = [
            "# Peers on the GPU", "",
            "Made by `bench/peers/peers.py`: bf16, random weights and tokens, every token trained; steps of 16,384 tokens with fused AdamW (state in bf16), no clipping; "
            "operators on 8,192 tokens with a vocabulary of 128,256, logits as a fresh model has them; attention on a row of 16,384 tokens, 32 heads of 128.", "",
            "| case | what | p20 | p50 | p80 | unit | samples |", "|---|---|---:|---:|---:|---|---|"]
        liger = "none"
        if LIGER:
            try:
                liger = importlib.metadata.version("liger_kernel")
            except importlib.metadata.PackageNotFoundError:
                liger = "from source"
        tail = ["", f"- Device: {torch.cuda.get_device_name()}", f"- Versions: torch {torch.__version__}, transformers {transformers.__version__}, triton {triton.__version__}, Liger {liger}",
                f"- Date: {datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC", ""]
        folder = pathlib.Path(options.output)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "gpu-peers.md").write_text("\n".join(head + rows + tail))


if __name__ == "__main__":
    main()
