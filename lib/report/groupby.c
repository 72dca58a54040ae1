/* groupby - aggregates of fields by the values of others */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../stat/describe.h"
#include "groupby.h"
#include "names.h"

struct values {
    double *v;
    size_t n, cap;
};

struct group {
    char **key; /* a string behind a quote, other values as JSON, or "-" */
    size_t n;   /* records */
    struct values *x;
};

struct groupby {
    char *by_text, **by;
    int n_by;
    char **field;
    int n_fields;
    struct names keys;
    struct group **g;
    size_t n, cap;
    int sorted;
};

struct groupby *groupby_open(const char *by, char **fields, int n_fields)
{
    struct groupby *g = xcalloc(1, sizeof *g);

    g->field = fields;
    g->n_fields = n_fields;
    g->by_text = xstrdup(by ? by : "");
    g->by = xcalloc(strlen(g->by_text) + 1, sizeof *g->by);
    for (char *s = g->by_text, *w; (w = strtok_r(s, ",", &s));)
        g->by[g->n_by++] = w;
    return g;
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
        free(g->g[i]);
    }
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
    struct buf key = { 0 };
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

/* The length of the array or string at path. */
static int length_of(struct rec *rec, const char *path, double *v,
                     struct err *e)
{
    const char *json = rec_json(rec, path);
    struct rec_i32s i;
    struct rec_f32s f;
    struct rec_str s;
    const struct rec_str *strs;
    size_t n;
    int r;

    if (!json || !strcmp(json, "null"))
        return 0;
    if (*json == '"') {
        r = rec_get_str(rec, path, &s, e);
        *v = (double)s.n;
    } else if (*json != '[') {
        r = rec_bad(rec, e, "%s: found %.40s, expected an array or a string",
                    path, json);
    } else if ((r = rec_get_i32s(rec, path, &i, e)) > 0) {
        *v = (double)i.n;
    } else if ((r = rec_get_f32s(rec, path, &f, e)) > 0) {
        *v = (double)f.n;
    } else if ((r = rec_get_strs(rec, path, &strs, &n, e)) > 0) {
        *v = (double)n;
    }
    return r;
}

/* 1 and *v, or 0 when the record has no such field. */
static int value_of(struct rec *rec, const char *field, double *v,
                    struct err *e)
{
    size_t n = strlen(field);
    const char *json;
    char path[256];
    int b, r;

    if (n > 5 && n < sizeof path && !strncmp(field, "len(", 4) &&
        field[n - 1] == ')') {
        snprintf(path, sizeof path, "%.*s", (int)n - 5, field + 4);
        return length_of(rec, path, v, e);
    }
    json = rec_json(rec, field);
    if (!json || !strcmp(json, "null"))
        return 0;
    if (*json == 't' || *json == 'f') {
        r = rec_get_bool(rec, field, &b, e);
        *v = b;
        return r;
    }
    if (*json == '[' || *json == '{')
        return rec_bad(rec, e, "%s: found %s, expected a number or bool%s",
                       field, *json == '[' ? "an array" : "a map",
                       *json == '[' ? " (len(FIELD) takes its length)" : "");
    r = rec_get_f64(rec, field, v, e);
    if (r > 0 && !isfinite(*v))
        return rec_bad(rec, e, "%s: not finite", field);
    return r;
}

int groupby_add(struct groupby *g, struct rec *rec, struct err *e)
{
    double v[GROUPBY_FIELDS];
    int has[GROUPBY_FIELDS];
    struct group *at;

    for (int k = 0; k < g->n_fields; k++) {
        has[k] = value_of(rec, g->field[k], &v[k], e);
        if (has[k] < 0)
            return has[k];
    }
    at = group_of(g, rec);
    at->n++;
    for (int k = 0; k < g->n_fields; k++) {
        struct values *x = &at->x[k];

        if (!has[k])
            continue;
        if (x->n == x->cap) {
            x->cap = 2 * x->cap + 16;
            x->v = xrealloc(x->v, x->cap, sizeof *x->v);
        }
        x->v[x->n++] = v[k];
    }
    return 0;
}

int groupby_check(const struct groupby *g, struct err *e)
{
    for (int k = 0; k < g->n_fields; k++) {
        size_t n = 0;

        for (size_t i = 0; i < g->n; i++)
            n += g->g[i]->x[k].n;
        if (!n && g->n)
            return err_set(e, ERR_DATA, "no record has the field %s",
                           g->field[k]);
    }
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

static void sort(struct groupby *g)
{
    if (g->sorted)
        return;
    n_keys = g->n_by;
    if (g->n)
        qsort(g->g, g->n, sizeof *g->g, by_key);
    g->sorted = 1;
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

static void set_stats(struct rec *rec, const char *field,
                      const struct values *x)
{
    char path[300];
#define SET(name, value) \
    (snprintf(path, sizeof path, "%.250s." name, field), \
     rec_set_f64(rec, path, value))

    snprintf(path, sizeof path, "%.250s.n", field);
    rec_set_u64(rec, path, x->n);
    if (!x->n)
        return;
    SET("mean", desc_mean(x->v, x->n));
    if (x->n > 1) {
        SET("sd", desc_sd(x->v, x->n));
        SET("se", desc_sd(x->v, x->n) / sqrt((double)x->n));
    }
    SET("min", desc_min(x->v, x->n));
    SET("max", desc_max(x->v, x->n));
#undef SET
}

int groupby_each(struct groupby *g,
                 int (*fn)(void *ctx, struct rec *rec, struct err *e),
                 void *ctx, struct err *e)
{
    struct rec *rec = rec_new();
    int r = 0;

    sort(g);
    for (size_t i = 0; i < g->n && !r; i++) {
        rec_clear(rec);
        for (int k = 0; k < g->n_by; k++)
            set_json(rec, g->by[k], g->g[i]->key[k]);
        rec_set_u64(rec, "n", g->g[i]->n);
        for (int k = 0; k < g->n_fields; k++)
            set_stats(rec, g->field[k], &g->g[i]->x[k]);
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

static void value_cells(struct table *t, const struct values *x)
{
    table_cell(t, "%zu", x->n);
    if (!x->n) {
        for (int i = 0; i < 5; i++)
            table_cell(t, "-");
        return;
    }
    table_cell(t, "%.6g", desc_mean(x->v, x->n));
    if (x->n > 1) {
        table_cell(t, "%.4g", desc_sd(x->v, x->n));
        table_cell(t, "%.4g", desc_sd(x->v, x->n) / sqrt((double)x->n));
    } else {
        table_cell(t, "-");
        table_cell(t, "-");
    }
    table_cell(t, "%.6g", desc_min(x->v, x->n));
    table_cell(t, "%.6g", desc_max(x->v, x->n));
}

struct table *groupby_table(struct groupby *g)
{
    struct buf head = { 0 };
    struct table *t;

    sort(g);
    for (int k = 0; k < g->n_by; k++)
        buf_printf(&head, "<%s|", g->by[k]);
    buf_puts(&head, g->n_fields ? "<field|n|mean|sd|se|min|max" : "n");
    t = table_open("groups", "", buf_str(&head));
    buf_free(&head);
    for (size_t i = 0; i < g->n; i++) {
        for (int k = 0; k < g->n_fields; k++) {
            key_cells(t, g, g->g[i]);
            table_cell(t, "%s", g->field[k]);
            value_cells(t, &g->g[i]->x[k]);
        }
        if (!g->n_fields) {
            key_cells(t, g, g->g[i]);
            table_cell(t, "%zu", g->g[i]->n);
        }
    }
    return t;
}
