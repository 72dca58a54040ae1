/* assembly - a row from the entries of its columns, by their levels */
#include "assembly.h"
#include <string.h>
#include "../base/json_text.h"
#include "parquet.h"
#include "text.h"

/* One row in the making. An instance of a node begins at repetition level
 * `rep`: its first entry in every column below it has that level. */
struct row {
    const struct assembly *a;
    const struct node *node; /* of the schema */
    struct buf *b;
    size_t entries; /* taken for this row */
    struct err *e;
};

static int at_row(const struct row *w, const struct node *v, const char *what)
{
    return err_set(w->e, ERR_DATA, "%s: row %ld: column '%s': %s", w->a->name,
                   w->a->row, v->path, what);
}

/* The next entry of leaf i, which must begin at `rep`. */
static int entry(struct row *w, int i, int rep, struct column **out)
{
    struct column *c = &w->a->column[i];
    int r = column_peek(c, w->e);

    *out = c;
    if (r < 0)
        return r;
    if (!r)
        return at_row(w, c->leaf, "has fewer rows than the row group");
    return c->rep == rep ? 0
                         : at_row(w, c->leaf,
                                  "its levels disagree with those "
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
            return at_row(w, c->leaf,
                          "its levels disagree with those of "
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
    const struct node *node = w->node;
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
    const struct node *node = w->node;

    if (element != i)
        return put_node(w, element, rep);
    if (node[i].kind > KIND_MAP)
        return put_leaf(w, &node[i], rep);
    return put_struct(w, i, rep);
}

/* An entry of a map: its key, a colon, its value. */
static int put_entry(struct row *w, int i, int rep)
{
    const struct node *node = w->node;
    int r = put_node(w, i + 1, rep);

    buf_puts(w->b, ":");
    return r ? r : put_node(w, node[i + 1].next, rep);
}

/* All instances of a repeated node i, as an array or the inside of a map. */
static int put_repeated(struct row *w, int i, int element, int is_map, int rep)
{
    const struct node *v = &w->node[i];
    struct column *c = &w->a->column[v->first_leaf];
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
    const struct node *node = w->node, *v = &node[i];
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
    return v->kind == KIND_STRUCT ? put_struct(w, i, rep) : put_leaf(w, v, rep);
}

int assembly_row(const struct assembly *a, struct buf *b, struct err *e)
{
    struct row w = {a, a->schema->node, b, 0, e};

    return put_struct(&w, 0, 0);
}
