/* sampler - prompts in, samples out */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/hash.h"
#include "../base/progress.h"
#include "../base/rng.h"
#include "gen.h"
#include "receive.h"
#include "sampler.h"

struct prompt {
    struct rec *rec; /* our copy; lives until its last sample is written */
    char name[200];
    struct rec_i32s tokens;
    uint64_t id_hash;
    int issued, written;
    struct prompt *next;
};

struct sampler {
    const struct sampler_opts *o;
    struct engine *x;
    struct filter *f;
    struct gen_opts g;
    struct prompt *first, **last; /* in flight, in order of the input */
    struct prompt *open; /* the last of them, while it has samples to issue */
    uint64_t in_flight;  /* samples issued and not written */
    int64_t allowed;     /* prompts that may be read; -1: all */
    int64_t step;        /* of the records, or -1 */
    int ended;           /* the input has */
    int release;         /* memory goes back when a round is done */
    struct progress *progress;
};

/* The seed that the samples of a step share. */
static uint64_t step_seed(uint64_t seed, int64_t step)
{
    return rng_mix(rng_mix(seed) + (uint64_t)(step < 0 ? 0 : step));
}

/* ---- prompts in ---- */

static int check_prompt(const struct sampler *s, struct rec *rec,
                        const struct prompt *p, struct err *e)
{
    const struct config *c = model_config(s->x->m);

    if (!p->tokens.n)
        return rec_bad(rec, e, "prompt_tokens is empty");
    if (p->tokens.n + (size_t)s->o->max_new > (size_t)c->max_pos)
        return rec_bad(rec, e,
                       "prompt_tokens has %zu tokens, with %d new "
                       "ones more than the model's context of %d",
                       p->tokens.n, s->o->max_new, c->max_pos);
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
    int r = rec_need_text(rec, "id", &id, e);

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

static void drop_first(struct sampler *s)
{
    struct prompt *p = s->first;

    s->first = p->next;
    if (!s->first)
        s->last = &s->first;
    rec_free(&p->rec);
    free(p);
}

/* 1: s->open is the next prompt; 0: none now. */
static int open_prompt(struct sampler *s, struct err *e)
{
    struct rec *rec;
    int r;

    if (!s->allowed || s->ended || (s->in_flight && !filter_ready(s->f)))
        return 0;
    while ((r = filter_read(s->f, &rec, e)) > 0) {
        struct prompt *p = xcalloc(1, sizeof *p);

        if (!read_prompt(s, p, rec, e)) {
            s->open = *s->last = p;
            s->last = &p->next;
            if (s->allowed > 0)
                s->allowed--;
            return 1;
        }
        rec_free(&p->rec);
        free(p);
        r = filter_skip(s->f, e);
        if (r)
            return r;
    }
    s->ended = !r;
    return r;
}

static int next(void *ctx, struct gen_req *q, struct err *e)
{
    struct sampler *s = ctx;
    struct prompt *p;
    int r = s->open ? 1 : open_prompt(s, e);

    if (r <= 0)
        return r;
    p = s->open;
    *q = (struct gen_req){.prompt = p->tokens.v,
                          .n_prompt = (int)p->tokens.n,
                          .id_hash = p->id_hash,
                          .sample = p->issued++,
                          .name = p->name,
                          .user = p};
    s->in_flight++;
    if (p->issued == s->o->samples)
        s->open = NULL;
    return 1;
}

/* ---- samples out ---- */

/* The next record is the round's last: when the trainer has it, it takes the
 * memory that this program held. */
static int ends_round(const struct sampler *s)
{
    return s->o->fifo && !s->allowed && !s->open && s->in_flight == 1;
}

static int done(void *ctx, const struct gen_res *res, struct err *e)
{
    struct sampler *s = ctx;
    struct prompt *p = res->user;
    struct rec *rec = p->rec;
    int r;

    rec_set_i64(rec, "sample", p->written);
    rec_set_u64(rec, "seed", s->g.seed);
    rec_set_i32s(rec, "response_tokens", res->tokens, (size_t)res->n);
    rec_set_f32s(rec, "response_logprobs", res->logp, (size_t)res->n);
    rec_set_str(rec, "finish_reason", res->stopped ? "stop" : "length",
                res->stopped ? 4 : 6);
    rec_set_str(rec, "policy", s->x->digest, strlen(s->x->digest));
    if (s->release && ends_round(s)) {
        model_trim(s->x->m);
        model_park(s->x->m);
    }
    r = filter_write(s->f, rec, e);
    progress_add(s->progress, (uint64_t)res->n);
    s->in_flight--;
    if (++p->written == s->o->samples)
        drop_first(s);
    return r;
}

/* ---- the run ---- */

static int generate(struct sampler *s, struct err *e)
{
    struct gen_io io = {next, done, s};

    s->g.seed = step_seed(s->o->seed, s->step);
    return gen_run(s->x->m, &s->g, &io, e);
}

static int generate_group(struct sampler *s, const struct sync_msg *msg,
                          struct err *e)
{
    int r;

    s->step = msg->step;
    s->allowed = msg->prompts;
    r = model_unpark(s->x->m, e);
    if (!r)
        r = generate(s, e);
    if (!r && s->allowed)
        r = err_set(e, ERR_DATA,
                    "%s: ended %lld prompts before what step %u "
                    "asked for",
                    rec_name(s->f->in), (long long)s->allowed, msg->step);
    return r;
}

static int follow(struct sampler *s, struct err *e)
{
    struct sync *fifo = NULL;
    struct receiver weights = {.threads = s->o->threads};
    struct sync_msg msg = {0};
    int r = sync_open(&fifo, s->o->fifo, 0, e);

    while (!r && !(r = sync_recv(fifo, &msg, e)) && msg.type != SYNC_END)
        r = msg.type == SYNC_GO
                ? generate_group(s, &msg, e)
                : receive_weights(&weights, s->x, fifo, s->o->fifo, &msg, e);
    receive_close(&weights);
    sync_close(&fifo);
    return r;
}

static void set_gen(struct sampler *s)
{
    const struct sampler_opts *o = s->o;
    const struct config *c = model_config(s->x->m);

    s->g = (struct gen_opts){
        .sample = {(float)o->temperature, (float)o->top_p, o->top_k},
        .max_new = o->max_new,
        .batch = o->batch,
        .kv_bytes = (size_t)o->kv_bytes,
        .n_eos = o->ends ? o->n_end : c->n_eos,
    };
    memcpy(s->g.eos, o->ends ? o->end : c->eos, sizeof s->g.eos);
}

static void made_by(const struct sampler *s)
{
    const struct sampler_opts *o = s->o;
    char arm[ARM_TEXT], v[32];

    arm_format(&s->x->arm, arm, sizeof arm);
    filter_made_by(s->f, "policy", s->x->digest);
    filter_made_by(s->f, "arm", arm);
#define PUT(key, format, value)                                                \
    do {                                                                       \
        snprintf(v, sizeof v, format, value);                                  \
        filter_made_by(s->f, key, v);                                          \
    } while (0)
    PUT("temperature", "%.9g", o->temperature);
    PUT("top_p", "%.9g", o->top_p);
    PUT("top_k", "%d", o->top_k);
    PUT("max_new", "%d", o->max_new);
    PUT("samples", "%d", o->samples);
    PUT("seed", "%llu", (unsigned long long)o->seed);
    if (o->step >= 0)
        PUT("step", "%lld", (long long)o->step);
#undef PUT
    if (o->ends)
        filter_made_by(s->f, "eos", o->ends);
}

int sampler_run(struct engine *x, const struct sampler_opts *o,
                struct filter *f, struct err *e)
{
    struct sampler s = {
        .o = o,
        .x = x,
        .f = f,
        .allowed = -1,
        .step = o->step,
    };
    int r;

    s.last = &s.first;
    set_gen(&s);
    made_by(&s);
    s.release = o->release || o->offload || x->k->sizes.can.own_memory;
    s.progress = progress_open(f->tool, "tokens", 0, f->quiet);
    engine_say_device(x->k, s.progress);
    r = o->fifo ? follow(&s, e) : generate(&s, e);
    if (r && e->no_memory)
        r = err_suffix(e,
                       "; a smaller --batch (it is %d sequences) or "
                       "--max-new takes less",
                       o->batch);
    engine_note(x->k, s.progress, "");
    if (r && e->reader_left)
        progress_drop(&s.progress);
    progress_close(&s.progress);
    while (s.first)
        drop_first(&s);
    return r;
}
