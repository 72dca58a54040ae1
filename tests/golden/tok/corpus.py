"""corpus.py - a few kilobytes of many kinds of text, for training tokenizers

English, mathematics, code, other scripts, white space and numbers: enough for
merges of every kind that the patterns of today's tokenizers tell apart.
"""
import random

LINES = [
    "The coins are in three piles, and each pile has seven coins.",
    "How many coins does she have in all? Let's count them step by step.",
    "We're told that it isn't more than 2,048; they'd say it's 1,024.",
    "HowMany AND WHY, iPhone XMLHttpRequest parseHTMLDocument CamelCase",
    "I'LL GO, You'Ve SEEN, THEY'RE, Don't, we'd, I'M, she's",
    "$\\frac{1}{2} + \\frac{3}{4} = \\boxed{\\frac{5}{4}}$ and $x^2 - 1 = 0$.",
    "\\begin{align} a &= b + c \\\\ d &\\le e \\end{align}",
    "def main(argc, argv):\n    for i in range(10):\n        print(i)\n",
    "\tif (x != NULL && *x == '\\0')\n\t\treturn -1;\n\n\n",
    "https://example.org/a/b?c=d&e=f#g /usr/lib/x86_64 //comment/**/",
    "Caf\u00e9, na\u00efve, \u00c5ngstr\u00f6m, Stra\u00dfe, fran\u00e7ais, se\u00f1or, \u0141\u00f3d\u017a",
    "e\u0301 a\u0308 o\u0302 n\u0303 combining and \u00e9 \u00e4 \u00f4 \u00f1 composed",
    "\u041f\u0440\u0438\u0432\u0435\u0442, \u043a\u0430\u043a \u0434\u0435\u043b\u0430? \u0421\u043f\u0430\u0441\u0438\u0431\u043e, \u0445\u043e\u0440\u043e\u0448\u043e.",
    "\u4f60\u597d\uff0c\u4e16\u754c\u3002\u4eca\u5929\u6211\u4eec\u6765\u7b97\u4e00\u9053\u6570\u5b66\u9898\uff1a\u4e00\u52a0\u4e00\u7b49\u4e8e\u4e8c\u3002",
    "\u3053\u3093\u306b\u3061\u306f\u4e16\u754c\u3001\u30ab\u30bf\u30ab\u30ca\u3068\u3072\u3089\u304c\u306a\u3002",
    "\uc548\ub155\ud558\uc138\uc694 \uc138\uacc4, \uc624\ub298\uc740 \uc218\ud559 \ubb38\uc81c\ub97c \ud478\uc2e0\ub2e4.",
    "\u0645\u0631\u062d\u0628\u0627 \u0628\u0627\u0644\u0639\u0627\u0644\u0645 \u0661\u0662\u0663 \u0928\u092e\u0938\u094d\u0924\u0947 \u0926\u0941\u0928\u093f\u092f\u093e \u0967\u0968\u0969",
    "\U0001f600 \U0001f44d\U0001f3fd \u2764\ufe0f \u2211 \u222b \u221e \u2264 \u2192 \u00b1 \u00bd \u2163 \u00b2",
    "1 22 333 4444 55555 666666 7777777 3.14159 2.718e-10 1/2 50% $9.99",
    "  two    four        eight\n \n  \n\t\t \r\n\r\n   end   ",
    "<b>bold</b> {\"key\": [1, 2, 3]} ---- ==== **** !!! ??? ... ;;",
]


def corpus(seed=1, n=400):
    r = random.Random(seed)
    words = [w for line in LINES for w in line.split(" ") if w]
    yield from LINES
    for _ in range(n):
        line = r.choice(LINES)
        at = r.randrange(len(line))
        yield line[at:] + " ".join(r.choice(words)
                                   for _ in range(r.randrange(8)))
        yield str(r.randrange(10 ** r.randrange(1, 9)))
