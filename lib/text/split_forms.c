/* split_forms - well-known patterns, cut by hand-written code */
#include "split_forms.h"
#include <limits.h>
#include <string.h>
#include "uniprop.h"
#include "../base/utf8.h"

#define TAIL "|\\s+(?!\\S)|\\s+"
#define CONTRACTION "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
#define CL100K(digits)                                                         \
    CONTRACTION "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" digits                       \
                "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+" TAIL
#define UPPER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define LOWER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define O200K(contraction, digits)                                             \
    "[^\\r\\n\\p{L}\\p{N}]?" UPPER "*" LOWER "+" contraction                   \
    "|[^\\r\\n\\p{L}\\p{N}]?" UPPER "+" LOWER "*" contraction "|" digits       \
    "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+" TAIL

const char split_gpt2[] = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+|"
                          " ?[^\\s\\p{L}\\p{N}]+" TAIL;

/* Flags of the character at p, its length in *k; 0 and *k = 0 at the end. */
static inline unsigned at(const uint16_t *prop, const unsigned char *p,
                          const unsigned char *end, int *k)
{
    uint32_t c;

    if (p >= end) {
        *k = 0;
        return 0;
    }
    *k = utf8_next(p, &c);
    return prop[c];
}

/* Past all characters that have one of the flags (or none of them). */
static const unsigned char *run(const uint16_t *prop, const unsigned char *p,
                                const unsigned char *end, unsigned flags,
                                int none)
{
    while (p < end) {
        uint32_t c;
        int k = utf8_next(p, &c);

        if ((none != 0) == ((prop[c] & flags) != 0))
            break;
        p += k;
    }
    return p;
}

/* Past the numbers at p, which one has gone before, to `most` in all. */
static const unsigned char *digits(const uint16_t *prop, const unsigned char *p,
                                   const unsigned char *end, unsigned flag,
                                   int most)
{
    int k;

    for (int i = 1; i < most && at(prop, p, end, &k) & flag; i++)
        p += k;
    return p;
}

/* 's 't 're 've 'm 'll 'd behind an apostrophe: bytes, or 0. fold: any case;
 * then U+017F, the long s, is an s too. */
static int contraction(const unsigned char *p, const unsigned char *end,
                       int fold)
{
    unsigned c, d;

    if (p + 1 >= end)
        return 0;
    c = p[1];
    d = p + 2 < end ? p[2] : 0;
    if (fold) {
        if (c == 0xc5 && d == 0xbf)
            return 3;
        if (c - 'A' < 26)
            c |= 32;
        if (d - 'A' < 26)
            d |= 32;
    }
    if (c == 's' || c == 't' || c == 'm' || c == 'd')
        return 2;
    if ((c == 'r' || c == 'v') && d == 'e')
        return 3;
    return c == 'l' && d == 'l' ? 3 : 0;
}

/* \s*[\r\n]+ (when newlines), then \s+(?!\S), then \s+ */
static const unsigned char *spaces(const uint16_t *prop, const unsigned char *p,
                                   const unsigned char *end, int newlines)
{
    const unsigned char *q = p, *last = p, *newline = NULL;
    int k;

    while (q < end && at(prop, q, end, &k) & UNI_SPACE) {
        if (*q == '\r' || *q == '\n')
            newline = q;
        last = q;
        q += k;
    }
    if (newlines && newline)
        return newline + 1;
    return q == end || last == p ? q : last;
}

static const unsigned char *next_cl100k(const struct split_form *form,
                                        const uint16_t *prop,
                                        const unsigned char *p,
                                        const unsigned char *end, int *match)
{
    const unsigned char *q;
    int k, k2;
    unsigned f = at(prop, p, end, &k), g;

    (void)match;
    if (f & UNI_LETTER)
        return run(prop, p + k, end, UNI_LETTER, 0);
    if (f & UNI_NUMBER)
        return digits(prop, p + k, end, UNI_NUMBER, form->max_digits);
    if (*p == '\'' && (k2 = contraction(p, end, 1)))
        return p + k2;
    g = at(prop, p + k, end, &k2);
    if (g & UNI_LETTER && !(f & UNI_NEWLINE))
        return run(prop, p + k + k2, end, UNI_LETTER, 0);
    q = p;
    if (*p == ' ' && k2 && !(g & (UNI_SPACE | UNI_NUMBER)))
        q = p + 1;
    else if (f & UNI_SPACE)
        return spaces(prop, p, end, 1);
    q = run(prop, q, end, UNI_SPACE | UNI_LETTER | UNI_NUMBER, 1);
    return run(prop, q, end, UNI_NEWLINE, 0);
}

static const unsigned char *next_gpt2(const struct split_form *form,
                                      const uint16_t *prop,
                                      const unsigned char *p,
                                      const unsigned char *end, int *match)
{
    const unsigned kinds = UNI_SPACE | UNI_LETTER | UNI_NUMBER;
    const unsigned char *q = p;
    int k, k2;
    unsigned f = at(prop, p, end, &k);

    (void)form, (void)match;
    if (*p == '\'' && (k2 = contraction(p, end, 0)))
        return p + k2;
    if (*p == ' ') {
        f = at(prop, p + 1, end, &k);
        if (!k || f & UNI_SPACE)
            return spaces(prop, p, end, 0);
        q = p + 1;
    }
    if (f & UNI_SPACE)
        return spaces(prop, p, end, 0);
    if (f & (UNI_LETTER | UNI_NUMBER))
        return run(prop, q, end, f & (UNI_LETTER | UNI_NUMBER), 0);
    return run(prop, q, end, kinds, 1);
}

/* Case changes end a word: [upper]*[lower]+ behind one character that is no
 * letter, number or line end; then [upper]+[lower]*. Letters without case and
 * marks are both. */
static const unsigned char *cased(const uint16_t *prop, const unsigned char *p,
                                  const unsigned char *end)
{
    const unsigned char *both = NULL, *q = p;
    unsigned f;
    int k;

    while ((f = at(prop, q, end, &k)) & (UNI_LETTER | UNI_MARK) &&
           !(f & UNI_LOWER)) {
        q += k;
        if (!(f & UNI_UPPER))
            both = q;
    }
    if (!(f & UNI_LOWER))
        return both;
    while ((f = at(prop, q, end, &k)) & (UNI_LETTER | UNI_MARK) &&
           !(f & UNI_UPPER))
        q += k;
    return q;
}

/* [upper]+ where `cased` found nothing: then no lower one follows */
static const unsigned char *uppers(const uint16_t *prop, const unsigned char *p,
                                   const unsigned char *end)
{
    return run(prop, p, end, UNI_UPPER, 0);
}

static const unsigned char *word_o200k(const uint16_t *prop,
                                       const unsigned char *p,
                                       const unsigned char *end)
{
    const unsigned char *q = NULL;
    int k;
    unsigned f = at(prop, p, end, &k);
    int lead = !(f & (UNI_NEWLINE | UNI_LETTER | UNI_NUMBER));

    if (lead)
        q = cased(prop, p + k, end);
    if (!q && f & (UNI_LETTER | UNI_MARK))
        q = cased(prop, p, end);
    if (!q && lead && (q = uppers(prop, p + k, end)) == p + k)
        q = NULL;
    if (!q && f & UNI_UPPER)
        q = uppers(prop, p, end);
    return q;
}

static const unsigned char *next_o200k(const struct split_form *form,
                                       const uint16_t *prop,
                                       const unsigned char *p,
                                       const unsigned char *end, int *match)
{
    const unsigned char *q = word_o200k(prop, p, end);
    int k, k2;
    unsigned f;

    (void)match;
    if (q) {
        if (form->contractions && q < end && *q == '\'')
            q += contraction(q, end, 1);
        return q;
    }
    f = at(prop, p, end, &k);
    if (f & UNI_NUMBER)
        return digits(prop, p + k, end, UNI_NUMBER, form->max_digits);
    q = p;
    if (*p == ' ' && p + 1 < end &&
        !(at(prop, p + 1, end, &k2) & (UNI_SPACE | UNI_LETTER | UNI_NUMBER)))
        q = p + 1;
    else if (f & UNI_SPACE)
        return spaces(prop, p, end, 1);
    q = run(prop, q, end, UNI_SPACE | UNI_LETTER | UNI_NUMBER, 1);
    while (q < end && (*q == '\r' || *q == '\n' || *q == '/'))
        q++;
    return q;
}

static int is_alpha(unsigned c)
{
    return (c | 32) - 'a' < 26;
}

/* The third pattern of DeepSeek V3 and R1. */
static const unsigned char *next_deepseek(const struct split_form *form,
                                          const uint16_t *prop,
                                          const unsigned char *p,
                                          const unsigned char *end, int *match)
{
    const unsigned word = UNI_LETTER | UNI_MARK;
    const unsigned char *q = p;
    int k, k2;
    unsigned f = at(prop, p, end, &k), g;

    (void)form;
    if (f & UNI_LETTER)
        return run(prop, p + k, end, word, 0);
    if (f & UNI_PUNCT && *p < 0x80 && p + 1 < end && is_alpha(p[1])) {
        for (q = p + 2; q < end && is_alpha(*q);)
            q++;
        return q;
    }
    g = at(prop, p + k, end, &k2);
    if (!(f & (UNI_NEWLINE | UNI_PUNCT)) && g & word)
        return run(prop, p + k + k2, end, word, 0);
    if (f & UNI_MARK)
        return p + k;
    if (*p == ' ' && g & UNI_PUNCT)
        q = p + 1;
    if (q > p || f & UNI_PUNCT)
        return run(prop, run(prop, q, end, UNI_PUNCT, 0), end, UNI_NEWLINE, 0);
    if (f & UNI_SPACE)
        return spaces(prop, p, end, 1);
    *match = 0; /* numbers and what is nothing, up to the next match */
    do {
        p += k;
        f = at(prop, p, end, &k);
        g = at(prop, p + k, end, &k2);
    } while (k && !(f & (word | UNI_PUNCT | UNI_SPACE)) && !(g & word));
    return p;
}

/* Up to max_digits numbers, or what lies before the next. */
static const unsigned char *next_numbers(const struct split_form *form,
                                         const uint16_t *prop,
                                         const unsigned char *p,
                                         const unsigned char *end, int *match)
{
    int k;

    if (!(at(prop, p, end, &k) & form->flag)) {
        *match = 0;
        return run(prop, p + k, end, form->flag, 1);
    }
    return digits(prop, p + k, end, form->flag, form->max_digits);
}

/* Chinese characters and Japanese syllables, DeepSeek's second pattern. */
static const unsigned char *next_cjk(const struct split_form *form,
                                     const uint16_t *prop,
                                     const unsigned char *p,
                                     const unsigned char *end, int *match)
{
    const unsigned char *begin = p;

    (void)form, (void)prop;
    for (int first = -1; p < end;) {
        uint32_t c;
        int k = utf8_next(p, &c);
        int in = (c >= 0x4e00 && c <= 0x9fa5) || (c >= 0x3040 && c <= 0x30ff);

        if (first >= 0 && in != first)
            break;
        first = *match = in;
        p += k;
    }
    return p > begin ? p : end;
}

static const struct split_form forms[] = {
    {CL100K("\\p{N}"), next_cl100k, 1, 0, 0},      /* Qwen2, Qwen3 */
    {CL100K("\\p{N}{1,3}"), next_cl100k, 3, 0, 0}, /* Llama 3 */
    {split_gpt2, next_gpt2, 0, 0, 0},
    {O200K(CONTRACTION "?", "\\p{N}{1,3}"), next_o200k, 3, 1, 0},
    {O200K("", "\\p{N}"), next_o200k, 1, 0, 0}, /* Mistral, tekken */
    {"[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|"
     "[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|"
     " ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+" TAIL,
     next_deepseek, 0, 0, 0},
    {"[\xe4\xb8\x80-\xe9\xbe\xa5\xe3\x81\x80-\xe3\x82\x9f"
     "\xe3\x82\xa0-\xe3\x83\xbf]+",
     next_cjk, 0, 0, 0},
    {"\\p{N}{1,3}", next_numbers, 3, 0, UNI_NUMBER},
    {"\\p{N}", next_numbers, 1, 0, UNI_NUMBER},
};
const struct split_form split_form_digits = {NULL, next_numbers, 1, 0,
                                             UNI_NUMERIC};

/* Are a and b the same, b with line ends as escapes? */
static int same(const char *a, const char *b)
{
    for (; *a; a++, b++)
        if (*a == '\r' || *a == '\n') {
            if (b[0] != '\\' || b[1] != (*a == '\r' ? 'r' : 'n'))
                return 0;
            b++;
        } else if (*a != *b) {
            return 0;
        }
    return !*b;
}

const struct split_form *split_form_find(const char *pattern)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (same(pattern, forms[i].pattern))
            return &forms[i];
    return NULL;
}
