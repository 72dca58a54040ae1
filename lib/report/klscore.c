/* klscore - sums of KL by task and question, means with clustered errors */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../stat/evaluate.h"
#include "klscore.h"
#include "names.h"

enum { N_EST = 4 };
static const char *const est_name[N_EST] = {"exact", "k1", "k2", "k3"};

struct task {
    struct names ids;
    double *sum[N_EST], *tokens, *samples; /* by question */
    size_t cap;
    uint64_t n, n_tokens, n_with[N_EST];
};

struct klscore {
    struct names tasks;
    struct task *t;
    size_t cap;
};

struct klscore *klscore_open(void)
{
    return xcalloc(1, sizeof(struct klscore));
}

void klscore_close(struct klscore **kp)
{
    struct klscore *k = *kp;

    if (!k)
        return;
    for (size_t i = 0; i < k->tasks.n; i++) {
        names_free(&k->t[i].ids);
        for (int j = 0; j < N_EST; j++)
            free(k->t[i].sum[j]);
        free(k->t[i].tokens);
        free(k->t[i].samples);
    }
    names_free(&k->tasks);
    free(k->t);
    free(k);
    *kp = NULL;
}

size_t klscore_tasks(const struct klscore *k)
{
    return k->tasks.n;
}

static double *wider(double *v, size_t was, size_t cap)
{
    v = xrealloc(v, cap, sizeof *v);
    memset(v + was, 0, (cap - was) * sizeof *v);
    return v;
}

static struct task *task_of(struct klscore *k, const char *name)
{
    size_t i = names_add(&k->tasks, name);

    if (i >= k->cap) {
        size_t was = k->cap;

        k->cap = 2 * k->cap + 8;
        k->t = xrealloc(k->t, k->cap, sizeof *k->t);
        memset(k->t + was, 0, (k->cap - was) * sizeof *k->t);
    }
    return &k->t[i];
}

static size_t question_of(struct task *t, const char *id)
{
    size_t q = names_add(&t->ids, id);

    if (q >= t->cap) {
        size_t was = t->cap;

        t->cap = 2 * t->cap + 64;
        for (int j = 0; j < N_EST; j++)
            t->sum[j] = wider(t->sum[j], was, t->cap);
        t->tokens = wider(t->tokens, was, t->cap);
        t->samples = wider(t->samples, was, t->cap);
    }
    return q;
}

int klscore_add(struct klscore *k, struct rec *rec, struct err *e)
{
    struct rec_str id, task;
    struct rec_i32s tokens;
    double v[N_EST];
    int has[N_EST], any = 0;
    struct task *t;
    size_t q;
    int r = rec_need_text(rec, "id", &id, e);

    if (!r)
        r = rec_need_text(rec, "task", &task, e);
    if (!r)
        r = rec_need_i32s(rec, "response_tokens", &tokens, e);
    for (int j = 0; j < N_EST && !r; j++) {
        char path[32];

        snprintf(path, sizeof path, "kl.sequence.%s", est_name[j]);
        has[j] = rec_get_f64(rec, path, &v[j], e);
        if (has[j] < 0)
            return has[j];
        if (has[j] && !isfinite(v[j]))
            return rec_bad(rec, e, "%s: not finite", path);
        any |= has[j];
    }
    if (!r && !any)
        r = rec_missing(rec, "kl.sequence", e);
    if (r)
        return r;
    t = task_of(k, task.s);
    q = question_of(t, id.s);
    t->n++;
    t->n_tokens += tokens.n;
    t->tokens[q] += (double)tokens.n;
    t->samples[q] += 1;
    for (int j = 0; j < N_EST; j++) {
        t->n_with[j] += (uint64_t)has[j];
        t->sum[j][q] += has[j] ? v[j] : 0;
    }
    return 0;
}

static void set_ratio(struct rec *rec, const char *scope, const char *est,
                      const double *s, const double *w, size_t n)
{
    struct eval_ratio m = eval_ratio(s, w, n);
    char path[64];

    if (m.why)
        return;
    snprintf(path, sizeof path, "kl_%s.%s", scope, est);
    rec_set_f64(rec, path, m.est);
    if (m.se_why)
        return;
    snprintf(path, sizeof path, "kl_%s_se.%s", scope, est);
    rec_set_f64(rec, path, m.se);
}

void klscore_get(const struct klscore *k, size_t i, struct rec *rec)
{
    const struct task *t = &k->t[i];

    rec_set_str(rec, "task", k->tasks.v[i], strlen(k->tasks.v[i]));
    rec_set_u64(rec, "n_questions", t->ids.n);
    rec_set_u64(rec, "n_samples", t->n);
    rec_set_u64(rec, "n_tokens", t->n_tokens);
    for (int j = 0; j < N_EST; j++) {
        if (t->n_with[j] != t->n)
            continue;
        set_ratio(rec, "token", est_name[j], t->sum[j], t->tokens, t->ids.n);
        set_ratio(rec, "sequence", est_name[j], t->sum[j], t->samples,
                  t->ids.n);
    }
}
