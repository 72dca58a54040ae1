/* sampler - prompts in, samples out */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/progress.h"
#include "receive.h"
#include "sampler_impl.h"

/* Sequences at once are drawn in one way. */
static int in_sampling(const struct sampler *s, const struct sampling *how)
{
    return s->g.sample.temperature == (float)how->temperature &&
           s->g.sample.top_p == (float)how->top_p;
}

static void set_draw(struct sampler *s, const struct sampling *how)
{
    s->g.sample.temperature = (float)how->temperature;
    s->g.sample.top_p = (float)how->top_p;
}

static int next(void *ctx, struct gen_req *q, struct err *e)
{
    struct sampler *s = ctx;
    struct prompt *p;
    int r = s->open ? 1 : sampler_open_prompt(s, e);

    if (r <= 0)
        return r;
    p = s->open;
    if (!in_sampling(s, p->how))
        return 0;
    *q = (struct gen_req){.prompt = p->tokens.v,
                          .n_prompt = (int)p->tokens.n,
                          .id_hash = p->id_hash,
                          .sample = p->issued++,
                          .max_new = p->how->max_new,
                          .name = p->name,
                          .user = p};
    s->in_flight++;
    if (p->issued == p->how->samples)
        s->open = NULL;
    return 1;
}

/* The next record is the round's last: when the trainer has it, it takes the
 * memory that this program held. */
static int ends_round(const struct sampler *s)
{
    return s->o->fifo && !s->allowed && !s->open && s->in_flight == 1;
}

static int done(void *ctx, const struct gen_res *res, struct err *e)
{
    struct sampler *s = ctx;

    if (ends_round(s))
        sampler_release(s);
    s->in_flight--;
    return sampler_write(s, res, e);
}

/* Samples that end at about the same time go on together, but none waits for
 * the work on others. */
static int turn(void *ctx, struct err *e)
{
    struct sampler *s = ctx;

    return filter_flush(s->f, s->in_flight > 0, e);
}

/* ---- the run ---- */

static int generate(struct sampler *s, struct err *e)
{
    struct gen_io io = {next, done, s, 0, turn};
    int r = 0;

    s->g.seed = sampler_seed(s->o->seed, s->step);
    if (comm_size(s->o->comm) > 1)
        return sampler_round(s, e);
    do { /* once for each way of drawing that follows another */
        if (s->o->n_tasks && !s->open)
            r = sampler_open_prompt(s, e);
        if (s->open)
            set_draw(s, s->open->how);
        if (r >= 0)
            r = gen_run(s->x->m, &s->g, &io, e);
    } while (!r && s->open);
    return r;
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
    struct receiver weights = {.threads = s->o->threads, .comm = s->o->comm};
    struct sync_msg msg = {0};
    int r = sync_open(&fifo, s->o->fifo, 0, e);

    while (!r && !(r = sync_recv(fifo, &msg, e)) && msg.type != SYNC_END) {
        if (msg.type == SYNC_GO) {
            r = generate_group(s, &msg, e);
            continue;
        }
        r = sampler_say_weights(s, &msg, e);
        if (!r)
            r = receive_weights(&weights, s->x, fifo, s->o->fifo, &msg, e);
    }
    receive_close(&weights);
    sync_close(&fifo);
    return r;
}

static void set_gen(struct sampler *s)
{
    const struct sampler_opts *o = s->o;
    const struct config *c = model_config(s->x->m);

    s->g = (struct gen_opts){
        .sample = {.top_k = o->top_k},
        .max_new = o->all.max_new,
        .batch = o->batch,
        .kv_bytes = (size_t)o->kv_bytes,
        .n_eos = o->ends ? o->n_end : c->n_eos,
    };
    memcpy(s->g.eos, o->ends ? o->end : c->eos, sizeof s->g.eos);
    set_draw(s, &o->all);
    for (int i = 0; i < o->n_tasks; i++)
        if (o->task[i].max_new > s->g.max_new)
            s->g.max_new = o->task[i].max_new;
}

static void made_by(const struct sampler *s)
{
    const struct sampler_opts *o = s->o;
    char arm[ARM_TEXT], v[32];

    arm_format(&s->x->arm, arm, sizeof arm);
    filter_made_by(s->f, "policy", s->x->digest);
    filter_made_by(s->f, "arm", arm);
    sampling_made_by(s->f, SAMPLING_TEMPERATURE, &o->all, o->task, o->n_tasks);
    sampling_made_by(s->f, SAMPLING_TOP_P, &o->all, o->task, o->n_tasks);
    snprintf(v, sizeof v, "%d", o->top_k);
    filter_made_by(s->f, "top_k", v);
    sampling_made_by(s->f, SAMPLING_MAX_NEW, &o->all, o->task, o->n_tasks);
    sampling_made_by(s->f, SAMPLING_SAMPLES, &o->all, o->task, o->n_tasks);
    snprintf(v, sizeof v, "%llu", (unsigned long long)o->seed);
    filter_made_by(s->f, "seed", v);
    if (o->step >= 0) {
        snprintf(v, sizeof v, "%lld", (long long)o->step);
        filter_made_by(s->f, "step", v);
    }
    if (o->ends)
        filter_made_by(s->f, "eos", o->ends);
}

static int run(struct sampler *s, struct err *e)
{
    int r;

    if (comm_size(s->o->comm) > 1)
        for (int i = 0; i < s->o->n_tasks; i++)
            if (!in_sampling(s, &s->o->task[i]))
                return err_set(e, ERR_USAGE,
                               "--task %s: ranks draw all tasks at one "
                               "temperature and top-p",
                               s->o->task[i].task);
    if (comm_rank(s->o->comm))
        return sampler_serve(s, e);
    r = s->o->fifo ? follow(s, e) : generate(s, e);
    return r ? r : sampler_end_ranks(s, e);
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
    s.n_of = xcalloc((size_t)o->n_tasks + 1, sizeof *s.n_of);
    set_gen(&s);
    if (!comm_rank(o->comm))
        made_by(&s);
    if (comm_size(o->comm) < 2)
        filter_hold(f);
    s.release = o->release || o->offload || x->k->sizes.can.own_memory;
    s.progress = progress_open(f->tool, "tokens", 0, f->quiet);
    engine_say_device(x->k, s.progress);
    r = sampler_same_weights(&s, e);
    if (!r)
        r = run(&s, e);
    if (r && e->no_memory)
        r = err_suffix(e,
                       "; a smaller --batch (it is %d sequences) or "
                       "--max-new takes less",
                       o->batch);
    engine_note(x->k, s.progress, "");
    if (r)
        progress_fail(&s.progress, e);
    progress_close(&s.progress);
    while (s.first)
        sampler_drop_first(&s);
    free(s.n_of);
    return r;
}
