/* reader - records out of streams, one after the other */
#include <stdlib.h>
#include <string.h>
#include "../base/hash.h"
#include "reader_impl.h"
#include "scan.h"

int rec_open(struct rec_reader **out, const char *path, struct err *e)
{
    struct rec_reader *r = xcalloc(1, sizeof *r);
    int x;

    *out = NULL;
    x = source_open(&r->src, path, e);
    if (x < 0) {
        free(r);
        return x;
    }
    rec_init(&r->rec);
    *out = r;
    return 0;
}

void rec_close(struct rec_reader **r)
{
    if (!*r)
        return;
    rec_drop(&(*r)->rec);
    hash_close(&(*r)->hash);
    source_close(&(*r)->src);
    free((*r)->header_json);
    free((*r)->made_by);
    free(*r);
    *r = NULL;
}

void rec_on_wait(struct rec_reader *r, int (*fn)(void *ctx, struct err *e),
                 void *ctx)
{
    source_on_wait(r->src, fn, ctx);
}

uint64_t rec_count(const struct rec_reader *r)
{
    return r->count;
}

const char *rec_name(const struct rec_reader *r)
{
    return source_name(r->src);
}

/* 1 and the line without its end, 0 at the end of the input. */
static int read_line(struct rec_reader *r, const char **line, size_t *n,
                     struct err *e)
{
    size_t seen = 0, have;
    int x;

    for (;;) {
        const char *p = source_bytes(r->src, &have), *nl;

        nl = have > seen ? memchr(p + seen, '\n', have - seen) : NULL;
        if (nl) {
            *line = p;
            *n = (size_t)(nl - p);
            r->lent = *n + 1;
            r->line++;
            return 1;
        }
        seen = have;
        if (seen > REC_MAX_BYTES)
            return err_set(e, ERR_DATA, "%s: line %llu: longer than 64 MiB",
                           rec_name(r), (unsigned long long)r->line + 1);
        x = source_more(r->src, e);
        if (x < 0)
            return x;
        if (!x)
            break;
    }
    if (source_cut(r->src))
        return reader_cut(r, "inside compressed data", e);
    *line = source_bytes(r->src, n);
    r->lent = *n;
    r->line++;
    return *n > 0;
}

static int is_blank(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != ' ' && p[i] != '\t' && p[i] != '\r')
            return 0;
    return 1;
}

/* Between streams: 0 a header was read, 1 a JSON record, 2 the end. */
static int next_stream(struct rec_reader *r, struct err *e)
{
    const char *p;
    size_t n;
    int x;

    for (;;) {
        unsigned c;

        source_take(r->src, r->lent);
        r->lent = 0;
        x = source_boundary(r->src, e);
        if (x < 0)
            return x;
        if (!x) {
            if (source_cut(r->src))
                return reader_cut(r, "inside compressed data", e);
            if (!r->streams)
                return err_set(e, ERR_DATA, "%s: empty input, no records",
                               rec_name(r));
            return 2;
        }
        p = source_bytes(r->src, &n);
        c = (unsigned char)p[0];
        if ((c >= 0x80 && c <= 0x8f) || c == 0xde || c == 0xdf)
            return reader_header(r, e);
        x = read_line(r, &p, &n, e);
        if (x < 0)
            return x;
        if (!x || is_blank(p, n))
            continue;
        x = row_parse(&r->rec, p, n, rec_name(r), r->line, e);
        if (x < 0)
            return x;
        if (!r->in_rows) {
            r->streams++;
            r->kind[0] = 0;
            free(r->header_json);
            r->header_json = NULL;
        }
        r->in_rows = 1;
        return 1;
    }
}

static int read_one(struct rec_reader *r, struct err *e)
{
    int x;

    for (;;) {
        if (r->where == ENDED)
            return 0;
        if (r->where == BETWEEN) {
            x = next_stream(r, e);
            if (x < 0)
                return x;
            if (x == 2) {
                r->where = ENDED;
                return 0;
            }
            if (x == 1)
                break;
        }
        source_take(r->src, r->lent);
        r->lent = 0;
        x = reader_object(r, e);
        if (x < 0)
            return x;
        if (r->rec.n && r->rec.f[0].n_key == 3 &&
            !memcmp(r->rec.f[0].key, "end", 3)) {
            x = reader_end(r, e);
            if (x < 0)
                return x;
            continue;
        }
        reader_count_bytes(r);
        r->in_stream++;
        break;
    }
    r->count++;
    r->rec.name = rec_name(r);
    r->rec.number = r->count;
    return 1;
}

/* Look at the first header before the first record is asked for. A JSON row
 * found there is kept for the next rec_read. */
static void look_ahead(const struct rec_reader *cr)
{
    union {
        const struct rec_reader *c;
        struct rec_reader *r;
    } u = {cr};
    struct rec_reader *r = u.r;
    int x;

    if (r->streams || r->pending || r->where != BETWEEN)
        return;
    x = next_stream(r, &r->pending_err);
    if (x == 1) {
        r->count++;
        r->rec.name = rec_name(r);
        r->rec.number = r->count;
        r->pending = 1;
    } else if (x < 0) {
        r->pending = x;
    }
}

int rec_ready(const struct rec_reader *r)
{
    size_t n;

    source_bytes(r->src, &n);
    /* the bytes of the record lent now are still at hand */
    return r->pending || n > r->lent || source_ready(r->src);
}

int rec_read(struct rec_reader *r, struct rec **rec, struct err *e)
{
    int x;

    *rec = NULL;
    if (r->pending > 0) {
        r->pending = 0;
        *rec = &r->rec;
        return 1;
    }
    if (r->pending < 0) {
        if (e)
            *e = r->pending_err;
        return r->pending;
    }
    x = read_one(r, e);
    if (x == 1)
        *rec = &r->rec;
    if (x < 0) {
        /* the next rec_read gives the same error */
        r->pending = x;
        if (e)
            r->pending_err = *e;
    }
    return x;
}

const char *rec_kind(const struct rec_reader *r)
{
    look_ahead(r);
    return r->kind;
}

const char *rec_header_json(const struct rec_reader *r)
{
    look_ahead(r);
    return r->header_json ? r->header_json : "";
}

int rec_streams(const struct rec_reader *r)
{
    look_ahead(r);
    return r->streams;
}

const char *rec_made_by_of(const struct rec_reader *r, uint32_t *n,
                           size_t *n_bytes)
{
    look_ahead(r);
    *n = r->n_made_by;
    *n_bytes = r->n_made_by_bytes;
    return r->made_by;
}
