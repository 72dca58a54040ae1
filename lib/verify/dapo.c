/* dapo - see dapo.h */
#include "dapo.h"
#include <ctype.h>
#include <string.h>
#include "pychar.h"

enum { SEEN = 300, SEEN_FOR_BOX = 100 };

static const char box[] = "\\boxed{";

/* Bytes of "answer" at t.s[at] in any case, or 0. The long s is an s to a
 * regular expression that ignores case. */
static size_t answer_at(struct text t, size_t at)
{
    static const char word[] = "answer";
    size_t from = at;

    for (const char *w = word; *w; w++) {
        if (at < t.n && tolower((unsigned char)t.s[at]) == *w)
            at++;
        else if (*w == 's' && text_starts(t, at, "\xC5\xBF"))
            at += 2;
        else
            return 0;
    }
    return at - from;
}

/* What stands behind the mark at t.s[at]: its begin and end. 0: no mark. */
static int behind_mark(struct text t, size_t at, size_t *begin, size_t *end)
{
    size_t n = answer_at(t, at), colon, b;

    if (!n)
        return 0;
    colon = pychar_skip_space(t, at + n);
    if (colon >= t.n || t.s[colon] != ':')
        return 0;
    b = pychar_skip_space(t, colon + 1);
    if (b == t.n) {
        /* only blanks to the end of the text: one that is no line's end */
        while (b > colon + 1 && t.s[b - 1] == '\n')
            b--;
        if (b == colon + 1)
            return 0;
        b = pychar_previous(t, b);
    }
    *begin = b;
    *end = pychar_line_end(t, b);
    return 1;
}

static int marked(struct text t, struct text *answer)
{
    size_t begin, end;
    int found = 0;

    for (size_t at = 0; at < t.n;) {
        if (!behind_mark(t, at, &begin, &end)) {
            at++;
            continue;
        }
        *answer = text_of(t.s + begin, end - begin);
        found = 1;
        at = end;
    }
    return found;
}

/* The content of the last box. One that never closes is no answer, and no
 * earlier box stands in for it. */
static int boxed(struct text t, struct text *answer)
{
    size_t at = t.n;
    int open = 0;

    while (at > 0 && !text_starts(t, at - 1, box))
        at--;
    if (!at--)
        return 0;
    size_t from = at + sizeof box - 1;
    for (size_t i = at; i < t.n; i++) {
        open += t.s[i] == '{';
        if (t.s[i] == '}' && --open == 0) {
            *answer = text_of(t.s + from, i - from);
            return 1;
        }
    }
    return 0;
}

static struct text without_end_mark(struct text t)
{
    static const char *const marks[] = {"<|im_end|>", "<|endoftext|>",
                                        "<|eot_id|>"};

    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        size_t n = strlen(marks[i]);
        if (t.n >= n && !memcmp(t.s + t.n - n, marks[i], n))
            return text_of(t.s, t.n - n);
    }
    return t;
}

static int same(struct text x, struct text y)
{
    return x.n == y.n && !memcmp(x.s, y.s, x.n);
}

struct dapo dapo_judge(struct arena *a, struct text gold, struct text response)
{
    struct dapo d = {{NULL, 0}, 0, 0};
    struct text t = pychar_last(without_end_mark(response), SEEN), found;

    if (marked(t, &found)) {
        d.answer = dapo_form(a, found);
        /* verl's word for "none", which a response may hold, too */
        if (!text_is(d.answer, "[INVALID]")) {
            d.correct = same(d.answer, dapo_form(a, gold));
            return d;
        }
        d.answer = text_of(NULL, 0);
    }
    if (boxed(pychar_last(t, SEEN_FOR_BOX), &found)) {
        d.answer = found;
        d.boxed = 1;
        d.correct = same(found, gold);
    }
    return d;
}
