/* doc - blocks, and the plain text made of them */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "doc.h"
#include "doc_impl.h"

struct doc *doc_open(const char *title)
{
    struct doc *d = xcalloc(1, sizeof *d);

    d->title = xstrdup(title);
    return d;
}

void doc_close(struct doc **dp)
{
    struct doc *d = *dp;

    if (!d)
        return;
    for (int i = 0; i < d->n; i++) {
        free(d->b[i].text);
        free(d->b[i].key);
        table_close(&d->b[i].table);
    }
    free(d->b);
    free(d->title);
    free(d);
    *dp = NULL;
}

static struct block *add(struct doc *d, enum block_type type)
{
    if (d->n == d->cap) {
        d->cap = 2 * d->cap + 32;
        d->b = xrealloc(d->b, (size_t)d->cap, sizeof *d->b);
    }
    memset(&d->b[d->n], 0, sizeof *d->b);
    d->b[d->n].type = type;
    return &d->b[d->n++];
}

static char *format(const char *fmt, va_list ap)
{
    va_list again;
    char *s;
    int n;

    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    s = xmalloc((size_t)n + 1);
    vsnprintf(s, (size_t)n + 1, fmt, ap);
    return s;
}

void doc_heading(struct doc *d, const char *text)
{
    add(d, BLOCK_HEADING)->text = xstrdup(text);
}

void doc_para(struct doc *d, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add(d, BLOCK_PARA)->text = format(fmt, ap);
    va_end(ap);
}

void doc_note(struct doc *d, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    add(d, BLOCK_NOTE)->text = format(fmt, ap);
    va_end(ap);
}

void doc_fact(struct doc *d, const char *key, const char *fmt, ...)
{
    struct block *b = add(d, BLOCK_FACT);
    va_list ap;

    va_start(ap, fmt);
    b->text = format(fmt, ap);
    b->key = xstrdup(key);
    va_end(ap);
}

void doc_table(struct doc *d, struct table *t)
{
    add(d, BLOCK_TABLE)->table = t;
}

void doc_table_aside(struct doc *d, struct table *t)
{
    add(d, BLOCK_ASIDE)->table = t;
}

void doc_plot(struct doc *d, const char *name, const char *caption)
{
    struct block *b = add(d, BLOCK_PLOT);

    b->key = xstrdup(name);
    b->text = xstrdup(caption);
}

const struct table *doc_table_at(const struct doc *d, int i)
{
    for (int k = 0; k < d->n; k++)
        if (d->b[k].table && !i--)
            return d->b[k].table;
    return NULL;
}

/* Words of s, the first line after `first` columns already written, the others
 * behind `indent` blanks. */
static void wrap(const char *s, int first, int indent, struct buf *out)
{
    int at = first, fresh = 1;

    while (*s) {
        size_t n = strcspn(s, " ");
        int w = 0;

        for (size_t i = 0; i < n; i++)
            w += ((unsigned char)s[i] & 0xC0) != 0x80;
        if (!fresh && at + 1 + w > DOC_WIDTH) {
            buf_printf(out, "\n%*s", indent, "");
            at = indent;
        } else if (!fresh) {
            buf_puts(out, " ");
            at++;
        }
        buf_put(out, s, n);
        at += w;
        fresh = 0;
        s += n;
        s += *s == ' ';
    }
    buf_puts(out, "\n");
}

static void underline(const char *s, char c, struct buf *out)
{
    buf_printf(out, "%s\n", s);
    for (int n = table_columns(s); n; n--)
        buf_put(out, &c, 1);
    buf_puts(out, "\n");
}

static int key_width(const struct doc *d, int i)
{
    int w = 0, first = i;

    while (first && d->b[first - 1].type == BLOCK_FACT)
        first--;
    for (; first < d->n && d->b[first].type == BLOCK_FACT; first++) {
        int n = table_columns(d->b[first].key);

        w = n > w ? n : w;
    }
    return w;
}

static void block_text(const struct doc *d, int i, struct buf *out)
{
    const struct block *b = &d->b[i];
    int w;

    switch (b->type) {
    case BLOCK_HEADING:
        buf_puts(out, "\n");
        underline(b->text, '-', out);
        break;
    case BLOCK_PARA:
        wrap(b->text, 0, 0, out);
        break;
    case BLOCK_NOTE:
        buf_puts(out, "=> ");
        wrap(b->text, 3, 3, out);
        break;
    case BLOCK_FACT:
        w = key_width(d, i);
        buf_printf(out, "%s%*s  ", b->key, w - table_columns(b->key), "");
        wrap(b->text, w + 2, w + 2, out);
        break;
    case BLOCK_TABLE:
        wrap(b->table->caption, 0, 0, out);
        buf_puts(out, "\n");
        table_text(b->table, 2, out);
        break;
    case BLOCK_ASIDE:
    case BLOCK_PLOT:
        return;
    }
    if (b->type != BLOCK_FACT || i + 1 == d->n ||
        d->b[i + 1].type != BLOCK_FACT)
        buf_puts(out, "\n");
}

void doc_text(const struct doc *d, struct buf *out)
{
    underline(d->title, '=', out);
    buf_puts(out, "\n");
    for (int i = 0; i < d->n; i++)
        block_text(d, i, out);
    while (out->n > 1 && out->p[out->n - 2] == '\n')
        out->n--;
}
