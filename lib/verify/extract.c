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
    static const char *const marks[] = {"<|im_end|>", "<|im_start|>",
                                        "<|endoftext|>", "<|eot_id|>"};
    size_t end = t.n;

    for (size_t k = 0; k < sizeof marks / sizeof marks[0]; k++) {
        const char *p = strstr(t.s, marks[k]);
        if (p && p > t.s && (size_t)(p - t.s) < end)
            end = (size_t)(p - t.s);
    }
    return end == t.n ? t : text_of(arena_strndup(a, t.s, end), end);
}

/* What the last <answer>...</answer> holds, but not a place for an answer;
 * *open where one never closes. s is NULL when there is none. */
static struct text tagged(struct arena *a, struct text t, int *open)
{
    static const char begin[] = "<answer>", end[] = "</answer>";
    struct text found = {NULL, 0};
    size_t at = SIZE_MAX;
    const char *think = strstr(t.s, "<think>"); /* that never ends */

    for (const char *p = t.s; (p = strchr(p, '<')) && p != think; p++) {
        size_t i = (size_t)(p - t.s);
        if (text_starts_nocase(t, i, begin)) {
            at = i + sizeof begin - 1;
        } else if (text_starts_nocase(t, i, end) && at != SIZE_MAX) {
            struct text in = text_trim(text_of(t.s + at, i - at));
            if (!extract_placeholder(a, in))
                found = in;
            at = SIZE_MAX;
        }
    }
    *open = at != SIZE_MAX && !found.s;
    if (found.s)
        found = text_of(arena_strndup(a, found.s, found.n), found.n);
    return found;
}

/* The last formula or number, without a unit's letter behind it ("3.5m^{2}");
 * where there is none, what follows the last colon. */
static struct text last_resort(struct text t)
{
    struct text g = extract_formula(t, 1);
    size_t k = 0;

    while (k < g.n &&
           (isdigit((unsigned char)g.s[k]) || strchr("-+.,$", g.s[k])))
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

/* By a mark, by a tag alone, or (lenient) the last formula. */
static struct found unboxed(struct arena *a, struct text t, int tag,
                            int lenient)
{
    struct found f = extract_marked(a, t);
    struct text line = f.t;

    if (f.t.s) {
        f.t = extract_tidy(f.t);
        if (lenient && f.t.n && !extract_may_begin(f.t, 0)) {
            struct text g = extract_formula(line, 0);
            f.t = g.s ? g : f.t;
        }
    } else if (tag) {
        f = (struct found){.t = extract_tidy(t), .rule = "answer_tag"};
    } else if (lenient) {
        f.t = last_resort(t);
        f.rule = f.t.s ? "last_number" : "none";
    }
    /* a box that never closes earns nothing by another rule either */
    if (f.t.s) {
        f.t = text_of(arena_strndup(a, f.t.s, f.t.n), f.t.n);
        size_t box = extract_box_at(f.t);
        if (box < f.t.n && extract_balanced(f.t))
            f.t = text_trim(text_of(f.t.s, box)); /* an empty box behind */
        if (!f.t.n || box < f.t.n)
            f = (struct found){.rule = "none"};
    }
    return f;
}

/* The response in one spelling, without the thinking. */
struct text extract_spelling(struct arena *a, const char *s, size_t n)
{
    return norm_backslashes(a, norm_html(a, norm_unicode(a, s, n)));
}

struct text extract_tag(struct arena *a, struct text t)
{
    int open;
    struct text in = tagged(a, t, &open);

    return in.s ? in : t;
}

struct found extract_answer(struct arena *a, const char *s, size_t n,
                            const struct verify_opts *o)
{
    struct found f = {.rule = "none"};
    struct text t = extract_spelling(a, s, n);

    if (o->extract == VERIFY_WHOLE) {
        f.t = extract_unlabelled(text_bare(t));
        f.rule = "whole";
        if (!f.t.n)
            f = (struct found){.rule = "none"};
        return f;
    }
    t = cut_template(a, extract_after_think(t));
    int open;
    struct text tag = tagged(a, t, &open);
    t = tag.s ? tag : t;
    f = extract_boxed(a, t, 0);
    if (!f.t.s && o->extract != VERIFY_BOXED && !open)
        f = unboxed(a, t, tag.s != NULL, o->lenient);
    if (f.t.s) {
        struct text all = f.t;
        f.t = extract_unlabelled(all);
        for (size_t i = 0; f.t.n < all.n && all.s + i < f.t.s; i++)
            if (isupper((unsigned char)all.s[i]) &&
                !isalpha((unsigned char)all.s[i + 1]))
                f.label = all.s[i];
    }
    return f;
}

struct text extract_gold(struct arena *a, const char *s, size_t n)
{
    struct text t = extract_spelling(a, s, n);
    struct found f = extract_boxed(a, t, 1);

    if (f.t.s)
        return extract_unlabelled(f.t);
    if (t.n > 200 || strchr(t.s, '\n')) {
        f = extract_marked(a, t);
        if (f.t.s)
            return extract_tidy(f.t);
    }
    return extract_unlabelled(text_bare(t));
}
