/* code_fence - see code_fence.h */
#include "code_fence.h"
#include <ctype.h>
#include <string.h>

enum { MAX_MARGIN = 64 };

/* A line that opens or closes a block. */
struct fence {
    char mark;     /* '`' or '~' */
    int n;         /* how many */
    int quotes;    /* '>' before it */
    size_t margin; /* columns before it, behind the quotes */
    size_t info;   /* where the word behind it begins */
};

size_t code_next_line(struct text t, size_t at)
{
    const char *nl = memchr(t.s + at, '\n', t.n - at);

    return nl ? (size_t)(nl - t.s) + 1 : t.n;
}

static size_t blanks(struct text t, size_t at)
{
    while (at < t.n && (t.s[at] == ' ' || t.s[at] == '\t'))
        at++;
    return at;
}

/* Past up to max quote marks, each with one blank. */
static size_t skip_quotes(struct text t, size_t at, int max, int *n)
{
    for (*n = 0; *n < max; ++*n) {
        size_t i = blanks(t, at);

        if (i >= t.n || t.s[i] != '>')
            break;
        at = i + (i + 1 < t.n && t.s[i + 1] == ' ' ? 2 : 1);
    }
    return at;
}

/* "- ", "* ", "+ ", "1. ", "1) ": where the item's text begins, or at. */
static size_t skip_item(struct text t, size_t at)
{
    size_t i = at;

    if (i < t.n && strchr("-*+", t.s[i])) {
        i++;
    } else {
        while (i < t.n && isdigit((unsigned char)t.s[i]))
            i++;
        if (i == at || i >= t.n || (t.s[i] != '.' && t.s[i] != ')'))
            return at;
        i++;
    }
    return i < t.n && t.s[i] == ' ' ? blanks(t, i) : at;
}

static int fence_at(struct text t, size_t at, struct fence *f)
{
    size_t from = skip_quotes(t, at, 8, &f->quotes), i = blanks(t, from);

    i = skip_item(t, i);
    f->margin = i - from;
    if (i >= t.n || (t.s[i] != '`' && t.s[i] != '~') || f->margin > MAX_MARGIN)
        return 0;
    f->mark = t.s[i];
    for (f->n = 0; i < t.n && t.s[i] == f->mark; i++)
        f->n++;
    f->info = i;
    return f->n >= 3;
}

static int rest_is_blank(struct text t, size_t at)
{
    size_t end = code_next_line(t, at);

    while (at < end && isspace((unsigned char)t.s[at]))
        at++;
    return at == end;
}

/* Does the line at `at` end a block that f opened? One that stands deeper is
 * a part of the block: an example in a docstring. */
static int closes(struct text t, size_t at, const struct fence *f)
{
    struct fence g;

    return fence_at(t, at, &g) && g.mark == f->mark && g.n >= f->n &&
           g.quotes == f->quotes && g.margin <= f->margin + 3;
}

/* A line of a block, without the dress that its fence wore. */
static size_t undress(struct text t, size_t at, const struct fence *f)
{
    int n;
    size_t end = code_next_line(t, at), stop;

    at = skip_quotes(t, at, f->quotes, &n);
    stop = at + f->margin;
    while (at < stop && at < end && (t.s[at] == ' ' || t.s[at] == '\t'))
        at++;
    return at > end ? end : at;
}

static struct text copy(struct arena *a, struct text t)
{
    return text_of(arena_strndup(a, t.s, t.n), t.n);
}

/* ```python f = 1``` on one line; 0 when the fence does not close on it. */
static int one_line(struct arena *a, struct text t, const struct fence *f,
                    struct text *code)
{
    size_t end = code_next_line(t, f->info), i = f->info;
    int run = 0;

    for (size_t k = i; k < end; k++) {
        run = t.s[k] == f->mark ? run + 1 : 0;
        if (run == f->n) {
            if (text_starts(t, i, "python"))
                i = blanks(t, i + 6);
            *code = copy(a, text_of(t.s + i, k + 1 - (size_t)f->n - i));
            return 1;
        }
    }
    return 0;
}

/* The lines of a block from *at; *at is then behind its closing fence, or on
 * one that opens the next block. */
static struct text content(struct arena *a, struct text t, size_t *at,
                           const struct fence *f, int *closed)
{
    size_t from = *at, end = from, n = 0, next;
    struct fence g;

    while (end < t.n && !closes(t, end, f))
        end = code_next_line(t, end);
    *closed = end < t.n;
    *at = end;
    if (*closed && fence_at(t, end, &g) && rest_is_blank(t, g.info))
        *at = code_next_line(t, end);
    char *s = arena_alloc(a, end - from + 1);
    for (; from < end; from = next) {
        next = code_next_line(t, from);
        from = undress(t, from, f);
        memcpy(s + n, t.s + from, next - from);
        n += next - from;
    }
    return text_of(s, n);
}

struct fenced *code_fences(struct arena *a, struct text t, size_t *first)
{
    struct fenced *head = NULL, **tail = &head;
    struct fence f;

    *first = t.n;
    for (size_t at = 0; at < t.n;) {
        struct fenced *b;

        if (!fence_at(t, at, &f)) {
            at = code_next_line(t, at);
            continue;
        }
        if (*first == t.n && !f.margin && !f.quotes)
            *first = at;
        b = arena_alloc(a, sizeof *b);
        at = code_next_line(t, at);
        if (one_line(a, t, &f, &b->code))
            b->closed = 1;
        else
            b->code = content(a, t, &at, &f, &b->closed);
        *tail = b;
        tail = &b->next;
    }
    return head;
}
