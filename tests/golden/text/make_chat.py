"""make_chat.py - conversations as transformers' apply_chat_template has them

usage: python3 tests/golden/text/make_chat.py QWEN2_DIR > tests/golden/text/chat.jsonl

QWEN2_DIR holds Qwen2.5-Math's tokenizer.json and tokenizer_config.json. Each
line has a chat template, a conversation, and the text that transformers makes
of it, with and without the beginning of an answer.
"""
import json
import sys
from transformers import AutoTokenizer

MATH = "Please reason step by step, and put your final answer within \\\\boxed{}."
CHATML = ("{% for message in messages %}@{{'<|im_start|>' + message['role'] + "
          "'\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}"
          "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}"
          "{% endif %}")
FIRST = ("{% if loop.first and messages[0]['role'] != 'system' %}{{ "
         "'<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}"
         "{% endif %}")
USER = {"role": "user", "content": "What is $\\frac{1}{2}+1$?\n"}
SYSTEM = {"role": "system", "content": "Be brief. \u4f60\u597d"}
ANSWER = {"role": "assistant", "content": "\\boxed{\\frac32}"}
TALKS = [[USER], [SYSTEM, USER], [USER, ANSWER, USER],
         [SYSTEM, USER, ANSWER], [USER, SYSTEM, USER],
         [{"role": "user", "content": ""}],
         [{"role": "user", "content": "  leading, trailing \n\n"}],
         [{"role": "user", "content": "e\u0301 'quoted' \\n {{x}} {prompt}"}]]


def main():
    tok = AutoTokenizer.from_pretrained(sys.argv[1])
    math = json.load(open(sys.argv[1] + "/tokenizer_config.json"))[
        "chat_template"]
    qwen = math.replace(MATH, "You are Qwen, created by Alibaba Cloud. You "
                              "are a helpful assistant.")
    assert qwen != math
    names = {"qwen2.5-math": math, "qwen2.5": qwen,
             "qwen2.5-quotes": math.replace(MATH, "It\\'s \\\"so\\\".\\nYes."),
             "qwen2": CHATML.replace("@", FIRST),
             "chatml": CHATML.replace("@", "")}
    for name in ("qwen2", "chatml"):  # a line end inside of the literals
        names[name + "-newline"] = names[name].replace("\\n", "\n")
    for name, jinja in names.items():
        for i, talk in enumerate(TALKS):
            row = {"name": name, "messages": talk}
            if i == 0:
                row["jinja"] = jinja
            for key, gen in (("text", False), ("generate", True)):
                row[key] = tok.apply_chat_template(
                    talk, chat_template=jinja, tokenize=False,
                    add_generation_prompt=gen)
            print(json.dumps(row, ensure_ascii=False))


main()
