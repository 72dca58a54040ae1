/* sample - one rewarded rollout, checked, out of its record; see sample.h */
#include "sample.h"
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "dapo.h"

/* A logarithm of a softmax may be rounded to a little above 0. */
#define LOGP_MOST 0.01f

static int get_tokens(struct rec *rec, const char *field,
                      const struct batch_opts *o, struct rec_i32s *t,
                      struct err *e)
{
    int r = rec_need_i32s(rec, field, t, e);

    if (r)
        return r;
    if (t->n == 0)
        return rec_bad(rec, e, "%s: empty", field);
    for (size_t i = 0; i < t->n; i++)
        if (t->v[i] < 0 || t->v[i] >= o->vocab)
            return rec_bad(rec, e, "%s: value %zu is %d, expected 0 to %d",
                           field, i, t->v[i], o->vocab - 1);
    return 0;
}

static int get_outcome(struct rec *rec, struct sample *s, struct err *e)
{
    int r = rec_need_f64(rec, "reward", &s->reward, e);

    if (r)
        return r;
    if (!(s->reward >= -DAPO_REWARD_MAX && s->reward <= DAPO_REWARD_MAX))
        return rec_bad(rec, e, "reward: found %.9g, expected %.9g to %.9g",
                       s->reward, -DAPO_REWARD_MAX, DAPO_REWARD_MAX);
    s->was = (double)NAN;
    r = rec_get_f64(rec, "advantage", &s->was, e);
    if (r < 0)
        return r;
    r = rec_get_bool(rec, "correct", &s->correct, e);
    if (r < 0)
        return r;
    return r ? 0 : rec_missing(rec, "correct", e);
}

int sample_read(struct rec *rec, const struct batch_opts *o, struct sample *s,
                struct err *e)
{
    struct rec_i32s prompt, response;
    struct rec_f32s logp;
    int r = get_tokens(rec, "prompt_tokens", o, &prompt, e);

    if (!r)
        r = get_tokens(rec, "response_tokens", o, &response, e);
    if (!r)
        r = rec_need_f32s(rec, "response_logprobs", &logp, e);
    if (r)
        return r;
    if (logp.n != response.n)
        return rec_bad(rec, e,
                       "response_logprobs has %zu values, "
                       "response_tokens %zu",
                       logp.n, response.n);
    for (size_t i = 0; i < logp.n; i++)
        if (!(logp.v[i] <= LOGP_MOST && logp.v[i] >= -FLT_MAX))
            return rec_bad(rec, e,
                           "response_logprobs: value %zu is %.9g, "
                           "expected a finite number up to 0",
                           i, (double)logp.v[i]);
    if (prompt.n + response.n > (size_t)o->max_len)
        return rec_bad(rec, e,
                       "prompt_tokens and response_tokens are %zu "
                       "together, the model has %d positions",
                       prompt.n + response.n, o->max_len);
    s->n_prompt = (int)prompt.n;
    s->n = (int)(prompt.n + response.n);
    s->tokens = xmalloc((size_t)s->n * sizeof *s->tokens);
    memcpy(s->tokens, prompt.v, prompt.n * sizeof *prompt.v);
    memcpy(s->tokens + prompt.n, response.v, response.n * sizeof *prompt.v);
    s->logp = xmalloc(logp.n * sizeof *s->logp);
    memcpy(s->logp, logp.v, logp.n * sizeof *logp.v);
    return get_outcome(rec, s, e);
}
