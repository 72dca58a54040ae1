/* extract - see extract.h */
#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include "extract_impl.h"

struct text extract_after_think(struct text t)
{
    static const char mark[] = "</think>";

    for (size_t i = t.n; i-- > 0;)
        if (t.s[i] == '<' && text_starts(t, i, mark))
            return text_of(t.s + i + sizeof mark - 1,
                           t.n - i - (sizeof mark - 1));
    return t;
}

/* What a chat template would put after the response is not part of it. */
static struct text cut_template(struct arena *a, struct text t)
{
    static const char *const marks[] = { "<|im_end|>", "<|im_start|>",
                                         "<|endoftext|>", "<|eot_id|>" };
    size_t end = t.n;

    for (size_t k = 0; k < sizeof marks / sizeof marks[0]; k++) {
        const char *p = strstr(t.s, marks[k]);
        if (p && p > t.s && (size_t)(p - t.s) < end)
            end = (size_t)(p - t.s);
    }
    return end == t.n ? t : text_of(arena_strndup(a, t.s, end), end);
}

/* Prose behind a mark: what follows its last "is", else its first
 * formula. */
static struct text loosen(struct text line, struct text c)
{
    static const char *const is[] = { " is ", " are ", " equals ", " est ",
                                      "\xE6\x98\xAF", "\xE4\xB8\xBA" };
    struct text g = { NULL, 0 };
    int solid;

    if (extract_may_begin(c, 0) && (extract_formula_end(c, 0, &solid), solid))
        return c;
    line = extract_sentence(line);
    for (size_t i = 0; i < line.n; i++)
        for (size_t k = 0; k < sizeof is / sizeof is[0]; k++)
            if (text_starts(line, i, is[k])) {
                size_t at = extract_skip_dress(line, i + strlen(is[k]));
                struct text r = text_of(line.s + at, line.n - at);
                if (r.n && extract_may_begin(r, 0))
                    g = text_of(r.s, extract_formula_end(r, 0, &solid));
            }
    if (!g.n)
        g = extract_formula(line, 0);
    return g.n ? g : c;
}

/* The last formula or number, without a unit's letter behind it ("3.5m^{2}");
 * where there is none, what follows the last colon. */
static struct text last_resort(struct text t)
{
    struct text g = extract_formula(t, 1);
    size_t k = 0;

    while (k < g.n && (isdigit((unsigned char)g.s[k]) ||
                       strchr("-+.,$", g.s[k])))
        k++;
    size_t u = k + (k < g.n && g.s[k] == ' ');
    if (k && u < g.n && strchr("mgshl", g.s[u]) &&
        (u + 1 == g.n || g.s[u + 1] == '^'))
        g.n = k;
    if (g.s)
        return g;
    for (size_t i = t.n; i-- > 0 && t.n - i < 64;)
        if (t.s[i] == ':')
            return text_trim(text_of(t.s + i + 1, t.n - i - 1));
    return g;
}

struct found extract_answer(struct arena *a, const char *s, size_t n,
                            const struct verify_opts *o)
{
    struct found f = { .rule = "none" };
    struct text t = norm_backslashes(a, norm_unicode(a, s, n));

    if (o->extract == VERIFY_WHOLE) {
        f.t = text_bare(t);
        f.rule = "whole";
        if (!f.t.n)
            f = (struct found){ .rule = "none" };
        return f;
    }
    t = cut_template(a, extract_after_think(t));
    f = extract_boxed(a, t, 0);
    if (f.t.s || o->extract == VERIFY_BOXED)
        return f;
    f = extract_marked(a, t);
    if (f.t.s) {
        struct text c = extract_tidy(f.t);
        f.t = o->lenient ? loosen(f.t, c) : c;
    } else if (o->lenient) {
        f.t = last_resort(t);
        f.rule = f.t.s ? "last_number" : "none";
    }
    /* a box that never closes earns nothing by another rule either */
    if (f.t.s) {
        f.t = text_of(arena_strndup(a, f.t.s, f.t.n), f.t.n);
        if (!f.t.n || strstr(f.t.s, "boxed") || strstr(f.t.s, "\\fbox"))
            f = (struct found){ .rule = "none" };
    }
    return f;
}

struct text extract_gold(struct arena *a, const char *s, size_t n)
{
    struct text t = norm_backslashes(a, norm_unicode(a, s, n));
    struct found f = extract_boxed(a, t, 1);

    if (f.t.s)
        return f.t;
    if (t.n > 200 || strchr(t.s, '\n')) {
        f = extract_marked(a, t);
        if (f.t.s)
            return extract_tidy(f.t);
    }
    return text_bare(t);
}
