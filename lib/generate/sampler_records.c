/* sampler_records - prompts in, samples out: the records of a sampler */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/hash.h"
#include "../base/rng.h"
#include "sampler_impl.h"

uint64_t sampler_seed(uint64_t seed, int64_t step)
{
    return rng_mix(rng_mix(seed) + (uint64_t)(step < 0 ? 0 : step));
}

static int check_prompt(const struct sampler *s, struct rec *rec,
                        const struct prompt *p, struct err *e)
{
    const struct config *c = model_config(s->x->m);

    if (!p->tokens.n)
        return rec_bad(rec, e, "prompt_tokens is empty");
    if (p->tokens.n + (size_t)p->how->max_new > (size_t)c->max_pos)
        return rec_bad(
            rec, e,
            "prompt_tokens has %zu tokens, and %d new "
            "ones (--max-new) exceed the model's context length of %d",
            p->tokens.n, p->how->max_new, c->max_pos);
    for (size_t i = 0; i < p->tokens.n; i++)
        if (p->tokens.v[i] < 0 || p->tokens.v[i] >= c->vocab)
            return rec_bad(rec, e,
                           "prompt_tokens: %d at position %zu is "
                           "outside the model's vocabulary of %d",
                           (int)p->tokens.v[i], i, c->vocab);
    return 0;
}

static int read_prompt(const struct sampler *s, struct prompt *p,
                       struct rec *rec, struct err *e)
{
    struct rec_str id;
    int64_t epoch = 0;
    int r = sampling_find(&p->how, &s->o->all, s->o->task, s->o->n_tasks, rec,
                          e);

    if (!r)
        r = rec_need_text(rec, "id", &id, e);
    if (!r)
        r = rec_need_i32s(rec, "prompt_tokens", &p->tokens, e);
    if (!r)
        r = check_prompt(s, rec, p, e);
    if (r)
        return r;
    p->id_hash = hash_bytes(id.s, id.n);
    r = rec_get_i64(rec, "epoch", &epoch, e);
    if (r < 0)
        return r;
    if (r)
        p->id_hash = rng_mix(p->id_hash + rng_mix((uint64_t)epoch));
    snprintf(p->name, sizeof p->name, "%.120s: record %llu", rec_name(s->f->in),
             (unsigned long long)rec_count(s->f->in));
    p->rec = rec_copy(rec);
    r = rec_need_i32s(p->rec, "prompt_tokens", &p->tokens, e);
    if (!r && s->step >= 0)
        rec_set_i64(p->rec, "step", s->step);
    return r;
}

void sampler_drop_first(struct sampler *s)
{
    struct prompt *p = s->first;

    s->first = p->next;
    if (!s->first)
        s->last = &s->first;
    rec_free(&p->rec);
    free(p);
}

/* Counts the prompt; 0: its task has as many as it may. */
static int within_limit(struct sampler *s, const struct prompt *p)
{
    const struct sampling *how = p->how;
    uint64_t *n = how->task ? &s->n_of[how - s->o->task] : NULL;

    return !n || (*n)++ < how->limit || !how->limit;
}

int sampler_open_prompt(struct sampler *s, struct err *e)
{
    struct rec *rec;
    int r;

    if (!s->allowed || s->ended || (s->in_flight && !filter_ready(s->f)))
        return 0;
    while ((r = filter_read(s->f, &rec, e)) > 0) {
        struct prompt *p = xcalloc(1, sizeof *p);
        int bad = read_prompt(s, p, rec, e);

        if (!bad && within_limit(s, p)) {
            s->open = *s->last = p;
            s->last = &p->next;
            if (s->allowed > 0)
                s->allowed--;
            return 1;
        }
        rec_free(&p->rec);
        free(p);
        r = bad ? filter_skip(s->f, e) : 0;
        if (r)
            return r;
    }
    s->ended = !r;
    return r;
}

/* ---- samples out ---- */

int sampler_write(struct sampler *s, const struct gen_res *res, struct err *e)
{
    struct prompt *p = s->first;
    struct rec *rec = p->rec;
    int r;

    rec_set_i64(rec, "sample", p->written);
    rec_set_u64(rec, "seed", s->g.seed);
    rec_set_i32s(rec, "response_tokens", res->tokens, (size_t)res->n);
    rec_set_f32s(rec, "response_logprobs", res->logp, (size_t)res->n);
    rec_set_str(rec, "finish_reason", res->stopped ? "stop" : "length",
                res->stopped ? 4 : 6);
    rec_set_str(rec, "policy", s->x->digest, strlen(s->x->digest));
    r = filter_write(s->f, rec, e);
    progress_add(s->progress, (uint64_t)res->n);
    if (++p->written == p->how->samples)
        sampler_drop_first(s);
    return r;
}
