/* column - one leaf column of a row group, entry by entry */
#include "column.h"
#include <stdlib.h>
#include <string.h>
#include "../base/le32.h"
#include "codec.h"

static const char *name(const struct column *c)
{
    return c->pages.store->f->name;
}

static int damaged(const struct column *c, const char *what, struct err *e)
{
    return err_set(e, ERR_DATA, "%s: column '%s': damaged page: %s", name(c),
                   c->leaf->path, what);
}

int column_open(struct column *c, const struct node *leaf, struct page_store *s,
                const struct chunk *chunk, struct err *e)
{
    column_close(c);
    c->leaf = leaf;
    c->left = chunk->n_values;
    page_open(&c->pages, s, leaf->path, chunk);
    return codec_check(chunk->codec, s->f->name, e);
}

void column_close(struct column *c)
{
    struct page_store *s = c->pages.store;

    if (!s)
        return;
    page_drop(s, &c->dictionary.data);
    free(c->dictionary.span);
    values_free(&c->values);
    page_close(&c->pages);
    *c = (struct column){0};
}

static unsigned bits_for(int level)
{
    unsigned n = 0;

    while (level >> n)
        n++;
    return n;
}

/* Levels of a V1 page: a length of 4 bytes, then runs; none where the highest
 * level is 0. *p moves behind them. */
static int v1_levels(struct column *c, struct rle *r, int max, int encoding,
                     const uint8_t **p, const uint8_t *end, struct err *e)
{
    uint32_t n;

    if (!max)
        return 0;
    if (encoding != 3)
        return err_set(e, ERR_DATA,
                       "%s: column '%s': levels in the "
                       "encoding %s, which is not read",
                       name(c), c->leaf->path,
                       encoding_name(encoding) ? encoding_name(encoding)
                                               : "of no known name");
    if (end - *p < 4)
        return damaged(c, "no levels", e);
    n = le32_get(*p);
    *p += 4;
    if (n > (size_t)(end - *p))
        return damaged(c, "levels run past its end", e);
    (void)rle_open(r, *p, *p + n, bits_for(max));
    *p += n;
    return 0;
}

static int open_levels(struct column *c, const struct page *page,
                       const uint8_t **p, struct err *e)
{
    const uint8_t *end = page->data + page->n;
    int r;

    if (page->type == PAGE_V1) {
        r = v1_levels(c, &c->reps, c->leaf->rep, page->rep_encoding, p, end, e);
        return r ? r
                 : v1_levels(c, &c->defs, c->leaf->def, page->def_encoding, p,
                             end, e);
    }
    (void)rle_open(&c->reps, *p, *p + page->n_rep, bits_for(c->leaf->rep));
    *p += page->n_rep;
    (void)rle_open(&c->defs, *p, *p + page->n_def, bits_for(c->leaf->def));
    *p += page->n_def;
    return 0;
}

static int bad_values(const struct column *c, int code, int encoding,
                      struct err *e)
{
    const char *what = encoding_name(encoding);

    if (code == -1)
        return damaged(c, what ? what : "values", e);
    return err_set(e, ERR_DATA,
                   "%s: column '%s': values in the encoding "
                   "%s, which is not read for their type",
                   name(c), c->leaf->path, what ? what : "of no known name");
}

static int read_dictionary(struct column *c, const struct page *page,
                           struct err *e)
{
    int r;

    if (c->dictionary.data.p)
        return damaged(c, "a second dictionary", e);
    c->dictionary.data = page_take(&c->pages);
    r = dictionary_open(&c->dictionary, c->leaf, page->encoding,
                        (size_t)page->n_values);
    return r ? bad_values(c, r, page->encoding, e) : 0;
}

/* The next data page: 1, 0 when the chunk has ended. */
static int next_page(struct column *c, struct err *e)
{
    struct page page;
    const uint8_t *p;
    int r;

    while ((r = page_next(&c->pages, &page, e)) > 0 &&
           page.type == PAGE_DICTIONARY)
        if ((r = read_dictionary(c, &page, e)) < 0)
            return r;
    if (r < 0)
        return r;
    if (!r)
        return c->left ? damaged(c, "fewer values than the column says", e) : 0;
    if (page.n_values > c->left)
        return damaged(c, "more values than the column says", e);
    p = page.data;
    if ((r = open_levels(c, &page, &p, e)) < 0)
        return r;
    r = values_open(&c->values, c->leaf, page.encoding, p, page.data + page.n,
                    &c->dictionary);
    if (r)
        return bad_values(c, r, page.encoding, e);
    c->in_page = page.n_values;
    c->left -= page.n_values;
    return 1;
}

static int next_level(const struct column *c, struct rle *r, int max,
                      int *level, struct err *e)
{
    uint32_t v = 0;

    if (max && rle_next(r, &v))
        return damaged(c, "too few levels", e);
    if (v > (uint32_t)max)
        return damaged(c, "a level above the column's", e);
    *level = (int)v;
    return 0;
}

int column_peek(struct column *c, struct err *e)
{
    int r;

    if (c->ready)
        return 1;
    while (!c->in_page)
        if ((r = next_page(c, e)) <= 0)
            return r;
    if ((r = next_level(c, &c->reps, c->leaf->rep, &c->rep, e)) < 0 ||
        (r = next_level(c, &c->defs, c->leaf->def, &c->def, e)) < 0)
        return r;
    if (c->def == c->leaf->def && values_next(&c->values, &c->value))
        return bad_values(c, -1, c->values.encoding, e);
    if (!--c->in_page && !values_ended(&c->values))
        return damaged(c, "bytes are left over behind its values", e);
    c->ready = 1;
    return 1;
}

void column_take(struct column *c)
{
    c->ready = 0;
}
