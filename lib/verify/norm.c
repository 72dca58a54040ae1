/* norm - see norm.h */
#include "norm.h"
#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include "../base/utf8.h"

struct text text_of(const char *s, size_t n)
{
    struct text t = {s, n};
    return t;
}

struct text text_trim(struct text t)
{
    while (t.n && isspace((unsigned char)t.s[0]))
        t.s++, t.n--;
    while (t.n && isspace((unsigned char)t.s[t.n - 1]))
        t.n--;
    return t;
}

struct text text_bare(struct text t)
{
    t = text_trim(t);
    while (t.n > 4 && !memcmp(t.s, "**", 2) && !memcmp(t.s + t.n - 2, "**", 2))
        t = text_trim(text_of(t.s + 2, t.n - 4));
    return t;
}

int text_is(struct text t, const char *s)
{
    return t.n == strlen(s) && !memcmp(t.s, s, t.n);
}

int text_starts(struct text t, size_t at, const char *s)
{
    for (; *s; s++, at++)
        if (at >= t.n || t.s[at] != *s)
            return 0;
    return at <= t.n;
}

int text_starts_nocase(struct text t, size_t at, const char *s)
{
    for (; *s; s++, at++)
        if (at >= t.n ||
            tolower((unsigned char)t.s[at]) != tolower((unsigned char)*s))
            return 0;
    return at <= t.n;
}

size_t text_at(struct text t, size_t at, const char *phrases)
{
    for (const char *p = phrases; *p; p += *p == '|') {
        size_t i = at;
        while (*p && *p != '|' && i < t.n &&
               tolower((unsigned char)t.s[i]) == tolower((unsigned char)*p))
            i++, p++;
        if ((!*p || *p == '|') && i > at &&
            !(isalpha((unsigned char)p[-1]) && i < t.n &&
              isalpha((unsigned char)t.s[i])))
            return i - at;
        while (*p && *p != '|')
            p++;
    }
    return 0;
}

int text_in(struct text t, const char *words)
{
    for (const char *p = words; *p; p += *p == '|') {
        const char *q = p;
        p = strchrnul(p, '|');
        if ((size_t)(p - q) == t.n && !memcmp(q, t.s, t.n))
            return 1;
    }
    return 0;
}

/* Sorted by code point, for a binary search. */
struct fold {
    uint32_t cp;
    const char *to;
};

static const struct fold folds[] = {
    {0xA0, " "},
    {0xA2, " cents "},
    {0xA3, "\\pounds "},
    {0xA5, "\\yen "},
    {0xAC, "\\neg "},
    {0xAD, ""},
    {0xB0, "^{\\circ}"},
    {0xB1, "\\pm "},
    {0xB2, "^{2}"},
    {0xB3, "^{3}"},
    {0xB4, "'"},
    {0xB7, "\\cdot "},
    {0xB9, "^{1}"},
    {0xBC, "\\frac{1}{4}"},
    {0xBD, "\\frac{1}{2}"},
    {0xBE, "\\frac{3}{4}"},
    {0xD7, "\\times "},
    {0xF7, "\\div "},
    {0x393, "\\Gamma "},
    {0x394, "\\Delta "},
    {0x398, "\\Theta "},
    {0x39B, "\\Lambda "},
    {0x39E, "\\Xi "},
    {0x3A0, "\\Pi "},
    {0x3A3, "\\Sigma "},
    {0x3A6, "\\Phi "},
    {0x3A8, "\\Psi "},
    {0x3A9, "\\Omega "},
    {0x3B1, "\\alpha "},
    {0x3B2, "\\beta "},
    {0x3B3, "\\gamma "},
    {0x3B4, "\\delta "},
    {0x3B5, "\\epsilon "},
    {0x3B6, "\\zeta "},
    {0x3B7, "\\eta "},
    {0x3B8, "\\theta "},
    {0x3B9, "\\iota "},
    {0x3BA, "\\kappa "},
    {0x3BB, "\\lambda "},
    {0x3BC, "\\mu "},
    {0x3BD, "\\nu "},
    {0x3BE, "\\xi "},
    {0x3C0, "\\pi "},
    {0x3C1, "\\rho "},
    {0x3C3, "\\sigma "},
    {0x3C4, "\\tau "},
    {0x3C6, "\\phi "},
    {0x3C7, "\\chi "},
    {0x3C8, "\\psi "},
    {0x3C9, "\\omega "},
    {0x3D5, "\\phi "},
    {0x60C, ","},
    {0x66A, "%"},
    {0x66B, "."},
    {0x66C, ","},
    {0x200B, ""},
    {0x200C, ""},
    {0x200D, ""},
    {0x200E, ""},
    {0x200F, ""},
    {0x2010, "-"},
    {0x2011, "-"},
    {0x2012, "-"},
    {0x2013, "-"},
    {0x2014, "-"},
    {0x2015, "-"},
    {0x2018, "'"},
    {0x2019, "'"},
    {0x201C, "\""},
    {0x201D, "\""},
    {0x2022, "\\cdot "},
    {0x2026, "\\ldots "},
    {0x2028, "\n"},
    {0x2029, "\n"},
    {0x202F, " "},
    {0x2032, "'"},
    {0x2033, "''"},
    {0x2044, "/"},
    {0x205F, " "},
    {0x2060, ""},
    {0x2061, ""},
    {0x2062, ""},
    {0x20A9, "\\won "},
    {0x20AC, "\\euro "},
    {0x20B9, "\\rupee "},
    {0x2102, "\\mathbb{C}"},
    {0x2103, "^{\\circ}C"},
    {0x2109, "^{\\circ}F"},
    {0x2115, "\\mathbb{N}"},
    {0x211A, "\\mathbb{Q}"},
    {0x211D, "\\mathbb{R}"},
    {0x2124, "\\mathbb{Z}"},
    {0x2150, "\\frac{1}{7}"},
    {0x2151, "\\frac{1}{9}"},
    {0x2152, "\\frac{1}{10}"},
    {0x2153, "\\frac{1}{3}"},
    {0x2154, "\\frac{2}{3}"},
    {0x2155, "\\frac{1}{5}"},
    {0x2156, "\\frac{2}{5}"},
    {0x2157, "\\frac{3}{5}"},
    {0x2158, "\\frac{4}{5}"},
    {0x2159, "\\frac{1}{6}"},
    {0x215A, "\\frac{5}{6}"},
    {0x215B, "\\frac{1}{8}"},
    {0x215C, "\\frac{3}{8}"},
    {0x215D, "\\frac{5}{8}"},
    {0x215E, "\\frac{7}{8}"},
    {0x2192, "\\to "},
    {0x21D2, "\\Rightarrow "},
    {0x2200, "\\forall "},
    {0x2205, "\\emptyset "},
    {0x2206, "\\Delta "},
    {0x2208, "\\in "},
    {0x2211, "\\sum "},
    {0x2212, "-"},
    {0x2215, "/"},
    {0x2216, "\\setminus "},
    {0x2217, "*"},
    {0x2219, "\\cdot "},
    {0x221A, "\\sqrt "},
    {0x221B, "\\sqrt[3]"},
    {0x221C, "\\sqrt[4]"},
    {0x221E, "\\infty "},
    {0x2220, "\\angle "},
    {0x2227, "\\wedge "},
    {0x2228, "\\vee "},
    {0x2229, "\\cap "},
    {0x222A, "\\cup "},
    {0x222B, "\\int "},
    {0x2236, ":"},
    {0x2248, "\\approx "},
    {0x2260, "\\neq "},
    {0x2261, "\\equiv "},
    {0x2264, "\\leq "},
    {0x2265, "\\geq "},
    {0x2266, "\\leq "},
    {0x2267, "\\geq "},
    {0x2282, "\\subset "},
    {0x22C5, "\\cdot "},
    {0x22C6, "*"},
    {0x2308, "\\lceil "},
    {0x2309, "\\rceil "},
    {0x230A, "\\lfloor "},
    {0x230B, "\\rfloor "},
    {0x27E8, "\\langle "},
    {0x27E9, "\\rangle "},
    {0x2A7D, "\\leq "},
    {0x2A7E, "\\geq "},
    {0x3000, " "},
    {0x3001, ","},
    {0x3002, ". "},
    {0x3010, "["},
    {0x3011, "]"},
    {0xFEFF, ""},
    {0xFF5E, "~"},
    {0xFFE1, "\\pounds "},
    {0xFFE5, "\\yen "},
};

static const char *fold_of(uint32_t cp)
{
    size_t lo = 0, hi = sizeof folds / sizeof folds[0];

    if ((cp >= 0x2000 && cp <= 0x200A) || cp == 0x1680)
        return " ";

    while (lo < hi) {
        size_t mid = (lo + hi) / 2;
        if (folds[mid].cp == cp)
            return folds[mid].to;
        if (folds[mid].cp < cp)
            lo = mid + 1;
        else
            hi = mid;
    }
    return NULL;
}

/* A run of digits of another script, or of super- or subscripts. */
static int digit_of(uint32_t cp, char *out)
{
    /* Arabic, Persian, Devanagari, Bengali, Gujarati, Tamil, Telugu,
     * Kannada, Thai, full-width */
    static const uint32_t zero[] = {0x660, 0x6F0, 0x966, 0x9E6, 0xAE6,
                                    0xBE6, 0xC66, 0xCE6, 0xE50, 0xFF10};

    for (size_t i = 0; i < sizeof zero / sizeof zero[0]; i++) {
        if (cp >= zero[i] && cp < zero[i] + 10) {
            *out = (char)('0' + (cp - zero[i]));
            return 1;
        }
    }
    if (cp > 0xFF00 && cp < 0xFF5F) { /* full-width ASCII */
        *out = (char)(cp - 0xFEE0);
        return 1;
    }
    if (cp >= 0x1D400 && cp < 0x1D6A4) { /* mathematical letters */
        uint32_t k = (cp - 0x1D400) % 52;
        *out = (char)(k < 26 ? 'A' + k : 'a' + k - 26);
        return 1;
    }
    if (cp >= 0x1D7CE && cp < 0x1D800) {
        *out = (char)('0' + (cp - 0x1D7CE) % 10);
        return 1;
    }
    return 0;
}

static int script_of(uint32_t cp, int *sub)
{
    static const char after[] = "+-=()n";

    *sub = cp >= 0x2080 && cp <= 0x208E;
    if (cp == 0xB9 || cp == 0xB2 || cp == 0xB3)
        return cp == 0xB9 ? '1' : cp == 0xB2 ? '2' : '3';
    if (cp == 0x2070 || (cp >= 0x2074 && cp <= 0x2079))
        return (int)('0' + (cp - 0x2070));
    if (cp >= 0x207A && cp <= 0x207F)
        return after[cp - 0x207A];
    if (cp >= 0x2080 && cp <= 0x2089)
        return (int)('0' + (cp - 0x2080));
    if (cp >= 0x208A && cp <= 0x208E)
        return after[cp - 0x208A];
    return 0;
}

struct text norm_unicode(struct arena *a, const char *s, size_t n)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t ascii = 0, o = 0;
    int script = 0; /* 1 in a superscript, 2 in a subscript */

    while (ascii < n && u[ascii] && u[ascii] < 0x80)
        ascii++;
    if (ascii == n)
        return text_of(arena_strndup(a, s, n), n);
    char *out = arena_alloc(a, n * 8 + 16); /* no fold is over 8 for 2 */
    for (size_t i = 0; i < n;) {
        uint32_t cp;
        size_t k = (size_t)utf8_get(u + i, u + n, &cp, NULL);
        int sub, c;
        const char *to;

        if (!k || !cp) {
            i++;
            continue;
        }
        c = script_of(cp, &sub);
        if (script && script != (c ? sub + 1 : 0)) {
            out[o++] = '}';
            script = 0;
        }
        if (c) {
            if (!script) {
                out[o++] = sub ? '_' : '^';
                out[o++] = '{';
                script = sub + 1;
            }
            out[o++] = (char)c;
        } else if (k == 1) {
            out[o++] = (char)cp;
        } else if (digit_of(cp, out + o)) {
            o++;
        } else if ((to = fold_of(cp))) {
            size_t m = strlen(to);
            memcpy(out + o, to, m);
            o += m;
        } else {
            memcpy(out + o, s + i, k);
            o += k;
        }
        i += k;
    }
    if (script)
        out[o++] = '}';
    out[o] = 0;
    return text_of(out, o);
}
