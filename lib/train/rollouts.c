/* rollouts - checked groups out of record streams */
#include <stdlib.h>
#include <string.h>
#include "../base/hash.h"
#include "rollouts.h"

int rollouts_open(struct rollouts *s, const struct batch_opts *o,
                char **paths, int n_paths, const char *keep, int live,
                struct err *e)
{
    static char dash[] = "-";
    static char *stdin_only[] = { dash };

    memset(s, 0, sizeof *s);
    s->o = o;
    s->paths = n_paths ? paths : stdin_only;
    s->n_paths = n_paths ? n_paths : 1;
    s->live = live;
    s->keep = keep;
    /* opened at the first read: a live stream's header comes only after the
     * sampler was told to go */
    return keep ? rec_create(&s->w, keep, REC_MSGPACK, e) : 0;
}

/* 1: *rec; 0: all inputs ended. */
static int next_record(struct rollouts *s, struct rec **rec,
                       struct err *e)
{
    int r = 0;

    *rec = s->held;
    s->held = NULL;
    if (*rec)
        return 1;
    while (s->in || s->at < s->n_paths) {
        if (!s->in) {
            r = rec_open(&s->in, s->paths[s->at++], e);
            if (r)
                return r;
            if (s->w && s->at == 1)
                r = rec_header(s->w, "rollouts", "dapo-step", s->in, e);
            if (r)
                return r;
        }
        r = rec_read(s->in, rec, e);
        if (r)
            return r;
        rec_close(&s->in);
    }
    return 0;
}

int rollouts_finish(struct rollouts *s, struct err *e)
{
    struct rec *rec;
    int r = next_record(s, &rec, e);

    if (r < 0)
        return r;
    if (r > 0 && s->live)
        return rec_bad(rec, e, "a rollout after the last step");
    /* a replay may hold more steps than were wanted: read to its end, so
     * that a cut is seen */
    while (r > 0)
        r = next_record(s, &rec, e);
    if (r < 0)
        return r;
    return s->w ? rec_commit(&s->w, e) : 0;
}

void rollouts_close(struct rollouts *s)
{
    rec_close(&s->in);
    rec_abort(&s->w);
}

/* ---- one record ------------------------------------------------------ */

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
    if (!(s->reward - s->reward == 0))
        return rec_bad(rec, e, "reward: not finite");
    r = rec_get_bool(rec, "correct", &s->correct, e);
    if (r < 0)
        return r;
    return r ? 0 : rec_bad(rec, e, "correct: missing");
}

/* Tokens and log-probabilities of a sample. */
static int get_sample(struct rec *rec, const struct batch_opts *o,
                      struct sample *s, struct err *e)
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
        return rec_bad(rec, e, "response_logprobs has %zu values, "
                       "response_tokens %zu", logp.n, response.n);
    for (size_t i = 0; i < logp.n; i++)
        if (!(logp.v[i] - logp.v[i] == 0))
            return rec_bad(rec, e, "response_logprobs: value %zu is not "
                           "finite", i);
    if (prompt.n + response.n > (size_t)o->max_len)
        return rec_bad(rec, e, "prompt_tokens and response_tokens are %zu "
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

/* ---- one group ------------------------------------------------------- */

struct key { /* what the samples of a group share */
    char *id;
    size_t n_id;
    int64_t epoch;
};

static int check_key(struct rec *rec, int i, struct key *k,
                     struct sample *s, struct err *e)
{
    struct rec_str id;
    int64_t epoch = 0, sample;
    int r = rec_need_str(rec, "id", &id, e);

    if (!r)
        r = rec_need_i64(rec, "sample", &sample, e);
    if (r)
        return r;
    r = rec_get_i64(rec, "epoch", &epoch, e);
    if (r < 0)
        return r;
    if (i == 0) {
        k->id = xmalloc(id.n + 1);
        memcpy(k->id, id.s, id.n);
        k->n_id = id.n;
        k->epoch = epoch;
    }
    if (id.n != k->n_id || memcmp(id.s, k->id, id.n) || epoch != k->epoch)
        return rec_bad(rec, e, "id: found %.*s, expected sample %d of %.*s",
                       (int)id.n, id.s, i, (int)k->n_id, k->id);
    if (sample != i)
        return rec_bad(rec, e, "sample: found %lld, expected %d",
                       (long long)sample, i);
    s->id = hash_bytes(id.s, id.n) + 0x9E3779B97F4A7C15u * (uint64_t)epoch +
            0xD1B54A32D192ED03u * (uint64_t)i;
    return 0;
}

/* 1: of this step (or of none); 0: of a later one. */
static int check_step(struct rec *rec, int64_t step, int live, struct err *e)
{
    int64_t found = step;
    int r = rec_get_i64(rec, "step", &found, e);

    if (r < 0)
        return r;
    if (found > step && !live)
        return 0;
    if (found != step)
        return rec_bad(rec, e, "step: found %lld, expected %lld",
                       (long long)found, (long long)step);
    return 1;
}

static int check_policy(struct rec *rec, const char *policy, struct err *e)
{
    struct rec_str s;
    int r = rec_get_str(rec, "policy", &s, e);

    if (r <= 0)
        return r;
    if (s.n != strlen(policy) || memcmp(s.s, policy, s.n))
        return rec_bad(rec, e, "policy: sampled from %.*s, the weights here "
                       "are %s (--off-policy takes it)", (int)s.n, s.s,
                       policy);
    return 0;
}

static int read_sample(struct rollouts *s, struct rec *rec, int i,
                       const char *policy, struct key *k, struct sample *out,
                       struct err *e)
{
    int r = check_key(rec, i, k, out, e);

    if (!r && policy && !s->o->off_policy)
        r = check_policy(rec, policy, e);
    if (!r)
        r = get_sample(rec, s->o, out, e);
    if (!r && s->w)
        r = rec_write(s->w, rec, e);
    return r;
}

int rollouts_group(struct rollouts *s, int64_t step, const char *policy,
                 struct group *g, struct err *e)
{
    struct key key = { 0 };
    struct rec *rec;
    int r = 1;

    g->n = s->o->samples;
    g->v = xcalloc((size_t)g->n, sizeof *g->v);
    for (int i = 0; i < g->n && r == 1; i++) {
        r = next_record(s, &rec, e);
        if (r == 0 && (i || s->live))
            r = err_set(e, ERR_DATA, "the input ended in step %lld with %d of "
                        "the %d samples of a group", (long long)step, i,
                        g->n);
        if (r == 1)
            r = check_step(rec, step, s->live, e);
        if (r == 0 && i)
            r = rec_bad(rec, e, "step: a group of %d samples ended after %d",
                        g->n, i);
        if (r == 0)
            s->held = rec;
        if (r == 1 && read_sample(s, rec, i, policy, &key, &g->v[i], e))
            r = -e->code;
    }
    free(key.id);
    if (r != 1)
        group_free(g);
    return r;
}
