"""Writes tokenizers/<name>: small trained tokenizers, and what the library makes of texts and conversations."""
import io
import json
import random
import shutil
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

from common import versions, write_json

HERE = Path(__file__).resolve().parent
BYTES = [f"<0x{i:02X}>" for i in range(256)]
WORDS = """the of and a to in is that it was for on are as with they be at one have this from by hot word but what some can out other were
all there when up use your how said an each she which do their time if will way about many then them write would like so these her long make
thing see him two has look more day could go come did number sound no most people my over know water than call first who may down side been
now find any new work part take get place made live where after back little only round man year came show every good me give our under
model layer token vocabulary attention gradient learning rate weight decay sequence length batch optimizer checkpoint tensor precision
return public static void int string class while for if else null true false async await using namespace import def self None""".split()
LINES = ["def area(width, height):\n    return width * height\n", "for (int i = 0; i < n; i++) { sum += a[i]; }\n", "if x == 1 and y != 2:\n        pass\n",
         "{\"key\": [1, 2, 3], \"name\": \"value\"}\n", "I'm sure they're here, we've seen it; don't ask.\n", "In 1998 there were 12345 of 67,890 (about 18.2%).\n",
         "Die Größe der Straße, über die schönen Häuser.\n", "Ça va? L'été à Paris, élève et garçon.\n", "今天天气很好。今日は東京へ行きます。\n", "Привет, как дела сегодня?\n"]


def corpus():
    source = random.Random(7)
    lines = []
    for _ in range(1500):
        words = source.choices(WORDS, k=source.randint(4, 14))
        words[0] = words[0].capitalize()
        lines.append(" ".join(words) + source.choice([".", "!", "?", ", and so on.", ":"]) + "\n")
        if source.random() < 0.25:
            lines.append(source.choice(LINES))
    return lines


def special(*names, **flags):
    return [AddedToken(n, special=True, normalized=False, **flags) for n in names]


def bytelevel(size, pre, normalizer=None, post=None, prefix=False, ignore_merges=False):
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.post_processor = post or processors.ByteLevel(trim_offsets=False)
    trainer = trainers.BpeTrainer(vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False)
    tokenizer.train_from_iterator(corpus(), trainer)
    return tokenizer


def byte_fallback_bpe(size, names, normalizer, pre, decoder):
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    if normalizer:
        tokenizer.normalizer = normalizer
    if pre:
        tokenizer.pre_tokenizer = pre
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=names + BYTES, show_progress=False, limit_alphabet=200)
    training = pre or pre_tokenizers.Split(" ", "merged_with_next")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split("\n", "isolated"), training])
    if not pre:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split("\n", "isolated"), pre_tokenizers.Split("▁", "merged_with_next")])
    tokenizer.train_from_iterator(corpus(), trainer)
    data = json.loads(tokenizer.to_str())
    data["added_tokens"] = [t for t in data["added_tokens"] if t["content"] not in BYTES]
    tokenizer = Tokenizer.from_str(json.dumps(data))
    tokenizer.decoder = decoder
    if pre:
        tokenizer.pre_tokenizer = pre
        return tokenizer
    data = json.loads(tokenizer.to_str())
    data["pre_tokenizer"] = None
    return Tokenizer.from_str(json.dumps(data))


def template(single, pair, *tokens):
    return processors.TemplateProcessing(single=single, pair=pair, special_tokens=list(tokens))


def gpt2():
    tokenizer = bytelevel(560, pre_tokenizers.ByteLevel(add_prefix_space=False))
    tokenizer.add_special_tokens(special("<|endoftext|>"))
    return tokenizer, dict(bos_token="<|endoftext|>", eos_token="<|endoftext|>", unk_token="<|endoftext|>"), "zephyr", ["<|endoftext|>", "a <|endoftext|> b"]


def deepseek():
    pre = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(r"\p{N}{1,3}"), "isolated"), pre_tokenizers.Split(Regex("[一-龥぀-ゟ゠-ヿ]+"), "isolated"),
        pre_tokenizers.Split(Regex("[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+"), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer = bytelevel(620, pre, normalizer=normalizers.Sequence([]))
    tokenizer.add_special_tokens(special("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜▁pad▁｜>"))
    tokenizer.add_tokens([AddedToken(n, special=False, normalized=False) for n in ("<｜User｜>", "<｜Assistant｜>", "<think>", "</think>")])
    bos = tokenizer.token_to_id("<｜begin▁of▁sentence｜>")
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), template(
        "<｜begin▁of▁sentence｜> $A", "<｜begin▁of▁sentence｜> $A $B:1", ("<｜begin▁of▁sentence｜>", bos))])
    names = dict(bos_token="<｜begin▁of▁sentence｜>", eos_token="<｜end▁of▁sentence｜>", pad_token="<｜▁pad▁｜>")
    return tokenizer, names, "deepseek", ["<｜User｜>Hi<｜Assistant｜>Hello<｜end▁of▁sentence｜>", "<think>\nreason\n</think>"]


def o200k():
    pattern = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
               r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
               r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")
    pre = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tokenizer = bytelevel(600, pre, ignore_merges=True)
    tokenizer.add_special_tokens(special("<|startoftext|>", "<|endoftext|>", "<|return|>", "<|user|>", "<|system|>", "<|assistant|>"))
    return tokenizer, dict(bos_token="<|startoftext|>", eos_token="<|return|>", pad_token="<|endoftext|>"), "zephyr", ["<|user|>\nHi<|return|>"]


def gemma():
    names = ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"]
    tokenizer = byte_fallback_bpe(
        900, names, normalizers.Replace(" ", "▁"), pre_tokenizers.Split("▁", "merged_with_previous"),
        decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.add_tokens([AddedToken(n, special=False, normalized=False) for n in ("\n\n", "▁▁", "▁▁▁▁", "<table>")])
    tokenizer.post_processor = template("<bos> $A", "<bos> $A <bos>:1 $B:1", ("<bos>", 2))
    return tokenizer, dict(bos_token="<bos>", eos_token="<eos>", pad_token="<pad>", unk_token="<unk>"), "gemma", [
        "<start_of_turn>user\nHi<end_of_turn>\n", "<table>x", "a    b", "<bos>", "a<eos> b"]


def phi3():
    names = ["<unk>", "<s>", "</s>"]
    tokenizer = byte_fallback_bpe(
        800, names, normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]), None,
        decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]))
    tokenizer.add_special_tokens(special("<|endoftext|>"))
    tokenizer.add_special_tokens(special("<|assistant|>", "<|system|>", "<|end|>", "<|user|>", rstrip=True))
    tokenizer.add_special_tokens(special("<mask>", lstrip=True))
    tokenizer.add_tokens([AddedToken("straw", single_word=True, normalized=True, special=False), AddedToken("berry field", normalized=True, special=False)])
    tokenizer.post_processor = template("$A", "$A $B:1")
    names = dict(bos_token="<s>", eos_token="<|endoftext|>", pad_token="<|endoftext|>", unk_token="<unk>")
    return tokenizer, names, "phi3", ["<|user|>\n  Hi<|end|>\n<|assistant|>\n", "a  <mask> b", "straw strawberry, straw. a berry field", "<|end|>  x"]


def sentencepiece_unigram():
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2

    buffer = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter([line.strip() for line in corpus()]), model_writer=buffer, model_type="unigram", vocab_size=500, hard_vocab_limit=False,
        pad_id=0, eos_id=1, unk_id=2, bos_id=-1, normalization_rule_name="nmt_nfkc", minloglevel=2, num_threads=1)
    proto = sentencepiece_model_pb2.ModelProto()
    proto.ParseFromString(buffer.getvalue())
    tokenizer = Tokenizer(models.Unigram([(p.piece, p.score) for p in proto.pieces], unk_id=2, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap), normalizers.Strip(left=False, right=True), normalizers.Replace(Regex(" {2,}"), "▁")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    tokenizer.add_special_tokens(special("<pad>", "</s>", "<unk>", "<extra_id_1>", "<extra_id_0>"))
    tokenizer.post_processor = template("$A </s>", "$A </s> $B </s>", ("</s>", 1))
    return tokenizer, dict(eos_token="</s>", pad_token="<pad>", unk_token="<unk>"), "plain", ["A <extra_id_0> walks.", "</s>", "ﬁne ｆｕｌｌ　width Ⅷ"]


def nfkc_unigram():
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    trainer = trainers.UnigramTrainer(vocab_size=700, special_tokens=["<unk>", "<s>", "</s>"] + BYTES, unk_token="<unk>", show_progress=False)
    tokenizer.train_from_iterator(corpus(), trainer)
    data = json.loads(tokenizer.to_str())
    data["added_tokens"] = [t for t in data["added_tokens"] if t["content"] not in BYTES]
    data["model"]["byte_fallback"] = True
    tokenizer = Tokenizer.from_str(json.dumps(data))
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.post_processor = template("<s> $A", "<s> $A <s> $B", ("<s>", 1))
    return tokenizer, dict(bos_token="<s>", eos_token="</s>", unk_token="<unk>"), "mistral", ["<s>already", "a</s>b", "[INST] Hi[/INST] Hello</s>"]


def sequence():
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Sequence([
        normalizers.Strip(), normalizers.NFD(), normalizers.StripAccents(), normalizers.Lowercase(), normalizers.Replace(Regex("[“”„]"), '"')])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Punctuation("isolated"), pre_tokenizers.Digits(individual_digits=True)])
    tokenizer.train_from_iterator(corpus(), trainers.BpeTrainer(vocab_size=500, special_tokens=["[UNK]", "[EOS]"], show_progress=False, end_of_word_suffix="</w>"))
    data = json.loads(tokenizer.to_str())
    data["model"]["end_of_word_suffix"] = "</w>"
    tokenizer = Tokenizer.from_str(json.dumps(data))
    tokenizer.decoder = decoders.BPEDecoder(suffix="</w>")
    tokenizer.post_processor = template("$A [EOS]", "$A [EOS] $B:1 [EOS]:1", ("[EOS]", 1))
    return tokenizer, dict(unk_token="[UNK]", eos_token="[EOS]"), "plain", ["[EOS]", "a[EOS]b"]


def byte_prefix():
    pre = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=True, use_regex=True)])
    tokenizer = bytelevel(520, pre, normalizer=normalizers.NFKC())
    tokenizer.add_special_tokens(special("<s>", "</s>"))
    ids = [tokenizer.token_to_id(t) for t in ("<s>", "</s>")]
    tokenizer.post_processor = template("<s> $A </s>", "<s> $A </s> $B </s>", ("<s>", ids[0]), ("</s>", ids[1]))
    return tokenizer, dict(bos_token="<s>", eos_token="</s>"), "mistral", ["<s>already", "a</s>b"]


TOKENIZERS = {
    "bpe-gpt2": gpt2, "bpe-deepseek": deepseek, "bpe-o200k": o200k, "bpe-gemma": gemma, "bpe-phi3": phi3, "unigram-sentencepiece": sentencepiece_unigram,
    "unigram-bytefallback": nfkc_unigram, "bpe-normalizers": sequence, "bpe-prefix-digits": byte_prefix}
REFUSED = [[{"role": "user", "content": "a"}, {"role": "user", "content": "b"}], [{"role": "user", "content": "a"}, {"role": "wizard", "content": "b"}]]


def render(tokenizer, messages, prompt):
    return tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=prompt)


def chats_of(tokenizer, conversations):
    chats, errors = [], []
    for messages, prompt in conversations + [(m, False) for m in REFUSED]:
        try:
            text = render(tokenizer, messages, prompt)
            chats.append({"messages": messages, "add_generation_prompt": prompt, "text": text, "ids": tokenizer.encode(text, add_special_tokens=False)})
        except Exception as error:
            if not any(e["messages"] == messages for e in errors):
                errors.append({"messages": messages, "error": str(error)})
    return chats, errors


def make_tokenizer(root, given, name):
    built, names, template_name, extra = TOKENIZERS[name]()
    folder = root / "tokenizers" / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    built.save(str(folder / "tokenizer.json"))
    text = (HERE / "templates" / f"{template_name}.jinja").read_text(encoding="utf-8").removesuffix("\n")
    added = {str(i): {"content": t.content, "lstrip": t.lstrip, "normalized": t.normalized, "rstrip": t.rstrip, "single_word": t.single_word, "special": t.special}
             for i, t in sorted(built.get_added_tokens_decoder().items())}
    config = {"added_tokens_decoder": added, **names, "clean_up_tokenization_spaces": False, "model_max_length": 2048, "tokenizer_class": "PreTrainedTokenizerFast"}
    if list(TOKENIZERS).index(name) % 2:
        (folder / "chat_template.jinja").write_text(text, encoding="utf-8")
    else:
        config["chat_template"] = text
    write_json(folder / "tokenizer_config.json", config)
    write_json(folder / "special_tokens_map.json", names)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(str(folder))
    other = json.loads((given / "tokenizers" / "bpe-chatml" / "expected.json").read_text(encoding="utf-8"))
    texts = [e["text"] for e in other["encodings"]]
    texts = texts[:texts.index("The end.\n") + 1] + extra
    encodings = []
    for text in texts:
        ids, bare = tokenizer.encode(text), tokenizer.encode(text, add_special_tokens=False)
        encodings.append({
            "text": text, "ids": ids, "ids_no_special": bare, "tokens": tokenizer.convert_ids_to_tokens(bare),
            "decoded": tokenizer.decode(ids, clean_up_tokenization_spaces=False),
            "decoded_skip_special": tokenizer.decode(ids, skip_special_tokens=True, clean_up_tokenization_spaces=False)})
        assert ids == built.encode(text).ids, (text, ids, built.encode(text).ids)
    chats, errors = chats_of(tokenizer, [(c["messages"], c["add_generation_prompt"]) for c in other["chats"]])
    special_ids = {k: tokenizer.convert_tokens_to_ids(v) for k, v in names.items()}
    expected = {"name": name, "versions": versions(), "vocab_size": tokenizer.vocab_size, "length": len(tokenizer), "special_ids": special_ids,
                "encodings": encodings, "chats": chats, "chat_errors": errors}
    write_json(folder / "expected.json", expected)
    return expected
