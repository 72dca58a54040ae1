"""make_unicode.py - write lib/text/uniprop_data.h from Hugging Face tokenizers

The character classes of a tokenizer.json regex and the NFC of its normalizer
mean what the Hugging Face library means by them: its regex engine and its
normalizer carry Unicode tables of their own, of different versions; so do its
Digits and its whole-word added tokens. So the tables are read out of the
library itself, character by character, and not out of a Unicode release.

usage: python3 tests/golden/text/make_unicode.py > lib/text/uniprop_data.h
"""
import sys
import unicodedata
import tokenizers
from tokenizers import (AddedToken, Regex, Tokenizer, models, normalizers,
                        pre_tokenizers)

CPS = [c for c in range(1, 0x110000) if not 0xD800 <= c < 0xE000]
CATEGORIES = ["L", "N", "M", "Lu", "Ll", "Lt", "Lm", "Lo", "P", "S"]


def ranges(cps):
    out = []
    for c in sorted(cps):
        if out and out[-1][1] == c - 1:
            out[-1][1] = c
        else:
            out.append([c, c])
    return out


def members(regex):
    """Code points that the library's regex class matches."""
    split = pre_tokenizers.Split(Regex(regex), "removed")
    got = set()
    for i in range(0, len(CPS), 4096):
        text = "".join(map(chr, CPS[i:i + 4096]))
        kept = set("".join(p for p, _ in split.pre_tokenize_str(text)))
        got.update(ord(c) for c in text if c not in kept)
    return got


def numeric():
    """Code points that Digits cuts out."""
    digits = pre_tokenizers.Digits().pre_tokenize_str
    return {c for c in CPS if len(digits("a" + chr(c))) == 2}


def word():
    """Code points beside which an added token is no single word."""
    tok = Tokenizer(models.BPE(vocab={"a": 0}, merges=[]))
    tok.add_tokens([AddedToken("zz", single_word=True)])
    return {c for c in CPS if 1 not in tok.encode("zz" + chr(c)).ids}


def emit(name, cps):
    r = ranges(cps)
    print(f"\nstatic const uint32_t {name}[] = {{")
    line = "   "
    for lo, hi in r:
        item = f" 0x{lo:x}, 0x{hi:x},"
        if len(line) + len(item) > 78:
            print(line)
            line = "   "
        line += item
    if r:
        print(line)
    print("    0, 0\n};")


def main():
    nfc = normalizers.NFC().normalize_str
    # canonical combining class as the library has it: does the mark move
    # before one of a higher class, or behind one of a lower class?
    ccc = {c for c in CPS
           if nfc(f"q{chr(c)}\u0334") != f"q{chr(c)}\u0334"
           or nfc(f"q\u0345{chr(c)}") != f"q\u0345{chr(c)}"
           and unicodedata.combining(chr(c))}
    # not (quick-check "yes"): changed alone, or able to join with what is
    # before it
    qc = {c for c in CPS if nfc(chr(c)) != chr(c)}
    qc |= set(range(0x1161, 0x1176)) | set(range(0x11A8, 0x11C3))
    for c in CPS:
        d = unicodedata.decomposition(chr(c)).split()
        if len(d) == 2 and not d[0].startswith("<"):
            a, b = int(d[0], 16), int(d[1], 16)
            if nfc(chr(a) + chr(b)) == chr(c):
                qc.add(b)
    print("/* uniprop_data - character classes, as Hugging Face tokenizers "
          f"{tokenizers.__version__}\n * has them; written by "
          "tests/golden/text/make_unicode.py\n *\n * Pairs (first, last), "
          "closed by 0, 0. more_X: what that library's \\p{X} holds\n"
          f" * beyond Unicode {unicodedata.unidata_version}.\n */")
    sets = {k: members(r"\p{%s}" % k) for k in CATEGORIES}
    emit("uni_letter", sets["L"])
    emit("uni_number", sets["N"])
    emit("uni_space", members(r"\s"))
    emit("uni_nfc_unsafe", qc)
    emit("uni_combining", ccc)
    emit("uni_numeric", numeric())
    emit("uni_word", word())
    emit("uni_upper", sets["Lu"] | sets["Lt"])
    emit("uni_lower", sets["Ll"])
    emit("uni_mark", sets["M"])
    emit("uni_punct", sets["P"] | sets["S"])
    for k in CATEGORIES:
        old = {c for c in CPS if unicodedata.category(chr(c)).startswith(k)}
        lost = old - sets[k]
        if lost:
            print(f"{k}: lost {[hex(c) for c in sorted(lost)]}",
                  file=sys.stderr)
        emit("more_" + k, sets[k] - old)


main()
