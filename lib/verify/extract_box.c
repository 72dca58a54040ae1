/* extract_box - \boxed{...} in one pass (extract.h) */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "extract_impl.h"

struct box {
    size_t from, to;     /* of the whole command */
    size_t c_from, c_to; /* of what is inside */
};

struct boxes {
    struct box *v;
    size_t n, cap;
    size_t open_at; /* content of the last box that never closes, or 0 */
};

static void add(struct boxes *b, size_t from, size_t c_from, size_t c_to,
                size_t to)
{
    if (b->n == b->cap) {
        b->cap = b->cap ? 2 * b->cap : 16;
        b->v = xrealloc(b->v, b->cap, sizeof *b->v);
    }
    b->v[b->n++] = (struct box){from, to, c_from, c_to};
}

/* Length of a box command at i ("\boxed", "\fbox"), or 0. */
static size_t box_command(struct text t, size_t i)
{
    static const char *const names[] = {"\\boxed", "\\fbox", "\\beginboxed",
                                        "\\framebox"};

    for (size_t k = 0; k < sizeof names / sizeof names[0]; k++)
        if (text_starts(t, i, names[k]) &&
            !isalpha((unsigned char)t.s[i + strlen(names[k])]))
            return strlen(names[k]);
    return 0;
}

/* "\boxed 7", "\boxed \frac{1}{2}": the formula that follows, to the end of
 * its line or delimiters. None follows where a box is only mentioned. */
static size_t bare_box(struct boxes *b, struct text t, size_t i, size_t at)
{
    size_t end = at, far = at + 400 < t.n ? at + 400 : t.n;
    int solid, depth = 0;

    if (at >= t.n || box_command(t, at) ||
        !extract_may_begin(text_of(t.s + at, t.n - at), 0))
        return at;
    while (end < far && !strchr("$\n", t.s[end]) && depth >= 0 &&
           !text_starts(t, end, "\\)") && !text_starts(t, end, "\\]")) {
        depth += t.s[end] == '{';
        depth -= t.s[end] == '}';
        end += depth >= 0;
    }
    struct text line = text_of(t.s + at, end - at);
    if (at >= end || ((t.s[at] == 'a' || t.s[at] == 'I') && t.s[at + 1] == ' '))
        return at;
    end = at + extract_formula_end(line, 0, &solid);
    if (end > at)
        add(b, i, at, end, end);
    return end > at ? end : at;
}

size_t extract_box_at(struct text t)
{
    size_t i = 0;

    while (i < t.n && !box_command(t, i) && !text_starts(t, i, "boxed"))
        i++;
    return i;
}

int extract_balanced(struct text t)
{
    int depth = 0;

    for (size_t i = 0; i < t.n && depth >= 0; i++)
        depth += (t.s[i] == '{') - (t.s[i] == '}');
    return !depth;
}

/* "\boxed{}", "\boxed{...}", "\boxed{answer}": where an answer goes. */
int extract_placeholder(struct arena *a, struct text t)
{
    static const char *const names[] = {"",
                                        "answer",
                                        "your answer",
                                        "final answer",
                                        "your final answer",
                                        "the answer",
                                        "the final answer",
                                        "answer here",
                                        "your answer here",
                                        "insert answer",
                                        "solution",
                                        "result",
                                        "final result",
                                        "box"};

    if (t.n > 60)
        return 0;
    struct text w = norm_words(a, t), f = norm_form(a, t);
    if ((f.n && strspn(f.s, "._?\\ ") >= f.n) || text_is(f, "\\ldots") ||
        text_is(f, "\\dots") || text_is(f, "\\cdots") ||
        text_is(f, "\\square") || text_starts(f, 0, "\\phantom"))
        return 1;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (text_is(w, names[i]) && (i || !f.n))
            return 1;
    return 0;
}

/* Do words at i say that what stands before them is wrong? */
int extract_denied_behind(struct text t, size_t i)
{
    static const char denials[] =
        "is wrong|is incorrect|is not|is false|isn't|isn\xE2\x80\x99t|"
        "was wrong|was incorrect|was not|wasn't|cannot be|can't be|"
        "is no longer|wrong|incorrect|are wrong|are not|aren't|is invalid|"
        "is impossible|must be wrong|seems wrong|is in error|doesn't|"
        "does not|fails";

    while (i < t.n && strchr(" \n$*),_}", t.s[i]))
        i++;
    if (text_starts(t, i, "\\)") || text_starts(t, i, "\\]"))
        i += 2;
    while (i < t.n && strchr(" \n*,_-(", t.s[i]))
        i++;
    if (i < t.n && t.s[i] == '?')
        return 1;
    i += text_starts_nocase(t, i, "which ") ? 6 : 0;
    return text_at(t, i, denials) > 0;
}

/* Does "not" or "isn't" stand right before i? */
int extract_denied_before(struct text t, size_t i)
{
    while (i && strchr(" \n$*(_{[\\", t.s[i - 1]))
        i--;
    return (i >= 3 && text_starts_nocase(t, i - 3, "not") &&
            (i == 3 || !isalpha((unsigned char)t.s[i - 4]))) ||
           (i >= 3 && text_starts(t, i - 3, "n't"));
}

/* "\boxed{x} where x is the answer" */
static int explained(struct text t, const struct box *x)
{
    size_t i = x->to;

    while (i < t.n && strchr(" ,$", t.s[i]))
        i++;
    return x->c_to - x->c_from == 1 && text_at(t, i, "where") &&
           isalpha((unsigned char)t.s[x->c_from]);
}

/* Leaves the boxes that hold an answer. */
static void drop_empty(struct arena *a, struct boxes *b, struct text t)
{
    size_t n = 0;

    for (size_t i = 0; i < b->n; i++) {
        const struct box *x = &b->v[i];
        if (!extract_placeholder(
                a, text_of(t.s + x->c_from, x->c_to - x->c_from)) &&
            !(b->n > 1 && explained(t, x)) &&
            !extract_denied_behind(t, x->to) &&
            !extract_denied_before(t, x->from))
            b->v[n++] = *x;
    }
    b->n = n;
}

static void scan(struct boxes *b, struct text t)
{
    size_t cap = 64, depth = 0;
    size_t(*open)[2] = xmalloc(cap * sizeof *open); /* brace, command */

    for (size_t i = 0; i < t.n; i++) {
        size_t k, from = SIZE_MAX;
        if (t.s[i] == '\\') {
            if (!(k = box_command(t, i))) {
                i++; /* an escaped brace is text */
                continue;
            }
            size_t at = i + k;
            while (at < t.n && isspace((unsigned char)t.s[at]))
                at++;
            if (at >= t.n || t.s[at] != '{') {
                i = bare_box(b, t, i, at) - 1;
                continue;
            }
            from = i;
            i = at;
        }
        if (t.s[i] == '{') {
            if (depth == cap) {
                cap *= 2;
                open = xrealloc(open, cap, sizeof *open);
            }
            open[depth][0] = i;
            open[depth++][1] = from;
        } else if (t.s[i] == '}' && depth) {
            depth--;
            if (open[depth][1] != SIZE_MAX)
                add(b, open[depth][1], open[depth][0] + 1, i, i + 1);
        }
    }
    while (depth && !b->open_at) {
        depth--;
        if (open[depth][1] != SIZE_MAX)
            b->open_at = open[depth][0] + 1;
    }
    free(open);
}

/* Is what stands between two boxes only "and", a comma, a label? */
static int joins(struct text t)
{
    int words = 0, link = 0;

    if (t.n == 0)
        return 1;
    if (t.n > 64)
        return 0;
    for (size_t i = 0; i < t.n; i++) {
        size_t k = 0;
        unsigned char c = (unsigned char)t.s[i];
        if (text_starts(t, i, "box"))
            return 0;
        if (c == ',' || c == ';')
            link = 1;
        if (c == '.' || c == '\n' || c >= 0x80)
            return 0;
        while (i + k < t.n && isalpha((unsigned char)t.s[i + k]))
            k++;
        if (!k)
            continue;
        struct text w = text_of(t.s + i, k);
        if (text_is(w, "and") || text_is(w, "or"))
            link = 1;
        else if (text_is(w, "not") || text_is(w, "no") || text_is(w, "but") ||
                 text_is(w, "wait") || text_is(w, "is"))
            return 0;
        else if (!(i && t.s[i - 1] == '\\') && k > 1)
            words++;
        i += k - 1;
    }
    return link && words <= 4;
}

static int or_between(struct text t, const struct box *x, const struct box *y)
{
    for (size_t i = x->to; i < y->from; i++)
        if (text_at(t, i, "or") && !isalpha((unsigned char)t.s[i - 1]))
            return 1;
    return 0;
}

static struct found join(struct arena *a, struct text t, const struct boxes *b)
{
    size_t first = b->n - 1, n = 0, o = 0;
    struct found f = {.rule = "boxed"};

    while (first > 0 && b->n - first < 64 &&
           b->v[first - 1].to <= b->v[first].from &&
           joins(text_of(t.s + b->v[first - 1].to,
                         b->v[first].from - b->v[first - 1].to)))
        first--;
    if (first == b->n - 1) {
        f.t = text_of(t.s + b->v[first].c_from,
                      b->v[first].c_to - b->v[first].c_from);
        return f;
    }
    f.rule = "boxes";
    for (size_t i = first; i < b->n; i++)
        n += b->v[i].c_to - b->v[i].c_from + 4;
    char *out = arena_alloc(a, n + 1);
    for (size_t i = first; i < b->n; i++) {
        size_t k = b->v[i].c_to - b->v[i].c_from;
        if (i > first) {
            const char *link = or_between(t, &b->v[i - 1], &b->v[i]) ? " or "
                                                                     : ", ";
            memcpy(out + o, link, strlen(link));
            o += strlen(link);
        }
        memcpy(out + o, t.s + b->v[i].c_from, k);
        o += k;
    }
    f.t = text_of(out, o);
    return f;
}

/* "boxed(42)", "boxed{42}": the word without its backslash. */
static struct found word(struct text t)
{
    struct found f = {.rule = "none"};

    for (size_t i = t.n; i-- > 0;) {
        if (t.s[i] != 'b' || !text_starts(t, i, "boxed"))
            continue;
        char c = i + 5 < t.n ? t.s[i + 5] : 0;
        if ((c != '(' && c != '{') || (i && t.s[i - 1] == '\\'))
            continue;
        int depth = 0;
        for (size_t j = i + 5; j < t.n; j++) {
            depth += t.s[j] == c;
            depth -= t.s[j] == (c == '(' ? ')' : '}');
            if (!depth) {
                f.t = text_of(t.s + i + 6, j - i - 6);
                f.rule = "boxed_word";
                return f;
            }
        }
        return f;
    }
    return f;
}

struct found extract_boxed(struct arena *a, struct text t, int open_ok)
{
    struct boxes b = {0};
    struct found f = {.rule = "none"};

    if (!strstr(t.s, "box"))
        return f;
    scan(&b, t);
    int mentioned = b.n > 0;
    drop_empty(a, &b, t);
    if (b.n)
        f = join(a, t, &b);
    else if (open_ok && b.open_at)
        f = (struct found){.t = text_of(t.s + b.open_at, t.n - b.open_at),
                           .rule = "boxed"};
    else if (!b.open_at && !mentioned)
        f = word(t);
    if (f.t.s) /* the callers' texts end in NUL */
        f.t = text_of(arena_strndup(a, f.t.s, f.t.n), f.t.n);
    free(b.v);
    return f;
}
