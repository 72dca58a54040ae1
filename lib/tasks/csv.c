/* csv - rows of a CSV file */
#include "csv.h"
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"

/* How far a row has been looked at, and what stood there. */
struct extent {
    size_t at;
    int quoted;
    int closed; /* the last byte closed quotes: another one is a quote */
    int filled; /* the field has bytes: a quote is a byte like any other */
};

/* 1 when the row is whole, with its length without the line end in x->at. */
static int row_ends(struct extent *x, const char *p, size_t n)
{
    for (; x->at < n; x->at++) {
        char c = p[x->at];
        int closed = x->closed;

        x->closed = 0;
        if (c == '"' && x->quoted) {
            x->quoted = 0;
            x->closed = 1;
        } else if (c == '"' && (closed || !x->filled)) {
            x->quoted = 1;
            x->filled = closed;
        } else if (c == '\n' && !x->quoted) {
            return 1;
        } else {
            x->filled = c != ',' || x->quoted;
        }
    }
    return 0;
}

static int put_field(json_t *row, const char *field, size_t n)
{
    json_t *s = json_stringn(field, n);

    return s ? json_array_append_new(row, s) : -1;
}

/* A whole row's fields; NULL when one is not valid UTF-8. */
static json_t *split(const char *p, size_t n)
{
    char *field = xmalloc(n + 1);
    json_t *row = json_array();
    size_t k = 0;
    int quoted = 0, bad = 0;

    for (size_t i = 0; i < n && !bad; i++) {
        if (quoted && p[i] == '"' && i + 1 < n && p[i + 1] == '"') {
            field[k++] = '"';
            i++;
        } else if (p[i] == '"' && (quoted || k == 0)) {
            quoted = !quoted;
        } else if (p[i] == ',' && !quoted) {
            bad = put_field(row, field, k);
            k = 0;
        } else {
            field[k++] = p[i];
        }
    }
    if (!bad)
        bad = put_field(row, field, k);
    free(field);
    if (!bad)
        return row;
    json_decref(row);
    return NULL;
}

int csv_next(struct lines *l, struct item *it, struct err *e)
{
    struct extent x = {0};
    const char *p;
    size_t n;
    int r = lines_begin_row(l, "\r\n", e), whole = 0;

    item_clear(it);
    if (r <= 0)
        return r;
    for (;;) {
        p = lines_bytes(l, &n);
        whole = row_ends(&x, p, n);
        if (whole ||
            (r = lines_more(l, x.quoted ? "a quoted field" : "a row", e)) <= 0)
            break;
    }
    if (r < 0)
        return r;
    if (x.quoted)
        return err_set(e, ERR_DATA,
                       "%s: line %ld: a quoted field does not "
                       "end",
                       lines_name(l), l->row_line);
    p = lines_bytes(l, &n); /* looking for more may have moved them */
    n = x.at;
    it->json = split(p, n - (n && p[n - 1] == '\r'));
    lines_take(l, x.at + (size_t)whole);
    return it->json ? 1
                    : err_set(e, ERR_DATA,
                              "%s: line %ld: a field is not "
                              "valid UTF-8",
                              lines_name(l), l->row_line);
}
