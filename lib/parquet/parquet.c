/* parquet - the rows of an Apache Parquet file: row groups, and assembly of
 * rows from columns by their levels */
#include "parquet.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "../base/arena.h"
#include "../base/json_text.h"
#include "column.h"
#include "text.h"

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
        r = err_set(e, ERR_DATA, "%s: says that it has %lld rows in %llu "
                    "bytes", name, (long long)p->footer.n_rows,
                    (unsigned long long)p->f.size);
    if (r) {
        parquet_close(out);
        return r;
    }
    p->store.f = &p->f;
    p->chunk = xcalloc((size_t)p->footer.schema.n_leaves + 1,
                       sizeof *p->chunk);
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

/* ---- assembly -------------------------------------------------------------- */

/* One row in the making. An instance of a node begins at repetition level
 * `rep`: its first entry in every column below it has that level. */
struct row {
    struct parquet *p;
    struct buf *b;
    size_t entries; /* taken for this row */
    struct err *e;
};

static int at_row(const struct row *w, const struct node *v, const char *what)
{
    return err_set(w->e, ERR_DATA, "%s: row %lld: column '%.80s': %s",
                   w->p->f.name, (long long)w->p->row, v->name, what);
}

/* The next entry of leaf i, which must begin at `rep`. */
static int entry(struct row *w, int i, int rep, struct column **out)
{
    struct column *c = &w->p->column[i];
    int r = column_peek(c, w->e);

    *out = c;
    if (r < 0)
        return r;
    if (!r)
        return at_row(w, c->leaf, "has fewer rows than the row group");
    return c->rep == rep ? 0
                         : at_row(w, c->leaf, "its levels disagree with those "
                                  "of other columns");
}

static int take(struct row *w, struct column *c)
{
    column_take(c);
    /* an entry counts, also where it adds little text */
    if (++w->entries + w->b->n <= PARQUET_ROW_MAX)
        return 0;
    return at_row(w, c->leaf, "the row is longer than 16 MiB");
}

/* The node is not there: one entry in every column below says so, all at the
 * same level. */
static int take_absent(struct row *w, const struct node *v, int rep)
{
    struct column *c;
    int def = 0, r;

    for (int i = v->first_leaf; i < v->first_leaf + v->n_leaves; i++) {
        if ((r = entry(w, i, rep, &c)) < 0)
            return r;
        if (i == v->first_leaf)
            def = c->def;
        if (c->def != def || c->def >= v->def)
            return at_row(w, c->leaf, "its levels disagree with those of "
                          "other columns");
        if ((r = take(w, c)) < 0)
            return r;
    }
    return 0;
}

/* Is an instance of the node there? Its first column tells. */
static int is_there(struct row *w, const struct node *v, int rep)
{
    struct column *c;
    int r = entry(w, v->first_leaf, rep, &c);

    return r < 0 ? r : c->def >= v->def;
}

static int put_node(struct row *w, int i, int rep);

static int put_leaf(struct row *w, const struct node *v, int rep)
{
    struct column *c;
    const char *why;
    int r = entry(w, v->first_leaf, rep, &c);

    if (r < 0)
        return r;
    if (c->value.n > PARQUET_ROW_MAX)
        return at_row(w, v, "a value longer than 16 MiB");
    why = text_value(w->b, v, &c->value);
    return why ? at_row(w, v, why) : take(w, c);
}

/* The node's children as an object. */
static int put_struct(struct row *w, int i, int rep)
{
    const struct node *node = w->p->footer.schema.node;
    const char *comma = "{";
    int r = 0;

    for (int k = i + 1; !r && k < node[i].next; k = node[k].next) {
        if (!node[k].wanted)
            continue;
        buf_puts(w->b, comma);
        comma = ",";
        json_quote(w->b, node[k].name, strlen(node[k].name));
        buf_puts(w->b, ":");
        r = put_node(w, k, rep);
    }
    buf_puts(w->b, *comma == '{' ? "{}" : "}");
    return r;
}

/* What the elements of a list are: the child of its repeated node, or, as
 * older writers have it, that node itself. */
static int element_of(const struct node *node, int list)
{
    const struct node *v = &node[list + 1];
    size_t n = strlen(node[list].name);

    if (v->kind > KIND_MAP || v->n_children != 1 ||
        v[1].repetition == REPEATED || !strcmp(v->name, "array") ||
        (!strncmp(v->name, node[list].name, n) &&
         !strcmp(v->name + n, "_tuple")))
        return list + 1;
    return list + 2;
}

/* One instance of a repeated node i, whose value is at node `element`. */
static int put_element(struct row *w, int i, int element, int rep)
{
    const struct node *node = w->p->footer.schema.node;

    if (element != i)
        return put_node(w, element, rep);
    if (node[i].kind > KIND_MAP)
        return put_leaf(w, &node[i], rep);
    return put_struct(w, i, rep);
}

/* An entry of a map: its key, a colon, its value. */
static int put_entry(struct row *w, int i, int rep)
{
    const struct node *node = w->p->footer.schema.node;
    int r = put_node(w, i + 1, rep);

    buf_puts(w->b, ":");
    return r ? r : put_node(w, node[i + 1].next, rep);
}

/* All instances of a repeated node i, as an array or the inside of a map. */
static int put_repeated(struct row *w, int i, int element, int is_map,
                        int rep)
{
    const struct node *v = &w->p->footer.schema.node[i];
    struct column *c = &w->p->column[v->first_leaf];
    int r = is_there(w, v, rep), more = 1;

    buf_puts(w->b, is_map ? "{" : "[");
    if (r == 0)
        r = take_absent(w, v, rep);
    else
        while (r >= 0 && more) {
            r = is_map ? put_entry(w, i, rep) : put_element(w, i, element, rep);
            if (r < 0 || (r = column_peek(c, w->e)) < 0)
                break;
            more = r && c->rep == v->rep;
            rep = v->rep;
            buf_puts(w->b, more ? "," : "");
        }
    buf_puts(w->b, is_map ? "}" : "]");
    return r < 0 ? r : 0;
}

/* A node as its parent's member; the parent is there. */
static int put_node(struct row *w, int i, int rep)
{
    const struct node *node = w->p->footer.schema.node, *v = &node[i];
    int r;

    if (v->repetition == REPEATED) /* a list without a mark */
        return put_repeated(w, i, i, 0, rep);
    r = is_there(w, v, rep);
    if (r < 0)
        return r;
    if (!r) {
        buf_puts(w->b, "null");
        return take_absent(w, v, rep);
    }
    if (v->kind == KIND_LIST)
        return put_repeated(w, i + 1, element_of(node, i), 0, rep);
    if (v->kind == KIND_MAP)
        return put_repeated(w, i + 1, i + 1, 1, rep);
    return v->kind == KIND_STRUCT ? put_struct(w, i, rep)
                                  : put_leaf(w, v, rep);
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
            return err_set(e, ERR_DATA, "%s: row %lld: column '%.80s' has "
                           "more rows than the row group", p->f.name,
                           (long long)p->row, c->leaf->name);
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
            return err_set(e, ERR_DATA, "%s: row groups have more rows than "
                           "the file says", p->f.name);
        for (int i = 0; i < s->n_leaves; i++) {
            const struct node *leaf = &s->node[s->leaf[i]];

            if (leaf->wanted &&
                (r = column_open(&p->column[i], leaf, &p->store,
                                 &p->chunk[i], e)) < 0)
                return r;
        }
    }
    return 1;
}

int parquet_next(struct parquet *p, struct buf *b, struct err *e)
{
    struct row w = {p, b, 0, e};
    int r = next_group(p, e);

    b->n = 0;
    if (r < 0)
        return r;
    if (!r)
        return p->row == p->footer.n_rows
                   ? 0
                   : err_set(e, ERR_DATA, "%s: row groups have %lld rows, the "
                             "file says %lld", p->f.name, (long long)p->row,
                             (long long)p->footer.n_rows);
    p->left--;
    p->row++;
    r = put_struct(&w, 0, 0);
    p->bytes += b->n;
    if (!r && p->bytes > BYTES_MAX(p->f.size))
        r = err_set(e, ERR_DATA, "%s: row %lld: rows are over 1,024 times as "
                    "long as the file", p->f.name, (long long)p->row);
    return r < 0 ? r : 1;
}
