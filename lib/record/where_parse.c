/* where_parse - the text of a condition becomes a tree */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "where_impl.h"

enum { MAX_DEPTH = 100, MAX_NODES = 1000 };

struct parser {
    struct where *w;
    const char *text, *at;
    int depth;
    struct err *e;
};

static int disjunction(struct parser *p);

static void blanks(struct parser *p)
{
    p->at += strspn(p->at, " \t\r\n");
}

static int expected(struct parser *p, const char *what)
{
    size_t n = strcspn(p->at, " \t\r\n");

    if (!*p->at)
        return err_set(p->e, ERR_USAGE,
                       "--where: column %zu: it ends, "
                       "expected %s",
                       (size_t)(p->at - p->text) + 1, what);
    return err_set(p->e, ERR_USAGE,
                   "--where: column %zu: found '%.*s', "
                   "expected %s",
                   (size_t)(p->at - p->text) + 1, (int)(n > 40 ? 40 : n), p->at,
                   what);
}

static int add(struct parser *p, enum where_op op, int a, int b)
{
    struct where *w = p->w;

    if (w->n == MAX_NODES)
        return err_set(p->e, ERR_USAGE, "--where: more than %d parts",
                       MAX_NODES);
    if (w->n == w->cap) {
        w->cap = 2 * w->cap + 16;
        w->node = xrealloc(w->node, (size_t)w->cap, sizeof *w->node);
    }
    w->node[w->n] = (struct where_node){.op = op, .a = a, .b = b};
    return w->n++;
}

static int is_name(int c)
{
    return isalnum(c) || c == '_';
}

/* Takes the word if it comes next, whole. */
static int word(struct parser *p, const char *s)
{
    size_t n = strlen(s);

    blanks(p);
    if (strncmp(p->at, s, n) || is_name((unsigned char)p->at[n]) ||
        p->at[n] == '.')
        return 0;
    p->at += n;
    return 1;
}

static int sign(struct parser *p, const char *s)
{
    size_t n = strlen(s);

    blanks(p);
    if (strncmp(p->at, s, n))
        return 0;
    p->at += n;
    return 1;
}

static int keep_text(struct parser *p, int i, const char *s, size_t n)
{
    struct where_node *x = &p->w->node[i];

    x->s = xmalloc(n + 1);
    if (n)
        memcpy(x->s, s, n);
    x->s[n] = 0;
    x->n = n;
    return i;
}

static int string(struct parser *p)
{
    static const char from[] = "ntr\\\"'", to[] = "\n\t\r\\\"'";
    char quote = *p->at, *s = xmalloc(strlen(p->at));
    size_t n = 0;
    int i = -1;

    for (p->at++; *p->at && *p->at != quote; p->at++) {
        const char *k;

        s[n] = *p->at;
        if (*p->at == '\\') {
            k = p->at[1] ? strchr(from, p->at[1]) : NULL;
            if (!k)
                break;
            s[n] = to[k - from];
            p->at++;
        }
        n++;
    }
    if (*p->at == quote) {
        p->at++;
        i = add(p, W_STRING, 0, 0);
        i = i < 0 ? i : keep_text(p, i, s, n);
    } else {
        i = expected(p, *p->at ? "\\n \\t \\r \\\\ \\\" or \\'"
                               : "the end of a string");
    }
    free(s);
    return i;
}

static int number(struct parser *p)
{
    const char *s = p->at + (*p->at == '-' || *p->at == '+');
    size_t digits = strspn(s, "0123456789");
    size_t n = strspn(s, "0123456789.eE");
    char *end;
    long double x;
    int i;

    /* the sign of an exponent */
    while (n && (s[n - 1] == 'e' || s[n - 1] == 'E') &&
           (s[n] == '-' || s[n] == '+'))
        n += 1 + strspn(s + n + 1, "0123456789");
    errno = 0;
    x = digits == n ? (long double)strtoull(s, &end, 10)
                    : (long double)strtod(s, &end);
    if (!n || end != s + n || is_name((unsigned char)s[n]) || !digits ||
        (digits == n && errno) || !isfinite((double)x))
        return expected(p, "a number");
    i = add(p, W_NUMBER, 0, 0);
    if (i >= 0)
        p->w->node[i].number = *p->at == '-' ? -x : x;
    p->at = s + n;
    return i;
}

/* A dotted name, or any text within ` `. */
static int path(struct parser *p, enum where_op op)
{
    const char *s;
    size_t n = 0;
    int i;

    blanks(p);
    s = p->at;
    if (*s == '`') {
        n = strcspn(++s, "`");
        if (!n || !s[n])
            return expected(p, "a name and another `");
        p->at = s + n + 1;
    } else {
        while (is_name((unsigned char)s[n]) ||
               (n && s[n] == '.' && is_name((unsigned char)s[n + 1])))
            n++;
        if (!n || isdigit((unsigned char)*s))
            return expected(p, op == W_LEN ? "the name of a field"
                                           : "a name, a number or a string");
        p->at = s + n;
    }
    i = add(p, op, 0, 0);
    return i < 0 ? i : keep_text(p, i, s, n);
}

static int operand(struct parser *p)
{
    const char *was;
    int i;

    blanks(p);
    was = p->at;
    if (*p->at == '"' || *p->at == '\'')
        return string(p);
    if (isdigit((unsigned char)*p->at) || *p->at == '-' || *p->at == '+')
        return number(p);
    if (word(p, "null"))
        return add(p, W_NULL, 0, 0);
    if (word(p, "true") || word(p, "false")) {
        i = add(p, W_NUMBER, 0, 0);
        if (i >= 0)
            p->w->node[i].number = *was == 't';
        return i;
    }
    if (word(p, "and") || word(p, "or") || word(p, "not")) {
        p->at = was;
        return expected(p, "a name, a number or a string");
    }
    if (!word(p, "len") || !sign(p, "(")) {
        p->at = was;
        return path(p, W_FIELD);
    }
    i = path(p, W_LEN);
    return i < 0 || sign(p, ")") ? i : expected(p, ")");
}

static int comparison(struct parser *p)
{
    static const char *const name[] = {"==", "!=", "<=", ">=", "<", ">"};
    static const enum where_op op[] = {W_EQ, W_NE, W_LE, W_GE, W_LT, W_GT};
    struct where_node *x;
    int a = operand(p), b, k = 0;

    if (a < 0)
        return a;
    while (k < 6 && !sign(p, name[k]))
        k++;
    if (k == 6 && *p->at == '=')
        return expected(p, "==");
    if (k == 6 && p->w->node[a].op == W_STRING)
        return expected(p, "a comparison of that string");
    if (k == 6)
        return a;
    b = operand(p);
    if (b < 0)
        return b;
    x = p->w->node;
    x[a].known |= x[b].op == W_NULL;
    x[b].known |= x[a].op == W_NULL;
    return add(p, op[k], a, b);
}

static int negation(struct parser *p)
{
    int i;

    if (p->depth == MAX_DEPTH)
        return err_set(p->e, ERR_USAGE,
                       "--where: nested deeper than %d "
                       "levels",
                       MAX_DEPTH);
    p->depth++;
    if (word(p, "not")) {
        i = negation(p);
        i = i < 0 ? i : add(p, W_NOT, i, 0);
    } else if (sign(p, "(")) {
        i = disjunction(p);
        if (i >= 0 && !sign(p, ")"))
            i = expected(p, "and, or, or )");
    } else {
        i = comparison(p);
    }
    p->depth--;
    return i;
}

static int conjunction(struct parser *p)
{
    int i = negation(p);

    while (i >= 0 && word(p, "and")) {
        int j = negation(p);

        i = j < 0 ? j : add(p, W_AND, i, j);
    }
    return i;
}

static int disjunction(struct parser *p)
{
    int i = conjunction(p);

    while (i >= 0 && word(p, "or")) {
        int j = conjunction(p);

        i = j < 0 ? j : add(p, W_OR, i, j);
    }
    return i;
}

/* A path that is compared with null somewhere may be missing everywhere. */
static void spread_known(struct where *w)
{
    for (int i = 0; i < w->n; i++)
        for (int j = 0; w->node[i].s && j < w->n; j++)
            if (w->node[j].s && !strcmp(w->node[i].s, w->node[j].s))
                w->node[i].known |= w->node[j].known;
}

int where_open(struct where **out, const char *text, struct err *e)
{
    struct where *w = xcalloc(1, sizeof *w);
    struct parser p = {.w = w, .text = text, .at = text, .e = e};

    w->root = disjunction(&p);
    blanks(&p);
    if (w->root >= 0 && *p.at)
        w->root = expected(&p, "and, or, or the end");
    *out = w;
    if (w->root >= 0) {
        spread_known(w);
        return 0;
    }
    where_close(out);
    return -ERR_USAGE;
}

void where_close(struct where **w)
{
    if (!*w)
        return;
    for (int i = 0; i < (*w)->n; i++)
        free((*w)->node[i].s);
    free((*w)->node);
    free(*w);
    *w = NULL;
}
