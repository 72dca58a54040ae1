/* table - aligned text, TSV and HTML from the same cells */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "table.h"

int table_columns(const char *s)
{
    int n = 0;

    for (; *s; s++)
        n += ((unsigned char)*s & 0xC0) != 0x80;
    return n;
}

static void add(struct table *t, char *s)
{
    int row = t->n_rows - 1, n = 0;

    /* a cell is empty (NULL) until it is filled */
    while (row >= 0 && n < t->n_cols && t->cell[row * t->n_cols + n])
        n++;
    if (row < 0 || n == t->n_cols) {
        n = 0;
        row = t->n_rows++;
        if (t->n_rows + 1 > t->cap) {
            int was = t->cap;

            t->cap = 2 * t->cap + 8;
            t->cell = xrealloc(t->cell, (size_t)(t->cap * t->n_cols),
                               sizeof *t->cell);
            t->rule = xrealloc(t->rule, (size_t)t->cap, 1);
            memset(t->rule + was, 0, (size_t)(t->cap - was));
        }
        for (int c = 0; c < t->n_cols; c++)
            t->cell[row * t->n_cols + c] = NULL;
    }
    t->cell[row * t->n_cols + n] = s;
}

struct table *table_open(const char *name, const char *caption,
                         const char *heads)
{
    struct table *t = xcalloc(1, sizeof *t);
    const char *s = heads;

    t->name = xstrdup(name);
    t->caption = xstrdup(caption);
    for (t->n_cols = 1; *s; s++)
        t->n_cols += *s == '|';
    for (int c = 0; c < t->n_cols; c++) {
        size_t n = strcspn(heads, "|");
        char *h;

        if (*heads == '<') {
            t->left |= 1u << c;
            heads++;
            n--;
        }
        h = xmalloc(n + 1);
        memcpy(h, heads, n);
        h[n] = 0;
        add(t, h);
        heads += n + 1;
    }
    return t;
}

void table_close(struct table **t)
{
    if (!*t)
        return;
    for (int i = 0; i < (*t)->n_rows * (*t)->n_cols; i++)
        free((*t)->cell[i]);
    free((*t)->cell);
    free((*t)->rule);
    free((*t)->name);
    free((*t)->caption);
    free(*t);
    *t = NULL;
}

void table_cell(struct table *t, const char *fmt, ...)
{
    va_list ap;
    char *s;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    s = xmalloc((size_t)n + 1);
    va_start(ap, fmt);
    vsnprintf(s, (size_t)n + 1, fmt, ap);
    va_end(ap);
    add(t, s);
}

void table_rule(struct table *t)
{
    t->rule[t->n_rows] = 1;
}

static const char *cell(const struct table *t, int row, int col)
{
    const char *s = t->cell[row * t->n_cols + col];

    return s ? s : "";
}

/* The cell as it is shown: blank in a merged column that says the same as the
 * row above. */
static const char *shown(const struct table *t, int row, int col)
{
    if (row < 2 || col >= t->merge)
        return cell(t, row, col);
    for (int c = 0; c <= col; c++)
        if (strcmp(cell(t, row, c), cell(t, row - 1, c)))
            return cell(t, row, col);
    return "";
}

static int width(const struct table *t, int col)
{
    int w = 0;

    for (int i = 0; i < t->n_rows; i++) {
        int n = table_columns(cell(t, i, col));

        w = n > w ? n : w;
    }
    return w;
}

/* Width of table_text without the indent. */
static int width_of(const struct table *t)
{
    int w = 2 * (t->n_cols - 1);

    for (int c = 0; c < t->n_cols; c++)
        w += width(t, c);
    return w;
}

static void line(const struct table *t, int indent, struct buf *out)
{
    int n = width_of(t);

    buf_printf(out, "%*s", indent, "");
    while (n--)
        buf_puts(out, "-");
    buf_puts(out, "\n");
}

void table_text(const struct table *t, int indent, struct buf *out)
{
    for (int i = 0; i < t->n_rows; i++) {
        size_t end;

        if (i == 1 || t->rule[i])
            line(t, indent, out);
        buf_printf(out, "%*s", indent, "");
        for (int c = 0; c < t->n_cols; c++) {
            const char *s = shown(t, i, c);
            int pad = width(t, c) - table_columns(s);

            if (t->left >> c & 1)
                buf_printf(out, "%s%*s", s, pad, "");
            else
                buf_printf(out, "%*s%s", pad, "", s);
            if (c + 1 < t->n_cols)
                buf_puts(out, "  ");
        }
        for (end = out->n; end && out->p[end - 1] == ' '; end--)
            ;
        out->n = end;
        buf_puts(out, "\n");
    }
}

/* What R and pandas read as a missing value. */
static const char *or_na(const char *s)
{
    return strcmp(s, "n.c.") && strcmp(s, "-") ? s : "NA";
}

void table_tsv(const struct table *t, struct buf *out)
{
    for (int i = 0; i < t->n_rows; i++)
        for (int c = 0; c < t->n_cols; c++)
            buf_printf(out, "%s%s", or_na(cell(t, i, c)),
                       c + 1 < t->n_cols ? "\t" : "\n");
}

void table_escape(const char *s, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++)
        switch (s[i]) {
        case '<':
            buf_puts(out, "&lt;");
            break;
        case '>':
            buf_puts(out, "&gt;");
            break;
        case '&':
            buf_puts(out, "&amp;");
            break;
        case '"':
            buf_puts(out, "&quot;");
            break;
        default:
            buf_put(out, s + i, 1);
        }
}

void table_html(const struct table *t, struct buf *out)
{
    buf_printf(out, "<table id=\"t-%s\" aria-describedby=\"c-%s\">\n", t->name,
               t->name);
    for (int i = 0; i < t->n_rows; i++) {
        const char *tag = i ? "td" : "th";

        buf_puts(out, i == 0       ? "<thead>\n<tr>"
                      : i == 1     ? "<tbody>\n<tr>"
                      : t->rule[i] ? "<tr class=\"rule\">"
                                   : "<tr>");
        for (int c = 0; c < t->n_cols; c++) {
            /* what repeats is there for sorting and unseen until then */
            int again = strcmp(shown(t, i, c), cell(t, i, c));

            buf_printf(out, "<%s%s>", tag,
                       t->left >> c & 1
                           ? again ? " class=\"l rep\"" : " class=\"l\""
                       : again ? " class=\"rep\""
                               : "");
            table_escape(cell(t, i, c), strlen(cell(t, i, c)), out);
            buf_printf(out, "</%s>", tag);
        }
        buf_puts(out, i ? "</tr>\n" : "</tr>\n</thead>\n");
    }
    buf_puts(out, t->n_rows > 1 ? "</tbody>\n</table>\n" : "</table>\n");
}
