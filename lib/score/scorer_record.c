/* scorer_record - the records of the scorer: tokens in, values out */
#include <stdio.h>
#include <string.h>
#include "../model/finite.h"
#include "scorer_impl.h"

static int check_tokens(const struct scorer *s, struct rec *rec,
                        const char *field, struct rec_i32s v, struct err *e)
{
    int vocab = model_config(s->x->m)->vocab;

    for (size_t i = 0; i < v.n; i++)
        if (v.v[i] < 0 || v.v[i] >= vocab)
            return rec_bad(rec, e,
                           "%s: %d at position %zu is outside the "
                           "model's vocabulary of %d",
                           field, (int)v.v[i], i, vocab);
    return 0;
}

static int context(const struct scorer *s)
{
    int a = model_config(s->x->m)->max_pos;
    int b = s->against ? model_config(s->against->m)->max_pos : a;

    return a < b ? a : b;
}

int scorer_tokens(const struct scorer *s, struct rec *rec, struct rec_i32s *p,
                  struct rec_i32s *q, struct err *e)
{
    int r = rec_need_i32s(rec, "prompt_tokens", p, e);

    if (!r)
        r = rec_need_i32s(rec, "response_tokens", q, e);
    if (!r)
        r = check_tokens(s, rec, "prompt_tokens", *p, e);
    if (!r)
        r = check_tokens(s, rec, "response_tokens", *q, e);
    if (r)
        return r;
    if (!p->n)
        return rec_bad(rec, e, "prompt_tokens is empty");
    if (p->n + q->n > (size_t)context(s))
        return rec_bad(rec, e,
                       "%zu tokens of prompt and response, the "
                       "model's context is %d",
                       p->n + q->n, context(s));
    return 0;
}

static int set_column(struct rec *rec, const char *path, const float *v,
                      size_t n, struct err *e)
{
    size_t good = finite_until(v, DT_F32, n);

    if (good < n)
        return rec_bad(rec, e,
                       "%s: value %zu is %g, expected a "
                       "finite number (weights whose logits overflow?)",
                       path, good, (double)v[good]);
    rec_set_f32s(rec, path, v, n);
    return 0;
}

static int check_column(struct scorer_check *c, struct rec *rec, const float *v,
                        size_t n, struct err *e)
{
    struct rec_f32s was;
    int r = rec_need_f32s(rec, "response_logprobs", &was, e);

    if (r)
        return r;
    if (was.n != n)
        return rec_bad(rec, e,
                       "response_logprobs has %zu values, "
                       "response_tokens %zu",
                       was.n, n);
    for (size_t t = 0; t < n; t++) {
        double gap = (double)v[t] - (double)was.v[t];

        gap = gap < 0 ? -gap : gap;
        c->gap = gap > c->gap ? gap : c->gap;
        c->n_differ += memcmp(&v[t], &was.v[t], sizeof *v) != 0;
    }
    c->n += n;
    return 0;
}

int scorer_set(struct scorer *s, struct rec *rec, enum score what,
               const float *v, size_t n, struct err *e)
{
    const struct scorer_opts *o = s->o;
    const char *name = what == SCORE_OWN ? o->as : o->as_against;
    char path[300];
    int r = 0;

    if (what == SCORE_KL)
        return set_column(rec, "kl_exact", v, n, e);
    if (what == SCORE_OWN && o->check_rollout)
        r = check_column(s->check, rec, v, n, e);
    if (r || !name)
        return r;
    snprintf(path, sizeof path, "logprobs.%s", name);
    return set_column(rec, path, v, n, e);
}
