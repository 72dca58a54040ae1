"""make_rendered.py - conversations as transformers' apply_chat_template has them

usage: python3 tests/golden/chat/make_rendered.py > tests/golden/chat/rendered.jsonl

A line: template (NAME.jinja), tokens (bos_token and others), args (variables
given to the template), messages, and either text and generate, without and
with the beginning of an answer, or error, what the template raised. Where the
conversation ends with the user's turn: shape, a tokenizer of
tests/golden/tok, and ids, the tokens of generate.
"""
import datetime
import json
import os
import sys
import jinja2
from tokenizers import Tokenizer
from transformers import PreTrainedTokenizerFast
from transformers.utils import chat_template_utils

HERE = os.path.dirname(os.path.abspath(__file__))
TOK = os.path.join(HERE, "..", "tok")
IM = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
LLAMA = {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"}
DEEP = {"bos_token": "<\uff5cbegin\u2581of\u2581sentence\uff5c>",
        "eos_token": "<\uff5cend\u2581of\u2581sentence\uff5c>"}
MISTRAL = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}
# template, shape, tokens, arguments
CASES = [("qwen2.5", "qwen3", IM, {}), ("qwen2.5-math", "qwen3", IM, {}),
         ("qwen3", "qwen3", IM, {}),
         ("qwen3", "qwen3", IM, {"enable_thinking": False}),
         ("qwen3", "qwen3", IM, {"enable_thinking": True}),
         ("smollm2", "smollm2", IM, {}),
         ("deepseek-r1-distill", "deepseek", DEEP, {}),
         ("mistral-nemo", "tekken", MISTRAL, {}),
         ("llama3-like", "llama3", LLAMA, {}),
         ("llama3.1-like", "llama3", LLAMA, {}),
         ("llama3.1-like", "llama3", LLAMA, {"day": "1 April 2030"}),
         ("constructs", "llama3", LLAMA, {}),
         ("constructs", "llama3", LLAMA,
          {"level": 3, "deep": {"er": [0, {"x": "y"}]}})]


def turn(role, content):
    return {"role": role, "content": content}


SYSTEM = turn("system", "Be brief. \u4f60\u597d <b>&\"'")
USER = turn("user", "What is $\\frac{1}{2}+1$?\n")
ANSWER = turn("assistant", "\\boxed{\\frac32}")
THOUGHT = turn("assistant", "<think>\nWe add.\nTwice.\n</think>\n\nIt is 3/2.")
NEXT = turn("user", "And twice that?")
TALKS = [[USER], [SYSTEM, USER], [USER, ANSWER, NEXT], [USER, THOUGHT, NEXT],
         [SYSTEM, USER, ANSWER], [SYSTEM, USER, THOUGHT, NEXT],
         [SYSTEM, USER, ANSWER, NEXT, THOUGHT, USER],
         [turn("user", "")], [turn("user", "  leading, trailing \n\n")],
         [turn("user", "e\u0301 'quoted' \\n {{x}} {% y %} {# z #} <|nope|>")],
         [turn("system", ""), turn("user", "0"), turn("assistant", ""), NEXT],
         [USER, NEXT], [USER, SYSTEM, NEXT]]


class Fixed(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2024, 7, 26)


def main():
    chat_template_utils.datetime = Fixed
    for name, shape, tokens, args in CASES:
        template = open(f"{HERE}/{name}.jinja", encoding="utf-8",
                        newline="").read()
        tok = PreTrainedTokenizerFast(
            tokenizer_object=Tokenizer.from_file(f"{TOK}/{shape}.json"),
            **tokens)
        for messages in TALKS:
            row = {"template": name, "shape": shape, "tokens": tokens,
                   "args": args, "messages": messages}
            ask = dict(chat_template=template, **args)
            try:
                for key, generate in (("text", False), ("generate", True)):
                    row[key] = tok.apply_chat_template(
                        messages, tokenize=False,
                        add_generation_prompt=generate, **ask)
                if messages[-1]["role"] == "user":
                    row["ids"] = tok.apply_chat_template(
                        messages, tokenize=True, return_dict=False,
                        add_generation_prompt=True, **ask)
            except jinja2.TemplateError as e:
                row["error"] = str(e)
            print(json.dumps(row, separators=(",", ":")))


sys.exit(main())
