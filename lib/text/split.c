/* split - cut text into the pieces that BPE works on */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "split.h"
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/utf8.h"
#include "uniprop.h"

#define TAIL "|\\s+(?!\\S)|\\s+"
#define CL100K(digits)                                                       \
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|" digits     \
    "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+" TAIL

const char split_gpt2[] = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+|"
                          " ?[^\\s\\p{L}\\p{N}]+" TAIL;
static const char qwen2[] = CL100K("\\p{N}");
static const char cl100k[] = CL100K("\\p{N}{1,3}");

enum form { FORM_REGEX, FORM_CL100K, FORM_GPT2 };

struct split {
    enum form form;
    int max_digits;      /* FORM_CL100K */
    const uint8_t *prop; /* UNI_* of each character */
    pcre2_code *re;
    pcre2_match_data *match;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
};

static int open_regex(struct split *s, const char *pattern, const char *where,
                      struct err *e)
{
    char *text = NULL;
    int r = split_translate(pattern, where, &text, e), code;
    PCRE2_SIZE at;
    uint32_t empty = 0;

    if (r)
        return r;
    s->re = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
                          PCRE2_UTF | PCRE2_UCP | PCRE2_NEVER_BACKSLASH_C,
                          &code, &at, NULL);
    free(text);
    if (!s->re) {
        PCRE2_UCHAR msg[256];

        if (code == PCRE2_ERROR_HEAP_FAILED)
            return err_memory(e, "%s: out of memory", where);
        pcre2_get_error_message(code, msg, sizeof msg);
        return err_set(e, ERR_DATA, "%s: Regex: %s", where, (char *)msg);
    }
    pcre2_pattern_info(s->re, PCRE2_INFO_MATCHEMPTY, &empty);
    if (empty)
        return err_set(e, ERR_DATA, "%s: Regex: a pattern that can match the "
                       "empty string is not supported", where);
    /* without a JIT for this machine the interpreter does the same, slower */
    (void)pcre2_jit_compile(s->re, PCRE2_JIT_COMPLETE);
    s->match = pcre2_match_data_create_from_pattern(s->re, NULL);
    s->context = pcre2_match_context_create(NULL);
    s->stack = pcre2_jit_stack_create(32 * 1024, 16 * 1024 * 1024, NULL);
    if (!s->match || !s->context || !s->stack)
        return err_memory(e, "%s: out of memory", where);
    pcre2_jit_stack_assign(s->context, NULL, s->stack);
    return 0;
}

int split_open(struct split **out, const char *pattern, int force_regex,
               const uint8_t *prop, const char *where, struct err *e)
{
    struct split *s = xcalloc(1, sizeof *s);
    int r = 0;

    s->prop = prop;
    if (!force_regex && !strcmp(pattern, qwen2)) {
        s->form = FORM_CL100K;
        s->max_digits = 1;
    } else if (!force_regex && !strcmp(pattern, cl100k)) {
        s->form = FORM_CL100K;
        s->max_digits = 3;
    } else if (!force_regex && !strcmp(pattern, split_gpt2)) {
        s->form = FORM_GPT2;
    } else {
        r = open_regex(s, pattern, where, e);
    }
    if (r)
        split_close(&s);
    *out = s;
    return r;
}

void split_close(struct split **s)
{
    if (!*s)
        return;
    pcre2_code_free((*s)->re);
    pcre2_match_data_free((*s)->match);
    pcre2_match_context_free((*s)->context);
    pcre2_jit_stack_free((*s)->stack);
    free(*s);
    *s = NULL;
}

int split_is_fast(const struct split *s)
{
    return s->form != FORM_REGEX;
}

/* Flags of the character at p, its length in *k; 0 and *k = 0 at the end. */
static inline unsigned at(const struct split *s, const unsigned char *p,
                          const unsigned char *end, int *k)
{
    uint32_t c;

    if (p >= end) {
        *k = 0;
        return 0;
    }
    *k = utf8_next(p, &c);
    return s->prop[c];
}

/* Past all characters that have one of the flags (or none of them). */
static const unsigned char *run(const struct split *s, const unsigned char *p,
                                const unsigned char *end, unsigned flags,
                                int none)
{
    while (p < end) {
        uint32_t c;
        int k = utf8_next(p, &c);

        if ((none != 0) == ((s->prop[c] & flags) != 0))
            break;
        p += k;
    }
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
static const unsigned char *spaces(const struct split *s,
                                   const unsigned char *p,
                                   const unsigned char *end, int newlines)
{
    const unsigned char *q = p, *last = p, *newline = NULL;
    int k;

    while (q < end && at(s, q, end, &k) & UNI_SPACE) {
        if (*q == '\r' || *q == '\n')
            newline = q;
        last = q;
        q += k;
    }
    if (newlines && newline)
        return newline + 1;
    return q == end || last == p ? q : last;
}

static const unsigned char *next_cl100k(const struct split *s,
                                        const unsigned char *p,
                                        const unsigned char *end)
{
    const unsigned char *q;
    int k, k2;
    unsigned f = at(s, p, end, &k), g;

    if (f & UNI_LETTER)
        return run(s, p + k, end, UNI_LETTER, 0);
    if (f & UNI_NUMBER) {
        for (int i = 1; i < s->max_digits; i++) {
            if (!(at(s, p + k, end, &k2) & UNI_NUMBER))
                break;
            k += k2;
        }
        return p + k;
    }
    if (*p == '\'' && (k2 = contraction(p, end, 1)))
        return p + k2;
    g = at(s, p + k, end, &k2);
    if (g & UNI_LETTER && !(f & UNI_NEWLINE))
        return run(s, p + k + k2, end, UNI_LETTER, 0);
    q = p;
    if (*p == ' ' && k2 && !(g & (UNI_SPACE | UNI_NUMBER)))
        q = p + 1;
    else if (f & UNI_SPACE)
        return spaces(s, p, end, 1);
    q = run(s, q, end, UNI_SPACE | UNI_LETTER | UNI_NUMBER, 1);
    return run(s, q, end, UNI_NEWLINE, 0);
}

static const unsigned char *next_gpt2(const struct split *s,
                                      const unsigned char *p,
                                      const unsigned char *end)
{
    const unsigned kinds = UNI_SPACE | UNI_LETTER | UNI_NUMBER;
    const unsigned char *q = p;
    int k, k2;
    unsigned f = at(s, p, end, &k);

    if (*p == '\'' && (k2 = contraction(p, end, 0)))
        return p + k2;
    if (*p == ' ') {
        f = at(s, p + 1, end, &k);
        if (!k || f & UNI_SPACE)
            return spaces(s, p, end, 0);
        q = p + 1;
    }
    if (f & UNI_SPACE)
        return spaces(s, p, end, 0);
    if (f & (UNI_LETTER | UNI_NUMBER))
        return run(s, q, end, f & (UNI_LETTER | UNI_NUMBER), 0);
    return run(s, q, end, kinds, 1);
}

static int next_regex(struct split *s, const unsigned char *begin,
                      const unsigned char *p, const unsigned char *end,
                      size_t *n, struct err *e)
{
    size_t start = (size_t)(p - begin);
    PCRE2_SIZE *o = pcre2_get_ovector_pointer(s->match);
    int r = pcre2_match(s->re, begin, (size_t)(end - begin), start,
                        PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY, s->match,
                        s->context);

    if (r == PCRE2_ERROR_NOMATCH) {
        *n = (size_t)(end - p);
        return 0;
    }
    if (r == PCRE2_ERROR_NOMEMORY)
        return err_memory(e, "out of memory");
    if (r < 0) {
        PCRE2_UCHAR msg[256];

        pcre2_get_error_message(r, msg, sizeof msg);
        return err_set(e, ERR_DATA, "the pre-tokenizer's regex gave up at "
                       "byte %zu: %s", start, (char *)msg);
    }
    *n = o[0] > start ? o[0] - start : o[1] - start;
    return 0;
}

int split_next(struct split *s, const unsigned char *begin,
               const unsigned char *p, const unsigned char *end, size_t *n,
               struct err *e)
{
    if (s->form == FORM_CL100K)
        *n = (size_t)(next_cl100k(s, p, end) - p);
    else if (s->form == FORM_GPT2)
        *n = (size_t)(next_gpt2(s, p, end) - p);
    else
        return next_regex(s, begin, p, end, n, e);
    return 0;
}
