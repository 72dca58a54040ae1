"""humaneval_dress.py - HumanEval's canonical solutions in every dress

    humaneval_dress.py HUMANEVAL EVERY >records

Each solution in every EVERY-th dress (1: in all), beginning with another
dress for each task. A record says in "want" whether it is right; "dress" is
its name.
"""
import json
import sys

PROSE = "This works because it's checked (see above), e.g. for `x = 1`:\n"


def indented(text, by="   "):
    return "".join(by + line if line.strip() else line
                   for line in text.splitlines(True))


def fence(text, mark="```", word="python"):
    return "%s%s\n%s\n%s\n" % (mark, word, text.rstrip("\n"), mark)


def dresses(row):
    """(name, response, right)"""
    prompt, body = row["prompt"], row["canonical_solution"]
    name = row["entry_point"]
    whole = prompt + body
    at = prompt.index("def %s(" % name)
    before, function = prompt[:at], prompt[at:] + body
    wrong = prompt[at:] + "    pass\n"
    wrong_def = "def %s(*args, **kw):\n    return 'wrong'\n" % name
    string = 'TEXT = """\nprint(1)\nassert False\n"""\n'
    yield "completion", body, True
    yield "completion, prose", body + "\n\n" + PROSE, True
    yield "completion, end mark", body.rstrip("\n") + "<|im_end|>\n", True
    yield "completion, main", body + "\nif __name__ == '__main__':\n" \
        "    print(%s(input()))\n" % name, True
    yield "completion, fence", body + "```\n\n" + PROSE, True
    yield "completion, helper behind a print", \
        body + "\nprint('so')\n\ndef more():\n    return 1\n", True
    yield "fenced", "Here it is:\n\n" + fence(whole) + PROSE, True
    yield "fenced, print", fence(whole + "\nprint(%s)\n" % name), True
    yield "fenced, function alone", fence(function), True
    yield "fenced, no word", fence(whole, word=""), True
    yield "fenced, four", fence(whole, "````"), True
    yield "tildes", fence(whole, "~~~"), True
    yield "indented", "1. The function:\n\n" + indented(fence(whole)), True
    yield "item", "- " + indented(fence(whole), "  ").lstrip(), True
    yield "quoted", indented(fence(whole), "> ").replace("\n\n", "\n>\n"), True
    yield "byte order mark", "\ufeff" + whole, True
    yield "byte order mark, fenced", "\ufeff" + fence(whole), True
    yield "CRLF", fence(whole).replace("\n", "\r\n"), True
    yield "not closed", "```python\n" + whole, True
    yield "not closed, end mark", "```python\n" + whole + "<|endoftext|>", True
    yield "not closed, prose", "```python\n" + whole + "\n" + PROSE, True
    yield "unfenced, prose", "Here's the answer.\n\n" + whole + "\n" + PROSE, \
        True
    yield "unfenced, end mark", whole + "</s>", True
    yield "unfenced, usage", whole + "\n%s\n\n[DONE]\n" % name, True
    yield "unfenced, indented", "So:\n\n" + indented(whole, "    ") + \
        "\nDone\n", True
    yield "unfenced, quoted", indented(whole, "> "), True
    yield "print in a string", fence(string + whole), True
    yield "print in a string, unfenced", string + whole, True
    yield "print before a helper", fence(
        before + "print('helpers')\nassert True\n\n" + function), True
    again = "\n_%s = %s\n\n\ndef %s(*a):\n    more()\n    return _%s(*a)\n" % (
        name, name, name, name)
    more = "\n\ndef more():\n    return 1\n"
    yield "helper behind a print", fence(whole + again + "\nprint(1)\n" +
                                         more), True
    yield "helper behind an assertion", whole + again + "\nassert 1\n" + more, \
        True
    yield "print in a string behind it", fence(whole + again + "\n" + string +
                                               more), True
    yield "in two blocks", fence("import os\nLIMIT = 10\n" + before) + \
        "and\n" + fence("def first_of_all():\n    return LIMIT\n") + "then\n" + \
        fence("assert first_of_all() == 10\nN = first_of_all()\n" + function +
              "\nTWICE = N + LIMIT\n"), True
    yield "usage block", fence(whole) + "Use:\n" + fence(
        "print(%s(*[]))\n" % name), True
    yield "corrected", fence(wrong_def) + "Wait, no.\n" + fence(whole), True
    yield "thinking", "<think>\n" + fence(wrong_def) + "</think>\n" + \
        fence(whole), True
    yield "spoiled last", fence(whole) + "Better:\n" + fence(wrong_def), False
    yield "unfenced, wrong", "Here's the answer.\n\n" + wrong + "\n" + PROSE, \
        False
    yield "fenced, no Python", fence(whole + "\n" + PROSE), False
    yield "completion, wrong", "    return 'wrong'\n\n" + PROSE, False


def main():
    every = int(sys.argv[2])
    with open(sys.argv[1], encoding="utf-8") as f:
        rows = [json.loads(line) for line in f]
    for i, row in enumerate(rows):
        for k, (dress, response, right) in enumerate(dresses(row)):
            if (i + k) % every == 0:
                out = {key: row[key] for key in (
                    "prompt", "answer", "verifier", "entry_point", "test")}
                out.update(id="%s/%s" % (row["id"], dress), dress=dress,
                           response=response, want=right)
                print(json.dumps(out, ensure_ascii=False))


main()
