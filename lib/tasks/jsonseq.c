/* jsonseq - JSON values of a text */
#include "jsonseq.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

static const char white[] = " \t\r\n";

/* How far a value has been looked at, and what stood there. */
struct extent {
    size_t at;
    int depth, in_string, escaped;
    int in_array; /* a comma or bracket of the array ends the value */
};

/* 1 when the value is whole, with its length in x->at. A line end in a string
 * is a fault that the parser will name: the value ends there. */
static int value_ends(struct extent *x, const char *p, size_t n)
{
    for (; x->at < n; x->at++) {
        char c = p[x->at];

        if (x->in_string) {
            if (c == '\n')
                return 1;
            if (x->escaped)
                x->escaped = 0;
            else if (c == '\\')
                x->escaped = 1;
            else if (c == '"')
                x->in_string = 0;
        } else if (c == '"') {
            x->in_string = 1;
        } else if (c == '{' || c == '[') {
            x->depth++;
        } else if (c == '}' || c == ']') {
            if (x->in_array && x->depth == 0)
                return 1;
            x->depth -= x->depth > 0;
        } else if (x->depth == 0 && c == (x->in_array ? ',' : '\n')) {
            return 1;
        }
    }
    return 0;
}

/* Parses the value at hand, found whole or not, and takes it. */
static int parse(struct lines *l, size_t n, struct item *it, struct err *e)
{
    char name[PATH_MAX + 64];
    size_t have;
    int r;

    snprintf(name, sizeof name, "%s: line %ld", lines_name(l), l->row_line);
    r = item_read(it, lines_bytes(l, &have), n, name, e);
    if (r < 0)
        return r;
    lines_take(l, n);
    return 1;
}

static int next_value(struct lines *l, int in_array, struct item *it,
                      struct err *e)
{
    struct extent x = {.in_array = in_array};
    struct err syntax = {0};
    const char *p;
    size_t n;
    int r = 0;

    for (;;) {
        p = lines_bytes(l, &n);
        if (value_ends(&x, p, n) || (r = lines_more(l, "a row", e)) <= 0)
            break;
    }
    /* Of a row without an end, what is wrong with its beginning tells more. */
    if (r < 0 && n > LINES_ROW_MAX) {
        if (parse(l, x.at, it, &syntax) < 0 &&
            !strstr(syntax.msg, "end of file") &&
            !strstr(syntax.msg, "premature end"))
            *e = syntax;
        return -e->code;
    }
    return r < 0 ? r : parse(l, x.at, it, e);
}

static int is_next(const struct lines *l, char c)
{
    size_t n;
    const char *p = lines_bytes(l, &n);

    return n && *p == c;
}

static int unexpected(const struct lines *l, const char *expected,
                      struct err *e)
{
    return err_set(e, ERR_DATA, "%s: line %ld: expected %s", lines_name(l),
                   l->line, expected);
}

/* Inside an array: up to the next element; 1, 0 at the array's end. */
static int next_element(struct jsonseq *v, struct lines *l, struct err *e)
{
    int r = lines_begin_row(l, white, e);

    if (r < 0)
        return r;
    if (is_next(l, ']')) {
        lines_take(l, 1);
        v->state = JSONSEQ_END;
        r = lines_begin_row(l, white, e);
        return r > 0 ? unexpected(l, "nothing behind the array", e) : r;
    }
    if (v->state == JSONSEQ_LATER) {
        if (!is_next(l, ','))
            return unexpected(l, "',' or ']' behind an element", e);
        lines_take(l, 1);
        r = lines_begin_row(l, white, e);
    }
    if (r < 0)
        return r;
    if (!r || is_next(l, ']'))
        return unexpected(l, "an element of the array", e);
    v->state = JSONSEQ_LATER;
    return 1;
}

int jsonseq_next(struct jsonseq *v, struct lines *l, struct item *it,
                 struct err *e)
{
    int r;

    item_clear(it);
    if (v->state == JSONSEQ_END)
        return 0;
    if (v->state == JSONSEQ_START || v->state == JSONSEQ_LINES) {
        r = lines_begin_row(l, white, e);
        if (r <= 0)
            return r;
        if (v->state == JSONSEQ_LINES || !is_next(l, '[')) {
            v->state = JSONSEQ_LINES;
            return next_value(l, 0, it, e);
        }
        lines_take(l, 1);
        v->state = JSONSEQ_FIRST;
    }
    r = next_element(v, l, e);
    return r > 0 ? next_value(l, 1, it, e) : r;
}
