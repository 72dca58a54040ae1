/* score - counts by task and question, and what follows from them */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../stat/evaluate.h"
#include "names.h"
#include "score.h"

struct task {
    struct names ids;
    struct names seen; /* responses by question, sample, seed and policy */
    int64_t *samples, *right, *formed, *right_formed; /* by question */
    int64_t *even, *right_even; /* samples 0, 2, 4, ... of a question */
    int unnumbered;             /* a response has no sample number */
    size_t cap;
    uint64_t n, n_formed_known, n_lengths, tokens, n_reasons, n_length;
    char *policy;
    int policies_differ;
};

struct score {
    struct names tasks;
    struct task *t;
    size_t cap;
};

struct score *score_open(void)
{
    return xcalloc(1, sizeof(struct score));
}

void score_close(struct score **sp)
{
    struct score *s = *sp;

    if (!s)
        return;
    for (size_t i = 0; i < s->tasks.n; i++) {
        struct task *t = &s->t[i];

        names_free(&t->ids);
        names_free(&t->seen);
        free(t->samples);
        free(t->right);
        free(t->formed);
        free(t->right_formed);
        free(t->even);
        free(t->right_even);
        free(t->policy);
    }
    names_free(&s->tasks);
    free(s->t);
    free(s);
    *sp = NULL;
}

size_t score_tasks(const struct score *s)
{
    return s->tasks.n;
}

static struct task *task_of(struct score *s, const char *name)
{
    size_t i = names_add(&s->tasks, name);

    if (i >= s->cap) {
        size_t was = s->cap;

        s->cap = 2 * s->cap + 8;
        s->t = xrealloc(s->t, s->cap, sizeof *s->t);
        memset(s->t + was, 0, (s->cap - was) * sizeof *s->t);
    }
    return &s->t[i];
}

static int64_t *wider(int64_t *v, size_t was, size_t cap)
{
    v = xrealloc(v, cap, sizeof *v);
    memset(v + was, 0, (cap - was) * sizeof *v);
    return v;
}

static size_t question_of(struct task *t, const char *id)
{
    size_t q = names_add(&t->ids, id);

    if (q >= t->cap) {
        size_t was = t->cap;

        t->cap = 2 * t->cap + 64;
        t->samples = wider(t->samples, was, t->cap);
        t->right = wider(t->right, was, t->cap);
        t->formed = wider(t->formed, was, t->cap);
        t->right_formed = wider(t->right_formed, was, t->cap);
        t->even = wider(t->even, was, t->cap);
        t->right_even = wider(t->right_even, was, t->cap);
    }
    return q;
}

static void note_policy(struct task *t, const char *s)
{
    if (!t->policy)
        t->policy = xstrdup(s);
    else
        t->policies_differ |= strcmp(t->policy, s) != 0;
}

/* A response that is read a second time would count twice. One without a
 * sample number cannot be told from another. */
static int seen_before(struct task *t, size_t q, struct rec *rec, struct err *e)
{
    struct rec_str policy = {0};
    uint64_t sample, seed = 0;
    size_t n = t->seen.n;
    char key[256];
    int has = rec_get_u64(rec, "sample", &sample, e);

    if (has <= 0)
        return has;
    if (rec_get_u64(rec, "seed", &seed, e) < 0 ||
        rec_get_str(rec, "policy", &policy, e) < 0)
        return -e->code;
    snprintf(key, sizeof key, "%zu %llu %llu %.100s", q,
             (unsigned long long)sample, (unsigned long long)seed,
             policy.n ? policy.s : "");
    names_add(&t->seen, key);
    return t->seen.n > n ? 0
                         : rec_bad(rec, e,
                                   "sample %llu of question %.80s "
                                   "comes a second time",
                                   (unsigned long long)sample, t->ids.v[q]);
}

static int count_even(struct task *t, size_t q, struct rec *rec, int right,
                      struct err *e)
{
    uint64_t sample;
    int has = rec_get_u64(rec, "sample", &sample, e);

    if (has < 0)
        return has;
    t->unnumbered |= !has;
    if (has && sample % 2 == 0) {
        t->even[q]++;
        t->right_even[q] += right;
    }
    return 0;
}

int score_add(struct score *s, struct rec *rec, struct err *e)
{
    struct rec_str id, task, reason, policy;
    struct rec_i32s tokens;
    int right, formed, has_formed, has_tokens, has_reason, has_policy;
    struct task *t;
    size_t q;
    int r = rec_need_text(rec, "id", &id, e);

    if (!r)
        r = rec_need_text(rec, "task", &task, e);
    if (r)
        return r;
    r = rec_get_bool(rec, "correct", &right, e);
    if (r <= 0)
        return r ? r : rec_missing(rec, "correct", e);
    if ((has_formed = rec_get_bool(rec, "well_formed", &formed, e)) < 0 ||
        (has_tokens = rec_get_i32s(rec, "response_tokens", &tokens, e)) < 0 ||
        (has_reason = rec_get_str(rec, "finish_reason", &reason, e)) < 0 ||
        (has_policy = rec_get_str(rec, "policy", &policy, e)) < 0)
        return -e->code;
    t = task_of(s, task.s);
    q = question_of(t, id.s);
    r = seen_before(t, q, rec, e);
    if (r)
        return r;
    t->n++;
    t->samples[q]++;
    t->right[q] += right;
    r = count_even(t, q, rec, right, e);
    if (r)
        return r;
    if (has_formed) {
        t->n_formed_known++;
        t->formed[q] += formed;
        t->right_formed[q] += formed && right;
    }
    if (has_tokens) {
        t->n_lengths++;
        t->tokens += tokens.n;
    }
    if (has_reason) {
        t->n_reasons++;
        t->n_length += !strcmp(reason.s, "length");
    }
    if (has_policy)
        note_policy(t, policy.s);
    return 0;
}

static void set_counts(struct rec *rec, const char *name, const int64_t *v,
                       size_t n)
{
    int32_t *x = xmalloc((n ? n : 1) * sizeof *x);

    for (size_t i = 0; i < n; i++)
        x[i] = (int32_t)v[i];
    rec_set_i32s(rec, name, x, n);
    free(x);
}

static void set_ids(struct rec *rec, const struct names *ids)
{
    struct rec_str *v = xmalloc((ids->n + 1) * sizeof *v);

    for (size_t i = 0; i < ids->n; i++)
        v[i] = (struct rec_str){.s = ids->v[i], .n = strlen(ids->v[i])};
    rec_set_strs(rec, "ids", v, ids->n);
    free(v);
}

static int64_t sum(const int64_t *v, size_t n)
{
    int64_t s = 0;

    for (size_t i = 0; i < n; i++)
        s += v[i];
    return s;
}

static void set_pass(struct rec *rec, const struct task *t)
{
    size_t n = t->ids.n;
    int64_t least = t->samples[0];
    double p = 0;

    for (size_t i = 1; i < n; i++)
        least = t->samples[i] < least ? t->samples[i] : least;
    for (size_t i = 0; i < n; i++)
        p += eval_pass_at(t->samples[i], t->right[i], least) / (double)n;
    rec_set_i64(rec, "n", least);
    rec_set_f64(rec, "pass_at_n", p);
}

/* J on the even and on the odd samples alone: two streams of sampling that
 * are independent of each other. */
static void set_halves(struct rec *rec, const struct task *t)
{
    size_t n = t->ids.n;
    double even = 0, odd = 0;

    for (size_t i = 0; i < n; i++) {
        int64_t k = t->even[i], rest = t->samples[i] - k;

        if (t->unnumbered || !k || !rest)
            return;
        even += (double)t->right_even[i] / (double)k;
        odd += (double)(t->right[i] - t->right_even[i]) / (double)rest;
    }
    rec_set_f64(rec, "j_even", even / (double)n);
    rec_set_f64(rec, "j_odd", odd / (double)n);
}

void score_get(const struct score *s, size_t i, struct rec *rec)
{
    const struct task *t = &s->t[i];
    size_t n = t->ids.n;
    struct eval_score v = eval_score(t->right, t->samples, n);
    int64_t formed = sum(t->formed, n);

    rec_set_str(rec, "task", s->tasks.v[i], strlen(s->tasks.v[i]));
    rec_set_u64(rec, "n_questions", n);
    rec_set_u64(rec, "n_samples", t->n);
    rec_set_f64(rec, "j", v.j);
    if (!v.se_why)
        rec_set_f64(rec, "se", v.se);
    if (!v.var_eval_why)
        rec_set_f64(rec, "var_eval", v.var_eval);
    rec_set_f64(rec, "pass_at_1", v.j);
    set_pass(rec, t);
    set_halves(rec, t);
    if (t->n_formed_known == t->n) {
        rec_set_f64(rec, "well_formed_fraction", (double)formed / (double)t->n);
        if (formed)
            rec_set_f64(rec, "accuracy_well_formed",
                        (double)sum(t->right_formed, n) / (double)formed);
    }
    if (t->n_lengths)
        rec_set_f64(rec, "response_length_mean",
                    (double)t->tokens / (double)t->n_lengths);
    if (t->n_reasons)
        rec_set_f64(rec, "length_fraction",
                    (double)t->n_length / (double)t->n_reasons);
    if (t->policy && !t->policies_differ)
        rec_set_str(rec, "policy", t->policy, strlen(t->policy));
    set_ids(rec, &t->ids);
    set_counts(rec, "samples", t->samples, n);
    set_counts(rec, "correct", t->right, n);
    if (t->n_formed_known == t->n)
        set_counts(rec, "well_formed", t->formed, n);
}
