/* data - reading the experiment's records */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../record/rec.h"
#include "data.h"

static const char *const path[N_STREAMS][N_VALUES] = {
    {"j", "se", "var_eval", "accuracy_well_formed", "well_formed_fraction",
     "response_length_mean", "length_fraction", "pass_at_n", "n", "n_questions",
     "j_even", "j_odd"},
    {"kl_token.exact", "kl_token_se.exact", "kl_sequence.exact",
     "kl_sequence_se.exact", "kl_token.k1", "kl_token.k2", "kl_token.k3",
     "n_questions"},
    {"sparsity", "sparsity_f32", "sparsity_abs1e-5", "n", "non_finite",
     "jaccard", "jaccard_chance"},
    {"reward_mean",         "accuracy",        "response_length_mean",
     "logp_gap_max",        "skipped_updates", "updates",
     "changed_fraction",    "entropy",         "groups_missing",
     "approx_kl",           "grad_norm",       "groups_kept",
     "groups_dropped",      "groups_surplus",  "groups_one_response",
     "groups_no_advantage", "loss_scale",      "clip_low",
     "clip_high",           "clip_dual"},
    {"divergence", "first_step", "first_response", "first_token"},
    {"nss", "angle_left_max", "angle_right_max", "stable_rank_delta",
     "topk_delta", "overlap_principal", "overlap_principal_chance",
     "overlap_low", "overlap_low_chance"},
};

static int has(struct rec *rec, const char *field)
{
    const char *s = rec_json(rec, field);

    return s && strcmp(s, "null");
}

static int is_spectrum(struct rec *rec)
{
    static const char *const any[] = {"nss", "angle_left_max", "norm_delta",
                                      "overlap_principal"};

    for (size_t i = 0; has(rec, "scope") && i < sizeof any / sizeof *any; i++)
        if (has(rec, any[i]))
            return 1;
    return 0;
}

static int stream_of(struct rec *rec, enum stream *st, struct err *e)
{
    if (has(rec, "j"))
        *st = SCORES;
    else if (has(rec, "kl_token"))
        *st = KLS;
    else if (is_spectrum(rec))
        *st = SPECTRA;
    else if (has(rec, "scope"))
        *st = SPARSITIES;
    else if (has(rec, "apart"))
        *st = DIVERGENCES;
    else if (has(rec, "step") && has(rec, "updates"))
        *st = METRICS;
    else
        return rec_bad(rec, e,
                       "not a score, KL score, sparsity or metrics "
                       "record");
    return 0;
}

static int read_scope(struct data *d, struct rec *rec, struct obs *o,
                      struct err *e)
{
    static const char *const name[] = {"", "tensor", "kind", "layer", "total"};
    struct rec_str s;
    int64_t layer;
    int r = rec_need_str(rec, "scope", &s, e);

    if (r)
        return r;
    for (int i = SCOPE_TENSOR; i <= SCOPE_TOTAL; i++)
        if (!strcmp(s.s, name[i]))
            o->scope = (enum scope)i;
    if (!strcmp(s.s, "matrix"))
        o->scope = SCOPE_TENSOR;
    if (!o->scope)
        return rec_bad(rec, e, "scope: found \"%.40s\"", s.s);
    r = rec_get_str(rec, "kind", &s, e);
    if (r > 0)
        o->kind = (long)names_add(&d->kinds, s.s);
    if (r >= 0)
        r = rec_get_i64(rec, "layer", &layer, e);
    if (r > 0)
        o->layer = (long)layer;
    return r < 0 ? r : 0;
}

/* arm, seed, draw, replicate, task: what --set put there */
static int read_tags(struct data *d, struct rec *rec, struct obs *o,
                     struct err *e)
{
    struct rec_str s;
    int r = rec_need_str(rec, "arm", &s, e);

    if (r)
        return r;
    o->arm = (long)names_add(&d->arms, s.s);
    r = rec_get_i64(rec, "seed", &o->seed, e);
    if (!r && strcmp(s.s, "base") && strncmp(s.s, "floor_", 6))
        return rec_bad(rec, e,
                       "seed: missing (stats --set seed=N puts it "
                       "there)");
    if (r >= 0)
        r = rec_get_i64(rec, "draw", &o->draw, e);
    if (r >= 0 && o->draw < 0)
        return rec_bad(rec, e, "draw: found %lld, expected 0 or more",
                       (long long)o->draw);
    if (r >= 0)
        r = rec_get_i64(rec, "replicate", &o->replicate, e);
    if (r >= 0 && (o->stream == SCORES || o->stream == KLS)) {
        r = rec_need_str(rec, "task", &s, e);
        if (!r)
            o->task = (long)names_add(&d->tasks, s.s);
    }
    if (r >= 0 && (o->stream == METRICS || o->stream == DIVERGENCES))
        r = rec_need_i64(rec, "step", &o->step, e);
    if (r >= 0 && (o->stream == SPARSITIES || o->stream == SPECTRA))
        r = read_scope(d, rec, o, e);
    if (r >= 0 && rec_get_str(rec, "policy", &s, NULL) > 0)
        snprintf(o->policy, sizeof o->policy, "%.32s", s.s);
    return r < 0 ? r : 0;
}

/* ids, samples and correct of a score record, where it has all of them. */
static int read_questions(struct data *d, struct rec *rec, struct obs *o,
                          struct err *e)
{
    const struct rec_str *ids;
    struct rec_i32s samples, correct;
    size_t n;
    int r = rec_get_strs(rec, "ids", &ids, &n, e);

    if (r > 0)
        r = rec_get_i32s(rec, "samples", &samples, e);
    if (r > 0)
        r = rec_get_i32s(rec, "correct", &correct, e);
    if (r <= 0)
        return r;
    if (samples.n != n || correct.n != n)
        return rec_bad(rec, e, "ids has %zu values, samples %zu, correct %zu",
                       n, samples.n, correct.n);
    o->n_q = n;
    o->q = xcalloc(n + 1, sizeof *o->q);
    for (size_t i = 0; i < n; i++) {
        if (samples.v[i] < 1 || correct.v[i] < 0 ||
            correct.v[i] > samples.v[i]) {
            free(o->q);
            return rec_bad(rec, e, "question %.80s: %d correct of %d samples",
                           ids[i].s, (int)correct.v[i], (int)samples.v[i]);
        }
        o->q[i] = (struct question){(long)names_add(&d->questions, ids[i].s),
                                    samples.v[i], correct.v[i]};
    }
    return 0;
}

/* A record of sparsity --overlap --runs: of it the pairs, over all weights. */
static int add_pair(struct data *d, struct rec *rec, struct err *e)
{
    static const char *const over[] = {"arm", "seed", "draw"};
    static const char *const arms[][2] = {{"arm_a", "arm_b"}, {"arm", "arm"}};
    struct pair p = {.over = N_OVERS};
    struct rec_str s;
    int r = rec_need_str(rec, "measure", &s, e);

    if (r || strcmp(s.s, "pair"))
        return r;
    r = rec_need_str(rec, "scope", &s, e);
    if (r || strcmp(s.s, "total") || !has(rec, "over") || !has(rec, "jaccard"))
        return r; /* no --runs; nothing moved */
    r = rec_need_str(rec, "over", &s, e);
    for (int i = 0; !r && i < N_OVERS; i++)
        if (!strcmp(s.s, over[i]))
            p.over = (enum over)i;
    if (!r && p.over == N_OVERS)
        return rec_bad(rec, e, "over: found \"%.40s\"", s.s);
    for (int i = 0; !r && i < 2; i++) {
        r = rec_need_str(rec, arms[p.over != OVER_ARM][i], &s, e);
        if (!r)
            p.arm[i] = (long)names_add(&d->arms, s.s);
    }
    if (!r)
        r = rec_need_f64(rec, "jaccard", &p.jaccard, e);
    if (!r)
        r = rec_need_f64(rec, "jaccard_chance", &p.chance, e);
    if (r)
        return r;
    if (!(d->n_pairs % 64))
        d->pair = xrealloc(d->pair, d->n_pairs + 64, sizeof *d->pair);
    d->pair[d->n_pairs++] = p;
    return 0;
}

int data_add(struct data *d, struct rec *rec, struct err *e)
{
    struct obs o = {.task = -1, .seed = -1, .kind = -1, .layer = -1};
    int r;

    if (has(rec, "measure"))
        return add_pair(d, rec, e);
    r = stream_of(rec, &o.stream, e);
    if (!r)
        r = read_tags(d, rec, &o, e);
    for (int i = 0; !r && i < N_VALUES && path[o.stream][i]; i++) {
        r = rec_get_f64(rec, path[o.stream][i], &o.v[i], e);
        if (r > 0 && !isfinite(o.v[i]))
            return rec_bad(rec, e, "%s: not finite", path[o.stream][i]);
        if (r > 0)
            o.has |= 1u << i;
        r = r < 0 ? r : 0;
    }
    if (!r && o.stream == SCORES)
        r = read_questions(d, rec, &o, e);
    if (r || o.scope == SCOPE_TENSOR) /* kinds and layers sum them up */
        return r;
    if (d->n == d->cap) {
        d->cap = 2 * d->cap + 256;
        d->o = xrealloc(d->o, d->cap, sizeof *d->o);
    }
    d->o[d->n++] = o;
    return 0;
}

#define BY(field)                                                              \
    do {                                                                       \
        if (x->field != y->field)                                              \
            return x->field < y->field ? -1 : 1;                               \
    } while (0)

static int in_order(const void *a, const void *b)
{
    const struct obs *x = a, *y = b;

    BY(stream);
    BY(arm);
    BY(task);
    BY(scope);
    BY(kind);
    BY(layer);
    BY(seed);
    BY(draw);
    BY(replicate);
    BY(step);
    return 0;
}

static int pairs_in_order(const void *a, const void *b)
{
    const struct pair *x = a, *y = b;

    BY(over);
    BY(arm[0]);
    BY(arm[1]);
    BY(jaccard);
    BY(chance);
    return 0;
}

static int check_twice(const struct data *d, struct err *e)
{
    static const char *const what[] = {"score",   "KL score",   "sparsity",
                                       "metrics", "divergence", "spectrum"};

    for (size_t i = 1; i < d->n; i++) {
        const struct obs *o = &d->o[i];

        if (!in_order(o - 1, o))
            return err_set(e, ERR_DATA,
                           "two %s records of arm %s, seed "
                           "%lld%s%s",
                           what[o->stream], d->arms.v[o->arm],
                           (long long)o->seed, o->task < 0 ? "" : ", task ",
                           o->task < 0 ? "" : d->tasks.v[o->task]);
    }
    return 0;
}

/* ---- arms and tasks in the report's order ---------------------------- */

static int is_trained(const char *arm)
{
    return strcmp(arm, "base") && strncmp(arm, "floor_", 6);
}

const char *data_arm(const struct data *d, int i)
{
    return d->arms.v[d->arm[i]];
}

int data_arm_at(const struct data *d, const char *name)
{
    for (int a = 0; a < d->n_arms; a++)
        if (!strcmp(data_arm(d, a), name))
            return a;
    return -1;
}

static int order_arms(struct data *d, const struct setting *s, struct err *e)
{
    d->arm = xcalloc(d->arms.n + s->arms.n + 1, sizeof *d->arm);
    for (size_t i = 0; i < s->arms.n; i++) {
        long a = s->partial ? (long)names_add(&d->arms, s->arms.v[i])
                            : names_find(&d->arms, s->arms.v[i]);

        if (a < 0)
            return err_set(e, ERR_DATA,
                           "no records of arm %s, which the "
                           "setting names",
                           s->arms.v[i]);
        d->arm[d->n_arms++] = a;
    }
    for (size_t i = 0; i < d->arms.n; i++)
        if (is_trained(d->arms.v[i]) &&
            (!s->arms.n || names_find(&s->arms, d->arms.v[i]) < 0)) {
            if (s->arms.n)
                return err_set(e, ERR_DATA,
                               "records of arm %s, which the "
                               "setting does not name",
                               d->arms.v[i]);
            d->arm[d->n_arms++] = (long)i;
        }
    d->base = names_find(&d->arms, "base");
    if (s->reference) {
        d->reference = data_arm_at(d, s->reference);
        if (d->reference < 0)
            return err_set(e, ERR_DATA, "no records of the reference arm %s",
                           s->reference);
    }
    if (!d->n_arms)
        return err_set(e, ERR_DATA, "no records of a trained arm");
    return 0;
}

static int order_tasks(struct data *d, const struct setting *s, struct err *e)
{
    d->task = xcalloc(d->tasks.n + s->tasks.n + 1, sizeof *d->task);
    for (int on = 1; on >= 0; on--)
        for (size_t i = 0; i < s->tasks.n; i++)
            if (s->task[i].on == on) {
                d->task[d->n_tasks++] = (long)names_add(&d->tasks,
                                                        s->tasks.v[i]);
                d->n_on += on;
            }
    for (size_t i = 0; i < d->tasks.n; i++) {
        if (s->tasks.n && names_find(&s->tasks, d->tasks.v[i]) < 0)
            return err_set(e, ERR_DATA,
                           "records of task %s, which is not "
                           "among the tasks",
                           d->tasks.v[i]);
        if (!s->tasks.n)
            d->task[d->n_tasks++] = (long)i;
    }
    return 0;
}

static int read_file(struct data *d, const char *name,
                     const struct data_watch *watch, struct err *e)
{
    struct rec_reader *in = NULL;
    struct rec *rec;
    int r = rec_open(&in, name, e);

    while (!r && (r = rec_read(in, &rec, e)) > 0) {
        r = data_add(d, rec, e);
        if (!r && watch)
            r = watch->see(watch->ctx, in, rec, e);
    }
    rec_close(&in);
    return r;
}

int data_sort(struct data *d, const struct setting *s, struct err *e)
{
    int r;

    if (!d->n)
        return err_set(e, ERR_DATA, "no records");
    qsort(d->o, d->n, sizeof *d->o, in_order);
    if (d->n_pairs)
        qsort(d->pair, d->n_pairs, sizeof *d->pair, pairs_in_order);
    r = check_twice(d, e);
    if (!r)
        r = order_arms(d, s, e);
    return r ? r : order_tasks(d, s, e);
}

const struct obs *data_find(const struct data *d, enum stream st, long arm,
                            long task, int64_t seed, int64_t draw)
{
    const struct obs key = {.stream = st,
                            .arm = arm,
                            .task = task,
                            .seed = seed,
                            .draw = draw,
                            .kind = -1,
                            .layer = -1};

    return bsearch(&key, d->o, d->n, sizeof *d->o, in_order);
}

int data_read(struct data *d, const struct setting *s, char **inputs,
              int n_inputs, const struct data_watch *watch, struct err *e)
{
    static const char *const kinds[] = {"q",    "k",    "v",    "o",
                                        "gate", "up",   "down", "embed",
                                        "norm", "bias", "head", "other"};
    int r = 0;

    memset(d, 0, sizeof *d);
    /* their order on the page, whatever that of the records is */
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        names_add(&d->kinds, kinds[i]);
    for (int i = 0; i < n_inputs && !r; i++)
        r = read_file(d, inputs[i], watch, e);
    if (!n_inputs)
        r = read_file(d, "-", watch, e);
    return r ? r : data_sort(d, s, e);
}

void data_free(struct data *d)
{
    for (size_t i = 0; i < d->n; i++)
        free(d->o[i].q);
    free(d->o);
    free(d->pair);
    free(d->arm);
    free(d->task);
    names_free(&d->arms);
    names_free(&d->tasks);
    names_free(&d->kinds);
    names_free(&d->questions);
}
