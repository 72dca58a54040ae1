/* footer - what the end of a Parquet file says */
#include "footer.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "../base/arena.h"
#include "../base/le32.h"

int pfile_read(const struct pfile *f, uint64_t at, void *to, size_t n,
               struct err *e)
{
    char *p = to;

    while (n) {
        ssize_t k = pread(f->fd, p, n, (off_t)at);

        if (k < 0 && errno == EINTR)
            continue;
        if (k < 0)
            return err_errno(e, ERR_IO, "%s", f->name);
        if (k == 0)
            return err_set(e, ERR_DATA, "%s: is truncated at byte %llu",
                           f->name, (unsigned long long)at);
        p += k;
        at += (uint64_t)k;
        n -= (size_t)k;
    }
    return 0;
}

/* Where the footer's bytes are; the magics are checked. */
static int find(const struct pfile *f, uint64_t *at, size_t *n, struct err *e)
{
    uint8_t head[4], tail[8];
    int r;

    if (f->size < 12)
        return err_set(e, ERR_DATA,
                       "%s: %llu bytes are too few for a Parquet "
                       "file",
                       f->name, (unsigned long long)f->size);
    if ((r = pfile_read(f, 0, head, 4, e)) < 0 ||
        (r = pfile_read(f, f->size - 8, tail, 8, e)) < 0)
        return r;
    if (!memcmp(tail + 4, "PARE", 4) || !memcmp(head, "PARE", 4))
        return err_set(e, ERR_DATA,
                       "%s: is an encrypted Parquet file, which "
                       "is not read",
                       f->name);
    if (memcmp(head, "PAR1", 4) || memcmp(tail + 4, "PAR1", 4))
        return err_set(e, ERR_DATA,
                       "%s: does not %s with PAR1: is truncated, "
                       "or no Parquet file",
                       f->name, memcmp(head, "PAR1", 4) ? "begin" : "end");
    *n = le32_get(tail);
    if (*n > f->size - 12 || *n > FOOTER_MAX)
        return err_set(e, ERR_DATA, "%s: a footer of %zu bytes does not fit",
                       f->name, *n);
    *at = f->size - 8 - *n;
    return 0;
}

/* The fields of FileMetaData; row groups are left to footer_group. */
static int read_fields(struct footer *m, struct thrift *t, const char *name,
                       struct err *e)
{
    struct thrift_field f = {0, 0};
    int r = 0;

    while (!r && thrift_field(t, &f))
        switch (f.id) {
        case 2:
            if (m->schema.n)
                return err_set(e, ERR_DATA, "%s: two schemas", name);
            r = schema_read(&m->schema, t, thrift_list(t, &f, T_STRUCT), name,
                            e);
            break;
        case 3:
            m->n_rows = thrift_int(t, &f);
            break;
        case 4: {
            struct thrift ahead = *t;

            m->n_groups = thrift_list(&ahead, &f, T_STRUCT);
            m->groups = ahead;
            thrift_skip(t, &f);
            break;
        }
        case 8: /* encryption_algorithm: the footer alone is in the clear */
            return err_set(e, ERR_DATA, "%s: is encrypted, which is not read",
                           name);
        default:
            thrift_skip(t, &f);
        }
    return r;
}

int footer_read(struct footer *m, const struct pfile *f, struct err *e)
{
    struct thrift t = {0};
    uint64_t at = 0;
    size_t n = 0;
    int r;

    *m = (struct footer){0};
    r = find(f, &at, &n, e);
    if (!r) {
        m->bytes = xmalloc(n + 1);
        r = pfile_read(f, at, m->bytes, n, e);
    }
    if (!r) {
        t = (struct thrift){m->bytes, m->bytes + n, THRIFT_OK};
        r = read_fields(m, &t, f->name, e);
    }
    if (!r && (t.fault || !m->schema.n || m->n_rows < 0))
        r = err_set(e, ERR_DATA, "%s: damaged Parquet footer", f->name);
    if (r)
        footer_free(m);
    return r;
}

void footer_free(struct footer *m)
{
    schema_free(&m->schema);
    free(m->bytes);
    *m = (struct footer){0};
}

/* ---- row groups ---------------------------------------------------------- */

struct chunk_meta {
    int has_meta, elsewhere, encrypted;
    int type, codec;
    int64_t n_values, size, data_at, dictionary_at;
};

static void read_meta(struct chunk_meta *c, struct thrift *t)
{
    struct thrift_field f = {0, 0};

    c->has_meta = 1;
    while (thrift_field(t, &f))
        switch (f.id) {
        case 1:
            c->type = (int)thrift_int(t, &f);
            break;
        case 4:
            c->codec = (int)thrift_int(t, &f);
            break;
        case 5:
            c->n_values = thrift_int(t, &f);
            break;
        case 7:
            c->size = thrift_int(t, &f);
            break;
        case 9:
            c->data_at = thrift_int(t, &f);
            break;
        case 11:
            c->dictionary_at = thrift_int(t, &f);
            break;
        default:
            thrift_skip(t, &f);
        }
}

static void read_chunk(struct chunk_meta *c, struct thrift *t)
{
    struct thrift_field f = {0, 0};
    size_t n;

    *c = (struct chunk_meta){0};
    while (thrift_field(t, &f))
        switch (f.id) {
        case 1:
            (void)thrift_text(t, &f, &n);
            c->elsewhere = n > 0;
            break;
        case 3:
            if (thrift_struct(t, &f))
                read_meta(c, t);
            break;
        case 8:
        case 9:
            c->encrypted = 1;
            thrift_skip(t, &f);
            break;
        default:
            thrift_skip(t, &f);
        }
}

static int place_chunk(struct chunk *out, const struct chunk_meta *c,
                       const struct node *leaf, const struct pfile *f,
                       struct err *e)
{
    int64_t at = c->data_at;

    if (c->encrypted || c->elsewhere || !c->has_meta)
        return err_set(e, ERR_DATA,
                       "%s: column '%s' is %s, which is not "
                       "read",
                       f->name, leaf->path,
                       c->encrypted   ? "encrypted"
                       : c->elsewhere ? "in another file"
                                      : "without metadata");
    if (!c->n_values) { /* pyarrow then says that data pages begin at 0 */
        *out = (struct chunk){.codec = c->codec};
        return 0;
    }
    /* some writers give 0 where there is no dictionary */
    if (c->dictionary_at >= 4 && c->dictionary_at < at)
        at = c->dictionary_at;
    if (at < 4 || c->size < 0 || c->n_values < 0 ||
        c->type != (int)leaf->physical || (uint64_t)at > f->size ||
        (uint64_t)c->size > f->size - (uint64_t)at)
        return err_set(e, ERR_DATA, "%s: column '%s': damaged metadata",
                       f->name, leaf->path);
    *out = (struct chunk){c->codec, c->n_values, (uint64_t)at,
                          (uint64_t)at + (uint64_t)c->size};
    return 0;
}

static int read_chunks(struct footer *m, const struct pfile *f,
                       const struct thrift_field *field, struct chunk *chunk,
                       struct err *e)
{
    struct thrift *t = &m->groups;
    size_t n = thrift_list(t, field, T_STRUCT);
    struct chunk_meta c;
    int r = 0;

    if (!t->fault && n != (size_t)m->schema.n_leaves)
        return err_set(e, ERR_DATA,
                       "%s: a row group has %zu columns, the "
                       "schema %d",
                       f->name, n, m->schema.n_leaves);
    for (size_t i = 0; !r && i < n && !t->fault; i++) {
        const struct node *leaf = &m->schema.node[m->schema.leaf[i]];

        read_chunk(&c, t);
        if (leaf->wanted && !t->fault)
            r = place_chunk(&chunk[i], &c, leaf, f, e);
    }
    return r;
}

int footer_group(struct footer *m, const struct pfile *f, struct chunk *chunk,
                 int64_t *n_rows, struct err *e)
{
    struct thrift_field field = {0, 0};
    int r = 0, columns = 0;

    if (!m->n_groups)
        return 0;
    m->n_groups--;
    *n_rows = -1;
    while (!r && thrift_field(&m->groups, &field)) {
        if (field.id == 1 && !columns++)
            r = read_chunks(m, f, &field, chunk, e);
        else if (field.id == 3)
            *n_rows = thrift_int(&m->groups, &field);
        else
            thrift_skip(&m->groups, &field);
    }
    if (!r && (m->groups.fault || columns != 1 || *n_rows < 0))
        r = err_set(e, ERR_DATA, "%s: damaged row group", f->name);
    return r ? r : 1;
}
