/* groupby - aggregates of fields by the values of others */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "aggregate.h"
#include "groupby.h"
#include "names.h"
#include "quantity.h"

struct group {
    char **key; /* a string behind a quote, other values as JSON, or "-" */
    size_t n;   /* records */
    struct values *x;
    double *out; /* [n_fields * n_stats], once the input has ended */
    char *has;
};

struct groupby {
    char *by_text, **by;
    int n_by;
    struct quantity field[GROUPBY_FIELDS];
    struct values now[GROUPBY_FIELDS]; /* of the record that is read */
    int n_fields;
    struct aggregate stat[AGGREGATES];
    int n_stats;
    struct names keys;
    struct group **g;
    size_t n, cap;
};

int groupby_open(struct groupby **out, const char *by,
                 const struct cli_list *fields, const char *stats,
                 struct err *e)
{
    struct groupby *g = xcalloc(1, sizeof *g);
    int r = 0;

    g->n_fields = fields->n;
    g->by_text = xstrdup(by ? by : "");
    g->by = xcalloc(strlen(g->by_text) + 1, sizeof *g->by);
    for (char *s = g->by_text, *w; (w = strtok_r(s, ",", &s));)
        g->by[g->n_by++] = w;
    if (g->n_by > GROUPBY_KEYS)
        r = err_set(e, ERR_USAGE, "--by: more than %d fields", GROUPBY_KEYS);
    for (int k = 0; k < g->n_fields && !r; k++)
        r = quantity_parse(&g->field[k], fields->v[k], e);
    if (!r)
        r = g->n_stats = aggregate_parse(g->stat, stats, e);
    if (r < 0)
        groupby_close(&g);
    *out = g;
    return r < 0 ? r : 0;
}

void groupby_close(struct groupby **gp)
{
    struct groupby *g = *gp;

    if (!g)
        return;
    for (size_t i = 0; i < g->n; i++) {
        for (int k = 0; k < g->n_by; k++)
            free(g->g[i]->key[k]);
        for (int k = 0; k < g->n_fields; k++)
            free(g->g[i]->x[k].v);
        free(g->g[i]->key);
        free(g->g[i]->x);
        free(g->g[i]->out);
        free(g->g[i]->has);
        free(g->g[i]);
    }
    for (int k = 0; k < g->n_fields; k++)
        free(g->now[k].v);
    free(g->g);
    names_free(&g->keys);
    free(g->by);
    free(g->by_text);
    free(g);
    *gp = NULL;
}

static char *key_of(struct rec *rec, const char *path)
{
    const char *json = rec_json(rec, path);
    struct rec_str s;
    char *key;

    if (!json || *json != '"' || rec_get_str(rec, path, &s, NULL) <= 0)
        return xstrdup(json ? json : "-");
    key = xmalloc(s.n + 2);
    key[0] = '"';
    memcpy(key + 1, s.s, s.n);
    key[s.n + 1] = 0;
    return key;
}

static struct group *group_of(struct groupby *g, struct rec *rec)
{
    struct buf key = {0};
    struct group *new;
    size_t i;

    for (int k = 0; k < g->n_by; k++) {
        const char *s = rec_json(rec, g->by[k]);

        buf_printf(&key, "%s\x1f", s ? s : "-");
    }
    i = names_add(&g->keys, buf_str(&key));
    buf_free(&key);
    if (i < g->n)
        return g->g[i];
    if (g->n == g->cap) {
        g->cap = 2 * g->cap + 16;
        g->g = xrealloc(g->g, g->cap, sizeof *g->g);
    }
    new = g->g[g->n++] = xcalloc(1, sizeof *new);
    new->key = xcalloc((size_t)g->n_by + 1, sizeof *new->key);
    new->x = xcalloc((size_t)g->n_fields + 1, sizeof *new->x);
    for (int k = 0; k < g->n_by; k++)
        new->key[k] = key_of(rec, g->by[k]);
    return new;
}

int groupby_add(struct groupby *g, struct rec *rec, struct err *e)
{
    struct group *at;

    for (int k = 0; k < g->n_fields; k++) {
        int r;

        g->now[k].n = 0;
        r = quantity_get(&g->field[k], rec, &g->now[k], e);
        if (r)
            return r;
    }
    at = group_of(g, rec);
    at->n++;
    for (int k = 0; k < g->n_fields; k++)
        for (size_t i = 0; i < g->now[k].n; i++)
            values_put(&at->x[k], g->now[k].v[i]);
    return 0;
}

static int n_keys; /* for the comparison, which qsort gives no context */

static int by_key(const void *a, const void *b)
{
    struct group *const *x = a, *const *y = b;

    for (int k = 0; k < n_keys; k++) {
        const char *s = (*x)->key[k], *t = (*y)->key[k];
        char *s_end, *t_end;
        double u = strtod(s, &s_end), v = strtod(t, &t_end);
        int c = strcmp(s, t);

        if (!*s_end && !*t_end && u != v)
            return u < v ? -1 : 1;
        if (c)
            return c;
    }
    return 0;
}

static int not_finite(const struct groupby *g, const struct group *at, int k,
                      const struct aggregate *a, struct err *e)
{
    struct buf b = {0};
    int r;

    for (int i = 0; i < g->n_by; i++)
        buf_printf(&b, "%s%s=%s", i ? "," : "group ", g->by[i],
                   at->key[i] + (*at->key[i] == '"'));
    r = err_set(e, ERR_DATA,
                "%.300s%s%.250s.%s is not finite: the values are "
                "too large",
                buf_str(&b), g->n_by ? ": " : "", g->field[k].text, a->name);
    buf_free(&b);
    return r;
}

static int compute(const struct groupby *g, struct group *at, struct err *e)
{
    size_t n = (size_t)(g->n_fields * g->n_stats);

    at->out = xcalloc(n + 1, sizeof *at->out);
    at->has = xcalloc(n + 1, 1);
    for (int k = 0; k < g->n_fields; k++)
        for (int s = 0; s < g->n_stats; s++) {
            int i = k * g->n_stats + s;

            at->has[i] = (char)aggregate_of(&g->stat[s], at->x[k].v, at->x[k].n,
                                            &at->out[i]);
            if (at->has[i] && !isfinite(at->out[i]))
                return not_finite(g, at, k, &g->stat[s], e);
        }
    return 0;
}

int groupby_finish(struct groupby *g, struct err *e)
{
    int r = 0;

    for (int k = 0; k < g->n_fields; k++) {
        const char *tool = rec_writer_of(g->field[k].path);
        size_t n = 0;

        for (size_t i = 0; i < g->n; i++)
            n += g->g[i]->x[k].n;
        if (!n && g->n)
            return err_set(e, ERR_DATA, "no record has the field %s%s%s",
                           g->field[k].text, tool ? ": run " : "",
                           tool ? tool
                                : " (show --fields lists those there are)");
    }
    n_keys = g->n_by;
    if (g->n)
        qsort(g->g, g->n, sizeof *g->g, by_key);
    for (size_t i = 0; i < g->n && !r; i++)
        r = compute(g, g->g[i], e);
    return r;
}

static void set_json(struct rec *rec, const char *path, const char *json)
{
    size_t n = strlen(json);
    char *end;

    if (*json == '"')
        rec_set_str(rec, path, json + 1, n - 1);
    else if (!strcmp(json, "true") || !strcmp(json, "false"))
        rec_set_bool(rec, path, *json == 't');
    else if (strcspn(json, ".eE") == n &&
             (strtoll(json, &end, 10), end != json && !*end))
        rec_set_i64(rec, path, strtoll(json, NULL, 10));
    else if (strtod(json, &end), end != json && !*end)
        rec_set_f64(rec, path, strtod(json, NULL));
}

static void set_stats(struct rec *rec, const struct groupby *g,
                      const struct group *at, int k)
{
    char path[300];

    for (int s = 0; s < g->n_stats; s++) {
        int i = k * g->n_stats + s;

        snprintf(path, sizeof path, "%.255s.%s", g->field[k].text,
                 g->stat[s].name);
        if (aggregate_is_count(&g->stat[s]))
            rec_set_u64(rec, path, at->x[k].n);
        else if (at->has[i])
            rec_set_f64(rec, path, at->out[i]);
    }
}

int groupby_each(struct groupby *g,
                 int (*fn)(void *ctx, struct rec *rec, struct err *e),
                 void *ctx, struct err *e)
{
    struct rec *rec = rec_new();
    int r = 0;

    for (size_t i = 0; i < g->n && !r; i++) {
        rec_clear(rec);
        for (int k = 0; k < g->n_by; k++)
            set_json(rec, g->by[k], g->g[i]->key[k]);
        rec_set_u64(rec, "n", g->g[i]->n);
        for (int k = 0; k < g->n_fields; k++)
            set_stats(rec, g, g->g[i], k);
        r = fn(ctx, rec, e);
    }
    rec_free(&rec);
    return r;
}

static void key_cells(struct table *t, const struct groupby *g,
                      const struct group *at)
{
    for (int k = 0; k < g->n_by; k++)
        table_cell(t, "%s", at->key[k] + (*at->key[k] == '"'));
}

static void value_cells(struct table *t, const struct groupby *g,
                        const struct group *at, int k)
{
    for (int s = 0; s < g->n_stats; s++) {
        const struct aggregate *a = &g->stat[s];
        int i = k * g->n_stats + s;

        if (aggregate_is_count(a))
            table_cell(t, "%zu", at->x[k].n);
        else if (!at->has[i])
            table_cell(t, "-");
        else if (aggregate_is_spread(a))
            table_cell(t, "%.4g", at->out[i]);
        else
            table_cell(t, "%.6g", at->out[i]);
    }
}

struct table *groupby_table(const struct groupby *g)
{
    struct buf head = {0};
    struct table *t;

    for (int k = 0; k < g->n_by; k++)
        buf_printf(&head, "<%s|", g->by[k]);
    buf_puts(&head, g->n_fields ? "<field" : "n");
    for (int s = 0; s < g->n_stats && g->n_fields; s++)
        buf_printf(&head, "|%s", g->stat[s].name);
    t = table_open("groups", "", buf_str(&head));
    buf_free(&head);
    for (size_t i = 0; i < g->n; i++) {
        for (int k = 0; k < g->n_fields; k++) {
            key_cells(t, g, g->g[i]);
            table_cell(t, "%s", g->field[k].text);
            value_cells(t, g, g->g[i], k);
        }
        if (!g->n_fields) {
            key_cells(t, g, g->g[i]);
            table_cell(t, "%zu", g->g[i]->n);
        }
    }
    return t;
}
