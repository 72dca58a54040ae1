/* split - cut text into the pieces that BPE works on */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "split.h"
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "split_forms.h"

struct split {
    const struct split_form *form; /* or the regex */
    enum split_keep keep;
    int invert;
    const uint16_t *prop; /* UNI_* of each character */
    pcre2_code *re;
    pcre2_match_data *match;
    pcre2_match_context *context;
    pcre2_jit_stack *stack;
    const unsigned char *found; /* a match that was found ahead, or NULL */
    size_t n_found;
};

static int open_regex(struct split *s, const char *pattern, int literal,
                      const char *where, struct err *e)
{
    char *text = NULL;
    int r = literal ? 0 : split_translate(pattern, where, &text, e), code;
    PCRE2_SIZE at;
    uint32_t empty = 0;

    if (r)
        return r;
    s->re = literal
                ? pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED,
                                PCRE2_UTF | PCRE2_LITERAL, &code, &at, NULL)
                : pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
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
        return err_set(e, ERR_DATA,
                       "%s: Regex: a pattern that can match the "
                       "empty string is not supported",
                       where);
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

int split_open(struct split **out, const struct split_rule *rule,
               int force_regex, const uint16_t *prop, const char *where,
               struct err *e)
{
    struct split *s = xcalloc(1, sizeof *s);
    int r = 0;

    s->prop = prop;
    s->keep = rule->keep;
    s->invert = rule->invert;
    if (!rule->pattern)
        s->form = &split_form_digits;
    else if (!force_regex && !rule->literal)
        s->form = split_form_find(rule->pattern);
    if (!s->form)
        r = open_regex(s, rule->pattern, rule->literal, where, e);
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
    return s->form != NULL;
}

static int next_regex(struct split *s, const unsigned char *begin,
                      const unsigned char *p, const unsigned char *end,
                      size_t *n, int *match, struct err *e)
{
    size_t start = (size_t)(p - begin);
    PCRE2_SIZE *o = pcre2_get_ovector_pointer(s->match);
    int r;

    *match = 1;
    if (s->found == p) { /* by the search that gave the text before it */
        *n = s->n_found;
        return 0;
    }
    r = pcre2_match(s->re, begin, (size_t)(end - begin), start,
                    PCRE2_NO_UTF_CHECK | PCRE2_NOTEMPTY, s->match, s->context);

    if (r == PCRE2_ERROR_NOMATCH) {
        *match = 0;
        *n = (size_t)(end - p);
        return 0;
    }
    if (r == PCRE2_ERROR_NOMEMORY)
        return err_memory(e, "out of memory");
    if (r < 0) {
        PCRE2_UCHAR msg[256];

        pcre2_get_error_message(r, msg, sizeof msg);
        return err_set(e, ERR_DATA,
                       "the pre-tokenizer's regex gave up at "
                       "byte %zu: %s",
                       start, (char *)msg);
    }
    if (o[0] > start) {
        *match = 0;
        *n = o[0] - start;
        s->found = begin + o[0];
        s->n_found = o[1] - o[0];
    } else {
        *n = o[1] - start;
    }
    return 0;
}

/* A match, or the text between two. */
static inline int segment(struct split *s, const unsigned char *begin,
                          const unsigned char *p, const unsigned char *end,
                          size_t *n, int *match, struct err *e)
{
    int r = 0;

    *match = 1;
    if (s->form)
        *n = (size_t)(s->form->next(s->form, s->prop, p, end, match) - p);
    else
        r = next_regex(s, begin, p, end, n, match, e);
    *match ^= s->invert;
    return r;
}

/* Does the segment behind one belong to the same piece? */
static int joins(const struct split *s, int match, int next)
{
    switch (s->keep) {
    case SPLIT_CONTIGUOUS:
        return match == next;
    case SPLIT_TO_PREVIOUS:
        return !match && next;
    case SPLIT_TO_NEXT:
        return match && !next;
    default:
        return 0;
    }
}

int split_next(struct split *s, const unsigned char *begin,
               const unsigned char *p, const unsigned char *end, size_t *n,
               int *left_out, struct err *e)
{
    int match, next, r;
    size_t more;

    *left_out = 0;
    if (p == begin)
        s->found = NULL;
    r = segment(s, begin, p, end, n, &match, e);
    if (r || s->keep == SPLIT_ISOLATED)
        return r;
    *left_out = match && s->keep == SPLIT_REMOVED;
    while (s->keep != SPLIT_REMOVED && p + *n < end) {
        r = segment(s, begin, p + *n, end, &more, &next, e);
        if (r || !joins(s, match, next))
            return r;
        *n += more;
        match = next;
    }
    return 0;
}
