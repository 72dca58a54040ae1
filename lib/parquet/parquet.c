/* parquet - the rows of an Apache Parquet file, a row group after another */
#include "parquet.h"
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../base/arena.h"
#include "assembly.h"

/* A small file may promise any number of empty rows, or repeat a long text
 * from a dictionary without end. */
#define ROWS_MAX(size) ((1 << 20) + 64 * (size))
#define BYTES_MAX(size) (((uint64_t)1 << 28) + 1024 * (size))

struct parquet {
    struct pfile f;
    struct footer footer;
    struct page_store store;
    struct chunk *chunk;   /* of the row group, one a leaf */
    struct column *column; /* one a leaf */
    int64_t left;          /* rows of the row group */
    int64_t row;           /* rows given so far, then the current one */
    uint64_t bytes;        /* of the rows given */
};

int parquet_is_magic(const char first[4])
{
    return !memcmp(first, "PAR1", 4) || !memcmp(first, "PARE", 4);
}

int parquet_open(struct parquet **out, int fd, const char *name,
                 const char *const *fields, struct err *e)
{
    struct parquet *p = xcalloc(1, sizeof *p);
    struct stat st;
    int r = 0;

    *out = p;
    p->f = (struct pfile){fd, name, 0};
    if (fstat(fd, &st))
        r = err_errno(e, ERR_IO, "%s", name);
    p->f.size = r ? 0 : (uint64_t)st.st_size;
    if (!r)
        r = footer_read(&p->footer, &p->f, e);
    if (!r)
        r = schema_select(&p->footer.schema, fields, name, e);
    if (!r && (uint64_t)p->footer.n_rows > ROWS_MAX(p->f.size))
        r = err_set(e, ERR_DATA,
                    "%s: says that it has %lld rows in %llu "
                    "bytes",
                    name, (long long)p->footer.n_rows,
                    (unsigned long long)p->f.size);
    if (r) {
        parquet_close(out);
        return r;
    }
    p->store.f = &p->f;
    p->chunk = xcalloc((size_t)p->footer.schema.n_leaves + 1, sizeof *p->chunk);
    p->column = xcalloc((size_t)p->footer.schema.n_leaves + 1,
                        sizeof *p->column);
    return 0;
}

void parquet_close(struct parquet **p)
{
    if (!*p)
        return;
    for (int i = 0; (*p)->column && i < (*p)->footer.schema.n_leaves; i++)
        column_close(&(*p)->column[i]);
    free((*p)->column);
    free((*p)->chunk);
    buf_free(&(*p)->store.raw);
    footer_free(&(*p)->footer);
    close((*p)->f.fd);
    free(*p);
    *p = NULL;
}

long parquet_rows(const struct parquet *p)
{
    return (long)p->footer.n_rows;
}

/* ---- row groups ------------------------------------------------------------- */

/* Every entry of the row group has been taken. */
static int end_group(struct parquet *p, struct err *e)
{
    for (int i = 0; i < p->footer.schema.n_leaves; i++) {
        struct column *c = &p->column[i];
        int r = c->leaf ? column_peek(c, e) : 0;

        if (r < 0)
            return r;
        if (r)
            return err_set(e, ERR_DATA,
                           "%s: row %lld: column '%s' has "
                           "more rows than the row group",
                           p->f.name, (long long)p->row, c->leaf->path);
        column_close(c);
    }
    return 0;
}

/* The next row group with rows: 1, 0 at the end of the file. */
static int next_group(struct parquet *p, struct err *e)
{
    const struct schema *s = &p->footer.schema;
    int r;

    while (!p->left) {
        if ((r = end_group(p, e)) < 0 ||
            (r = footer_group(&p->footer, &p->f, p->chunk, &p->left, e)) <= 0)
            return r;
        if (p->left > p->footer.n_rows - p->row)
            return err_set(e, ERR_DATA,
                           "%s: row groups have more rows than "
                           "the file says",
                           p->f.name);
        for (int i = 0; i < s->n_leaves; i++) {
            const struct node *leaf = &s->node[s->leaf[i]];

            if (leaf->wanted && (r = column_open(&p->column[i], leaf, &p->store,
                                                 &p->chunk[i], e)) < 0)
                return r;
        }
    }
    return 1;
}

int parquet_next(struct parquet *p, struct buf *b, struct err *e)
{
    struct assembly a = {&p->footer.schema, p->column, p->f.name, 0};
    int r = next_group(p, e);

    b->n = 0;
    if (r < 0)
        return r;
    if (!r)
        return p->row == p->footer.n_rows
                   ? 0
                   : err_set(e, ERR_DATA,
                             "%s: row groups have %lld rows, the "
                             "file says %lld",
                             p->f.name, (long long)p->row,
                             (long long)p->footer.n_rows);
    p->left--;
    p->row++;
    a.row = (long)p->row;
    r = assembly_row(&a, b, e);
    p->bytes += b->n;
    if (!r && p->bytes > BYTES_MAX(p->f.size))
        r = err_set(e, ERR_DATA,
                    "%s: row %lld: rows are over 1,024 times as "
                    "long as the file",
                    p->f.name, (long long)p->row);
    return r < 0 ? r : 1;
}
