/* page - the pages of a column chunk, decompressed one at a time */
#include "page.h"
#include <string.h>
#include <zlib.h>
#include "codec.h"

enum { HEADER_FIRST = 4096, HEADER_MAX = 4 << 20 };

struct header {
    int64_t type, n_plain, n_stored, n_values, encoding, rep_encoding,
        def_encoding, n_rep, n_def;
    int compressed; /* the values of a V2 page are */
    int has_crc, parts;
    uint32_t crc;
};

void page_open(struct pages *p, struct page_store *s, const char *column,
               const struct chunk *c)
{
    page_close(p);
    *p = (struct pages){.store = s,
                        .column = column,
                        .codec = c->codec,
                        .at = c->at,
                        .end = c->end};
}

void page_drop(struct page_store *s, struct buf *data)
{
    s->held -= data->n;
    buf_free(data);
    *data = (struct buf){0};
}

void page_close(struct pages *p)
{
    if (p->store)
        page_drop(p->store, &p->data);
}

struct buf page_take(struct pages *p)
{
    struct buf b = p->data;

    p->data = (struct buf){0};
    return b;
}

static int damaged(const struct pages *p, const char *what, struct err *e)
{
    return err_set(e, ERR_DATA, "%s: column '%s': page at byte %llu: %s",
                   p->store->f->name, p->column, (unsigned long long)p->at,
                   what);
}

/* The struct of one page type: its fields by their numbers there. */
static void read_part(struct header *h, struct thrift *t, int type)
{
    struct thrift_field f = {0, 0};

    h->parts++;
    while (thrift_field(t, &f)) {
        int64_t *to = NULL;

        switch (type << 4 | f.id) {
        case PAGE_V1 << 4 | 1:
        case PAGE_DICTIONARY << 4 | 1:
        case PAGE_V2 << 4 | 1:
            to = &h->n_values;
            break;
        case PAGE_V1 << 4 | 2:
        case PAGE_DICTIONARY << 4 | 2:
        case PAGE_V2 << 4 | 4:
            to = &h->encoding;
            break;
        case PAGE_V1 << 4 | 3:
            to = &h->def_encoding;
            break;
        case PAGE_V1 << 4 | 4:
            to = &h->rep_encoding;
            break;
        case PAGE_V2 << 4 | 5:
            to = &h->n_def;
            break;
        case PAGE_V2 << 4 | 6:
            to = &h->n_rep;
            break;
        case PAGE_V2 << 4 | 7:
            h->compressed = thrift_bool(t, &f);
            continue;
        default:
            break;
        }
        if (to)
            *to = thrift_int(t, &f);
        else
            thrift_skip(t, &f);
    }
}

static void read_header(struct header *h, struct thrift *t)
{
    struct thrift_field f = {0, 0};

    *h = (struct header){.type = -1,
                         .n_plain = -1,
                         .n_stored = -1,
                         .compressed = 1,
                         .rep_encoding = 3,
                         .def_encoding = 3};
    while (thrift_field(t, &f))
        switch (f.id) {
        case 1:
            h->type = thrift_int(t, &f);
            break;
        case 2:
            h->n_plain = thrift_int(t, &f);
            break;
        case 3:
            h->n_stored = thrift_int(t, &f);
            break;
        case 4:
            h->has_crc = 1;
            h->crc = (uint32_t)thrift_int(t, &f);
            break;
        case 5:
        case 7:
        case 8: {
            static const int types[] = {
                [5] = PAGE_V1, [7] = PAGE_DICTIONARY, [8] = PAGE_V2};

            if (thrift_struct(t, &f) && h->type == types[f.id])
                read_part(h, t, types[f.id]);
            else if (f.type == T_STRUCT)
                thrift_skip(t, &f);
            break;
        }
        default:
            thrift_skip(t, &f);
        }
}

/* The header at p->at, whose length is not known before; p->at moves behind
 * it. */
static int next_header(struct pages *p, struct header *h, struct err *e)
{
    struct buf *raw = &p->store->raw;
    size_t n = HEADER_FIRST;

    for (;; n *= 8) {
        struct thrift t;
        int r;

        if (n > p->end - p->at)
            n = (size_t)(p->end - p->at);
        raw->n = 0;
        r = pfile_read(p->store->f, p->at, buf_room(raw, n), n, e);
        if (r < 0)
            return r;
        t = (struct thrift){(uint8_t *)raw->p, (uint8_t *)raw->p + n,
                            THRIFT_OK};
        read_header(h, &t);
        if (!t.fault) {
            p->at += (uint64_t)(t.p - (uint8_t *)raw->p);
            return 0;
        }
        if (t.fault == THRIFT_BAD || n == p->end - p->at || n > HEADER_MAX)
            return damaged(p, "damaged header", e);
    }
}

static int check(const struct pages *p, const struct header *h, struct err *e)
{
    if (h->n_plain < 0 || h->n_stored < 0 || h->n_values < 0 ||
        h->n_values > INT32_MAX)
        return damaged(p, "damaged header", e);
    if ((uint64_t)h->n_stored > p->end - p->at)
        return damaged(p, "runs past the end of its column", e);
    if ((size_t)h->n_plain > PAGE_MAX || (size_t)h->n_stored > PAGE_MAX)
        return damaged(p, "larger than 256 MiB", e);
    if (h->type == PAGE_INDEX)
        return 0;
    if (h->type != PAGE_V1 && h->type != PAGE_DICTIONARY && h->type != PAGE_V2)
        return damaged(p, "a type of page that is not known", e);
    if (h->parts != 1)
        return damaged(p, "damaged header", e);
    if (h->n_def < 0 || h->n_rep < 0 || h->n_def > h->n_plain ||
        h->n_rep > h->n_plain - h->n_def || h->n_def + h->n_rep > h->n_stored)
        return damaged(p, "levels longer than the page", e);
    return 0;
}

/* The stored bytes into p->data; levels of a V2 page are never compressed. */
static int decompress(struct pages *p, const struct header *h, struct err *e)
{
    const uint8_t *raw = (const uint8_t *)p->store->raw.p;
    size_t levels = (size_t)(h->n_def + h->n_rep);
    size_t n = (size_t)h->n_plain, n_stored = (size_t)h->n_stored;
    int codec = h->type == PAGE_V2 && !h->compressed ? 0 : p->codec;
    uint8_t *to;

    page_drop(p->store, &p->data);
    if (n > PAGES_MAX - p->store->held)
        return damaged(p, "more than 1 GiB of pages at once", e);
    to = (uint8_t *)buf_room(&p->data, n + 1);
    if (levels)
        memcpy(to, raw, levels);
    if (codec_decompress(codec, raw + levels, n_stored - levels, to + levels,
                         n - levels))
        return damaged(p, "damaged compressed data", e);
    p->data.n = n;
    p->store->held += n;
    return 0;
}

static int load(struct pages *p, const struct header *h, struct err *e)
{
    struct buf *raw = &p->store->raw;
    size_t n = (size_t)h->n_stored;
    int r;

    raw->n = 0;
    r = pfile_read(p->store->f, p->at, buf_room(raw, n + 1), n, e);
    if (!r && h->has_crc &&
        crc32(crc32(0, NULL, 0), (const Bytef *)raw->p, (uInt)n) != h->crc)
        r = damaged(p, "its checksum differs", e);
    return r ? r : decompress(p, h, e);
}

int page_next(struct pages *p, struct page *page, struct err *e)
{
    struct header h;
    int r;

    do {
        if (p->at == p->end)
            return 0;
        if ((r = next_header(p, &h, e)) < 0 || (r = check(p, &h, e)) < 0)
            return r;
        if (h.type != PAGE_INDEX && (r = load(p, &h, e)) < 0)
            return r;
        p->at += (uint64_t)h.n_stored;
    } while (h.type == PAGE_INDEX);
    *page = (struct page){.type = (enum page_type)h.type,
                          .n_values = (int)h.n_values,
                          .encoding = (int)h.encoding,
                          .rep_encoding = (int)h.rep_encoding,
                          .def_encoding = (int)h.def_encoding,
                          .n_rep = (size_t)h.n_rep,
                          .n_def = (size_t)h.n_def,
                          .data = (const uint8_t *)p->data.p,
                          .n = p->data.n};
    return 1;
}
