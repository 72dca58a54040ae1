/* updates - files, tensors in turn by threads, and records in order */
#include "updates.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/pool.h"
#include "fields.h"
#include "groups.h"
#include "names.h"
#include "sparsity.h"

struct updates {
    const struct updates_opts *o;
    const char *path[MOVES_MAX];
    struct st_file *file[MOVES_MAX];
    int n_files;
    struct update u[2 * MOVES_MAX];
    int n_updates, n_shown; /* the others are those from the first on */
    struct runs runs;       /* of the updates, where they are named */
    struct groups groups;
    struct moves *tensor;       /* [st_count(file[0])] */
    const struct st_tensor **t; /* [st_count][n_files] */
    struct moves kind[KIND_OTHER + 1], all, *layer;
    int n_layers;
    struct rec_writer *w;
    struct rec *rec;
    pthread_mutex_t reading; /* of values that have to be decoded */
};

/* ---- records -------------------------------------------------------- */

static void begin(struct updates *x, const struct scope *s, const char *measure)
{
    fields_begin(x->rec, s);
    rec_set_str(x->rec, "measure", measure, strlen(measure));
}

static uint64_t n_finite(const struct moves *m, int i)
{
    return m->n - m->of[i].non_finite;
}

/* Of updates a and b. */
static void set_jaccard(struct rec *rec, const struct moves *m, int a, int b)
{
    struct sparsity s = {.n_both = m->n_all,
                         .changed_a = m->of[a].moved,
                         .changed_b = m->of[b].moved,
                         .changed_both = m->both[a * m->n_updates + b]};

    fields_jaccard(rec, &s);
}

static int put_update(struct updates *x, const struct scope *s,
                      const struct moves *m, int i, struct err *e)
{
    const struct move_counts *c = &m->of[i];
    struct rec *rec = x->rec;
    int first = x->o->mode == UPDATES_CONSECUTIVE ? x->n_shown + i : -1;

    begin(x, s, "update");
    rec_set_i64(rec, "update", i + 1);
    if (x->runs.n)
        runs_set(&x->runs, i, -1, rec);
    rec_set_u64(rec, "n", m->n);
    rec_set_u64(rec, "unchanged", c->unchanged);
    rec_set_u64(rec, "non_finite", c->non_finite);
    fields_share(rec, "sparsity", c->unchanged, n_finite(m, i));
    rec_set_u64(rec, "unchanged_abs1e-5", c->unchanged_abs);
    fields_share(rec, "sparsity_abs1e-5", c->unchanged_abs, n_finite(m, i));
    fields_share(rec, "visible", c->visible, n_finite(m, i));
    if (first >= 0)
        fields_share(rec, "visible_cumulative", m->of[first].visible,
                     n_finite(m, first));
    fields_share(rec, "rows_moved", c->rows_moved, m->rows);
    fields_share(rec, "cols_moved", c->cols_moved, m->cols);
    if (m->rows) {
        rec_set_f64(rec, "row_most", c->row_most);
        rec_set_f64(rec, "col_most", c->col_most);
    }
    if (first >= 0 && i)
        set_jaccard(rec, m, i - 1, i);
    return rec_write(x->w, rec, e);
}

/* What is compared, and what all of these runs have in common with run i. */
static void set_over(struct updates *x, int over, int i)
{
    const char *name = runs_key_name((enum run_key)over);

    rec_set_str(x->rec, "over", name, strlen(name));
    runs_set(&x->runs, i, over, x->rec);
}

static int put_pair(struct updates *x, const struct scope *s,
                    const struct moves *m, int a, int b, struct err *e)
{
    int over = x->runs.n ? runs_over(&x->runs, a, b) : -1;

    if (x->runs.n && over < 0)
        return 0;
    begin(x, s, "pair");
    rec_set_i64(x->rec, "a", a + 1);
    rec_set_i64(x->rec, "b", b + 1);
    if (over >= 0) {
        set_over(x, over, a);
        runs_set_pair(&x->runs, a, b, (enum run_key)over, x->rec);
    }
    rec_set_u64(x->rec, "n", m->n_all);
    rec_set_u64(x->rec, "moved_a", m->of[a].moved);
    rec_set_u64(x->rec, "moved_b", m->of[b].moved);
    rec_set_u64(x->rec, "moved_both", m->both[a * m->n_updates + b]);
    set_jaccard(x->rec, m, a, b);
    return rec_write(x->w, x->rec, e);
}

/* all = moved by every update, any = by at least one; by chance, for
 * independent masks of their sizes. */
static int put_consensus(struct updates *x, const struct scope *s,
                         const struct moves *m, int at, struct err *e)
{
    const struct move_group *g = &x->groups.v[at];
    const uint64_t *by = moves_by(m, at);
    uint64_t any = m->n_all - by[0];
    double all = 1, none = 1;
    char field[32];

    begin(x, s, "consensus");
    if (x->groups.over[at] >= 0)
        set_over(x, x->groups.over[at], g->member[0]);
    rec_set_u64(x->rec, "n", m->n_all);
    for (int i = 0; i <= g->n; i++) {
        snprintf(field, sizeof field, "moved_by.%d", i);
        rec_set_u64(x->rec, field, by[i]);
    }
    for (int i = 0; i < g->n && m->n_all; i++) {
        double p = (double)m->of[g->member[i]].moved / (double)m->n_all;

        all *= p;
        none *= 1 - p;
    }
    if (any) {
        fields_share(x->rec, "consensus", by[g->n], any);
        rec_set_f64(x->rec, "consensus_chance", all / (1 - none));
    }
    return rec_write(x->w, x->rec, e);
}

static int put(struct updates *x, const struct scope *s, const struct moves *m,
               struct err *e)
{
    int r = 0;

    for (int i = 0; i < x->n_shown && !r; i++)
        r = put_update(x, s, m, i, e);
    if (x->o->mode == UPDATES_CONSECUTIVE)
        return r;
    for (int a = 0; a < x->n_shown; a++)
        for (int b = a + 1; b < x->n_shown && !r; b++)
            r = put_pair(x, s, m, a, b, e);
    for (int g = 0; g < x->groups.n && !r; g++)
        r = put_consensus(x, s, m, g, e);
    return r;
}

static int put_tensor(struct updates *x, size_t i, struct err *e)
{
    const char *name = st_at(x->file[0], i)->name;
    struct scope s = {"tensor", name, NULL, -1};
    int kind = tensor_kind(name, &s.layer);

    s.kind = tensor_kind_name(kind);
    moves_add(&x->all, &x->tensor[i]);
    moves_add(&x->kind[kind], &x->tensor[i]);
    if (s.layer >= 0)
        moves_add(&x->layer[s.layer], &x->tensor[i]);
    return x->o->totals ? 0 : put(x, &s, &x->tensor[i], e);
}

static int put_all(struct updates *x, struct err *e)
{
    struct scope total = {"total", NULL, NULL, -1};
    int r = 0;

    for (size_t i = 0; i < st_count(x->file[0]) && !r; i++)
        r = put_tensor(x, i, e);
    for (int k = 0; k <= KIND_OTHER && !r; k++) {
        struct scope s = {"kind", NULL, tensor_kind_name(k), -1};

        if (x->kind[k].n)
            r = put(x, &s, &x->kind[k], e);
    }
    for (int i = 0; i < x->n_layers && !r; i++) {
        struct scope s = {"layer", NULL, NULL, i};

        if (x->layer[i].n)
            r = put(x, &s, &x->layer[i], e);
    }
    return r ? r : put(x, &total, &x->all, e);
}

static int check_files(const struct updates *x, struct err *e)
{
    int r = 0;

    for (int i = 0; i < x->n_files && !r; i++)
        r = st_check(x->file[i], e);
    return r;
}

static int header(const struct updates *x, struct err *e)
{
    char text[64], digest[33];
    int r;

    snprintf(text, sizeof text, "%.17g", x->o->eta);
    rec_made_by(x->w, "eta", text);
    for (int i = 0; i < x->n_shown; i++) {
        snprintf(text, sizeof text, "before_%d", i + 1);
        st_digest(x->file[x->u[i].before], digest);
        rec_made_by(x->w, text, digest);
        snprintf(text, sizeof text, "after_%d", i + 1);
        st_digest(x->file[x->u[i].after], digest);
        rec_made_by(x->w, text, digest);
    }
    if (x->runs.n)
        rec_made_by(x->w, "runs", x->o->runs);
    r = check_files(x, e);
    if (r)
        return r;
    return rec_header(x->w,
                      x->o->mode == UPDATES_OVERLAP ? "overlap" : "sparsity",
                      "sparsity", NULL, e);
}

/* ---- counting ------------------------------------------------------- */

static void one_tensor(void *ctx, long i, int worker)
{
    struct updates *x = ctx;
    const struct moves_opts o = {.update = x->u,
                                 .n_overlap = x->n_shown,
                                 .group = x->groups.v,
                                 .eta = x->o->eta};

    const struct st_tensor *const *t = x->t + i * x->n_files;
    const void *values[MOVES_MAX];
    void *copy[MOVES_MAX];

    (void)worker;
    for (int f = 0; f < x->n_files; f++) {
        pthread_mutex_lock(&x->reading);
        values[f] = st_values(t[f], &copy[f]);
        pthread_mutex_unlock(&x->reading);
    }
    moves_count(&x->tensor[i], t, values, x->n_files, &o);
    for (int f = 0; f < x->n_files; f++)
        free(copy[f]);
}

int updates_write(struct updates *x, struct rec_writer *w, struct err *e)
{
    struct pool *pool;
    int r;

    x->w = w;
    r = header(x, e);
    if (r)
        return r;
    pool = pool_open(x->o->threads);
    pool_for(pool, (long)st_count(x->file[0]), one_tensor, x);
    pool_close(&pool);
    r = check_files(x, e); /* what was decoded for the counts */
    return r ? r : put_all(x, e);
}

/* ---- opening -------------------------------------------------------- */

/* The number of the file at path, which is opened once. */
static int file_of(struct updates *x, const char *path, struct err *e)
{
    int i = 0, r;

    while (i < x->n_files && strcmp(x->path[i], path))
        i++;
    if (i < x->n_files)
        return i;
    if (i == MOVES_MAX)
        return err_set(e, ERR_USAGE, "more than %d checkpoints", MOVES_MAX);
    r = st_open(&x->file[i], path, e);
    if (r)
        return r;
    x->path[i] = path;
    x->n_files++;
    return i;
}

static int list_files(struct updates *x, struct err *e)
{
    const struct updates_opts *o = x->o;
    int step = o->mode == UPDATES_OVERLAP ? 2 : 1;

    if (step == 2 && o->n_paths % 2)
        return err_set(e, ERR_USAGE,
                       "--overlap: found %d checkpoints, "
                       "expected pairs BEFORE AFTER",
                       o->n_paths);
    if (o->n_paths / step > MOVES_MAX)
        return err_set(e, ERR_USAGE, "more than %d updates", MOVES_MAX);
    for (int i = 0; i + 1 < o->n_paths; i += step) {
        int before = file_of(x, o->path[i], e), after;

        if (before < 0)
            return before;
        after = file_of(x, o->path[i + 1], e);
        if (after < 0)
            return after;
        x->u[x->n_shown++] = (struct update){before, after};
    }
    x->n_updates = x->n_shown;
    for (int i = 0; step == 1 && i < x->n_shown; i++)
        x->u[x->n_updates++] = (struct update){x->u[0].before, x->u[i].after};
    return 0;
}

static int list_groups(struct updates *x, struct err *e)
{
    int r = 0;

    if (x->o->mode != UPDATES_OVERLAP)
        return 0;
    if (x->o->runs)
        r = runs_parse(&x->runs, x->o->runs, x->n_shown, e);
    if (!r)
        groups_list(&x->groups, x->n_shown, &x->runs);
    return r;
}

static int list_tensors(struct updates *x, struct err *e)
{
    size_t n = st_count(x->file[0]);
    size_t files = (size_t)x->n_files;
    int r = 0, layer;

    x->t = xcalloc(n * files, sizeof *x->t);
    x->tensor = xcalloc(n, sizeof *x->tensor);
    for (int f = 0; f < x->n_files && !r; f++) {
        if (f)
            r = tensor_all(x->file[f], x->file[0], x->path[0], e);
        for (size_t i = 0; i < n && !r; i++)
            r = tensor_partner(x->file[f], x->path[f], st_at(x->file[0], i),
                               &x->t[i * files + (size_t)f], e);
    }
    for (size_t i = 0; i < n && !r; i++) {
        moves_open(&x->tensor[i], x->n_updates, x->groups.n);
        (void)tensor_kind(st_at(x->file[0], i)->name, &layer);
        if (layer >= x->n_layers)
            x->n_layers = layer + 1;
    }
    if (r)
        return r;
    x->layer = xcalloc((size_t)x->n_layers + 1, sizeof *x->layer);
    for (int i = 0; i < x->n_layers; i++)
        moves_open(&x->layer[i], x->n_updates, x->groups.n);
    for (int k = 0; k <= KIND_OTHER; k++)
        moves_open(&x->kind[k], x->n_updates, x->groups.n);
    moves_open(&x->all, x->n_updates, x->groups.n);
    return 0;
}

int updates_open(struct updates **out, const struct updates_opts *o,
                 struct err *e)
{
    struct updates *x = xcalloc(1, sizeof *x);
    int r;

    x->o = o;
    x->rec = rec_new();
    pthread_mutex_init(&x->reading, NULL);
    r = list_files(x, e);
    if (!r)
        r = list_groups(x, e);
    if (!r)
        r = list_tensors(x, e);
    for (int i = 0; r && i < x->n_files; i++) /* damage may be why */
        r = st_close(&x->file[i], r, e);
    if (r)
        updates_close(&x);
    *out = x;
    return r;
}

void updates_close(struct updates **x)
{
    size_t n;

    if (!*x)
        return;
    n = (*x)->tensor && (*x)->file[0] ? st_count((*x)->file[0]) : 0;
    for (size_t i = 0; i < n; i++)
        moves_close(&(*x)->tensor[i]);
    for (int i = 0; i < (*x)->n_layers && (*x)->layer; i++)
        moves_close(&(*x)->layer[i]);
    for (int k = 0; k <= KIND_OTHER; k++)
        moves_close(&(*x)->kind[k]);
    moves_close(&(*x)->all);
    for (int i = 0; i < (*x)->n_files; i++)
        (void)!st_close(&(*x)->file[i], 0, NULL);
    pthread_mutex_destroy(&(*x)->reading);
    groups_free(&(*x)->groups);
    runs_free(&(*x)->runs);
    rec_free(&(*x)->rec);
    free((*x)->tensor);
    free((*x)->t);
    free((*x)->layer);
    free(*x);
    *x = NULL;
}
