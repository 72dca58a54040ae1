"""hard.py - hard random strings for a tokenizer, a function of a seed

All planes, combining marks in and out of order, decomposed accents, Hangul
jamo, control characters, all kinds of white space, contractions, long runs,
and the tokenizer's added tokens whole and cut.
"""
import random
import unicodedata

MARKS = [c for c in range(0x110000) if unicodedata.category(chr(c))[0] == "M"]
SPACES = " \t\n\r\u00a0\u2003\u3000\u0085\u2028\u180e\u200b\x0b\x0c\x1c"
TAILS = ["'s", "'S", "'t", "'re", "'RE", "'ll", "'Ve", "'d", "'M", "'\u017f",
         "'x", " '", "''"]
WORDS = ["the", "hello", " world", "\\frac", "{", "}", "$x$", "\\boxed",
         "\u00e9", " \u4f60\u597d", "\u0120", "\u0120\u010a", "coins", " 7+3="]
RUNS = [" ", "\n", " \n", "\r\n", "\t", " \t\n ", "=", "-", "\u4e2d"]


def pools(r, added):
    def upto(lo, hi):
        return lambda: chr(r.randrange(lo, hi))
    return [
        upto(32, 127), upto(0, 128), lambda: r.choice(SPACES),
        upto(0x80, 0x250), upto(0x300, 0x370), upto(0x400, 0x530),
        upto(0x370, 0x3000), upto(0x3000, 0xd800), upto(0xe000, 0x10000),
        upto(0x10000, 0x20000), upto(0x20000, 0x110000),
        upto(0x1100, 0x1200), upto(0xac00, 0xd7a4),
        lambda: r.choice("aeiouAEIOUcnsy") + r.choice(
            "\u0300\u0301\u0302\u0303\u0308\u030c\u0327\u0328\u0338\u0345"),
        lambda: chr(r.choice(MARKS)), lambda: r.choice(TAILS),
        lambda: r.choice(added),
        lambda: (lambda a: a[:r.randrange(len(a) + 1)])(r.choice(added)),
        lambda: r.choice("0123456789\u0663\u216b\u00bd\u4e00"),
        lambda: r.choice("abcdefghij ") * r.choice([1, 2, 3, 30, 200]),
        lambda: r.choice(RUNS) * r.randrange(1, 40),
        lambda: r.choice(WORDS)]


def strings(seed, n, added, lengths=(1, 2, 3, 5, 8, 13, 30, 60)):
    r = random.Random(seed)
    all_pools = pools(r, added)
    for _ in range(n):
        mine = [r.choice(all_pools) for _ in range(r.randrange(1, 5))]
        yield "".join(r.choice(mine)() for _ in range(r.choice(lengths)))
