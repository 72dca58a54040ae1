"""gguf_peer - data/gguf_to_hf.py beside transformers' own reading of GGUF

usage: python3 tests/parity/gguf_peer.py FILE.gguf DIR STRINGS.json

DIR is what gguf_to_hf made of FILE.gguf; STRINGS.json is a list of texts. Says
how many tensors have the same bits, whether the logits of the first text do,
how many texts have the same tokens, and how many come back from them. Needs torch,
transformers and gguf, so it is run by hand. transformers does not look at
tokenizer.ggml.pre: it cuts by GPT-2's pattern alone, which differs from
smollm's where spaces stand before a digit. So its tokenizer is compared as it
is, and once it cuts off digits first.
"""
import json
import os
import sys

import torch
import transformers as hf
from tokenizers import pre_tokenizers


def say_tokens(texts, ids, peer, what):
    same = sum(peer(t)["input_ids"] == i for t, i in zip(texts, ids))
    print(f"texts: {same} of {len(texts)} have the tokens {what}", flush=True)


def main():
    file, dir_, texts = sys.argv[1:]
    with open(texts) as f:
        texts = json.load(f)
    gguf = dict(gguf_file=os.path.basename(file))
    where = os.path.dirname(file) or "."
    dtype = hf.AutoConfig.from_pretrained(dir_).dtype
    ours = hf.AutoModelForCausalLM.from_pretrained(dir_, dtype=dtype).eval()
    theirs = hf.AutoModelForCausalLM.from_pretrained(
        where, dtype=dtype, **gguf).eval()
    a, b = ours.state_dict(), theirs.state_dict()
    same = [k for k in a if k in b and torch.equal(a[k], b[k])]
    print(f"tensors: {len(same)} of {len(a)} and {len(b)} have the same bits",
          flush=True)
    tok = hf.AutoTokenizer.from_pretrained(dir_)
    ids = [tok(t)["input_ids"] for t in texts]
    x = torch.tensor([ids[0][:64]])
    with torch.inference_mode():
        print("logits: the same bits" if
              torch.equal(ours(x).logits, theirs(x).logits)
              else "logits: DIFFERENT", flush=True)
    back = sum(tok.decode(i, clean_up_tokenization_spaces=False) == t
               for i, t in zip(ids, texts))
    print(f"texts: {back} of {len(texts)} come back", flush=True)
    peer = hf.AutoTokenizer.from_pretrained(where, **gguf)
    say_tokens(texts, ids, peer, "of transformers' tokenizer")
    peer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True),
        pre_tokenizers.ByteLevel(add_prefix_space=False)])
    say_tokens(texts, ids, peer, "of the same once it cuts off digits")


if __name__ == "__main__":
    main()
