/* columns - see columns.h */
#include <stdlib.h>
#include "../base/arena.h"
#include "columns.h"
#include "view.h"
#include "walk.h"

struct column {
    const char *name;
    char path[256]; /* of len(PATH) */
    int by_length, seen;
};

struct columns {
    int n;
    uint64_t n_read; /* records */
    struct column v[CLI_LIST_MAX];
};

int columns_open(struct columns **out, const struct cli_list *names,
                 struct err *e)
{
    struct cli_list all = {0};
    struct columns *c;

    *out = NULL;
    for (int i = 0; i < names->n; i++) {
        int r = cli_split(&all, names->v[i], "--field", e);

        if (r)
            return r;
    }
    if (!all.n)
        return 0;
    c = xcalloc(1, sizeof *c);
    c->n = all.n;
    for (int i = 0; i < all.n; i++) {
        struct column *k = &c->v[i];

        k->name = all.v[i];
        k->by_length = rec_len_path(k->name, k->path, sizeof k->path);
    }
    *out = c;
    return 0;
}

void columns_close(struct columns **c)
{
    free(*c);
    *c = NULL;
}

void columns_names(const struct columns *c, struct buf *b)
{
    for (int i = 0; i < c->n; i++)
        buf_printf(b, "%s%s", c->v[i].name, i + 1 < c->n ? "\t" : "\n");
}

static const char *path_of(const struct column *k)
{
    return k->by_length ? k->path : k->name;
}

void columns_see(struct columns *c, struct rec *r)
{
    if (!c)
        return;
    c->n_read++;
    for (int i = 0; i < c->n; i++)
        if (!c->v[i].seen)
            c->v[i].seen = rec_value(r, path_of(&c->v[i])) != NULL;
}

void columns_line(const struct columns *c, struct rec *r, struct buf *b)
{
    for (int i = 0; i < c->n; i++) {
        const struct column *k = &c->v[i];
        const struct rec_value *v = rec_value(r, path_of(k));
        enum rec_type t = v ? rec_value_type(v) : REC_NIL;

        buf_puts(b, i ? "\t" : "");
        if (!k->by_length)
            view_plain(b, r, k->name);
        else if (t == REC_STR || t == REC_ARRAY || t == REC_MAP)
            buf_printf(b, "%zu", rec_value_n(v));
    }
    buf_puts(b, "\n");
}

int columns_check(const struct columns *c, int all, struct err *e)
{
    for (int i = 0; c && i < c->n && c->n_read; i++) {
        const struct column *k = &c->v[i];
        const char *tool = rec_writer_of(path_of(k));

        if (!k->seen)
            return err_set(
                e, ERR_DATA, "%s has the field %s%s%s",
                all ? "no record" : "none of the records read so far", k->name,
                tool ? ": run " : "",
                tool ? tool : " (show --fields lists those there are)");
    }
    return 0;
}
