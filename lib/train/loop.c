/* loop - steps of a training run; see loop.h */
#include "loop.h"
#include <stdlib.h>
#include <string.h>
#include "../base/clock.h"
#include "../model/engine.h"
#include "checkpoint.h"
#include "health.h"
#include "live.h"
#include "metrics.h"
#include "plan.h"
#include "publish.h"
#include "saved.h"
#include "broadcast.h"
#include "timing.h"
#include "trainer.h"
#include "../generate/sync.h"

struct loop {
    const struct loop_opts *o;
    int rank;
    struct trainer t;
    struct broadcast broadcast;
    struct train_state st;
    struct sync *sync;
    struct publisher *out; /* of the weights, to the sampler */
    struct batch_opts bo;
    struct rollouts src;
    struct rec_writer *metrics, *timing;
    struct saved *saved; /* of the run so far, or NULL */
    struct dir *place;   /* of the checkpoint at the end; NULL but on rank 0 */
    struct progress *progress;
    struct health health;
    char policy[33]; /* digest of the sampler's compute weights */
    int resumed;     /* from a checkpoint */
    int release;     /* memory goes back while the sampler works */
    int given;       /* the update gives the weights before it */
    int trained;     /* a step of this process was done */
    int asked;       /* the sampler was told to do the next step */
    int64_t end;     /* the step that is not done any more */
};

/* ---- opening --------------------------------------------------------- */

#define PUT_INT(v) json_integer(v)
#define PUT_REAL(v) json_real(v)
#define PUT_NOT(v) json_boolean(!(v))
#define PUT(type, member, init, key, option, arg, help, lo, hi)                \
    json_object_set_new(j, key, PUT_##type(o->member));

static json_t *hyper_json(const struct loop_opts *o, const struct arm *a)
{
    json_t *j = json_object();

    HYPER(PUT)
    if (arm_micro_batch_matters(a))
        json_object_set_new(j, "micro_batch", json_integer(o->micro_batch));
    return j;
}

/* The state to go on from: the checkpoint's, or a new run's. */
static int open_state(struct loop *l, struct err *e)
{
    const struct loop_opts *o = l->o;
    struct train_state now = {.seed = o->seed, .loss_scale = 1};
    int r;

    arm_format(&l->t.arm, now.arm, sizeof now.arm);
    now.hyper = hyper_json(o, &l->t.arm);
    r = state_read(&l->st, o->model, e);
    l->resumed = r > 0;
    if (r > 0)
        r = checkpoint_compare(&l->st, &now, o->model, e);
    if (!l->resumed) {
        l->st = now;
    } else {
        memcpy(l->st.arm, now.arm, sizeof now.arm);
        state_free(&now);
    }
    if (r >= 0 && o->until && l->st.step >= o->until)
        r = err_set(e, ERR_USAGE, "%s is already at step %lld, --until is %d",
                    o->model, (long long)l->st.step, o->until);
    return r < 0 ? r : 0;
}

/* Master weights of the base or checkpoint, and where that run stands. */
static int load(void *ctx, struct adamw *a, struct err *e)
{
    const struct loop *l = ctx;
    int r = adamw_load_master(a, l->o->model, e);

    return !r && l->resumed ? checkpoint_resume(a, &l->st, l->o->model, e) : r;
}

static int open_trainer(struct loop *l, struct err *e)
{
    const struct loop_opts *o = l->o;
    const struct trainer_opts to = {
        .device = o->device,
        .threads = o->threads,
        .recompute = o->recompute,
        .shard_weights = o->shard_weights,
        .seed = o->seed,
        .may_offload = 1,
        .comm = o->comm,
        .timeline = o->timeline,
        .a = {.beta1 = o->beta1,
              .beta2 = o->beta2,
              .eps = o->eps,
              .weight_decay = o->weight_decay,
              .grad_clip = o->grad_clip,
              .offload = o->offload},
    };
    int r = trainer_open(&l->t, &to, load, l, e);

    l->given = l->t.k && loop_keeps(o, &l->t.arm, comm_size(o->comm),
                                    l->t.k->sizes.can.own_memory);
    l->release = l->t.k && o->sync &&
                 (o->release || l->t.k->sizes.can.own_memory);
    l->bo = (struct batch_opts){
        .prompts = o->prompts,
        .samples = o->samples,
        .max_rounds = o->max_gen_batches,
        .dynamic = !o->no_dynamic,
        .by_std = !o->no_std,
        .off_policy = o->off_policy,
        .vocab = l->t.c.vocab,
        .max_len = l->t.c.max_pos,
    };
    return r;
}

/* Digests the sampler's compute weights; after a step it sends them. before: as
 * they were, where the update gives that. */
static int publish(struct loop *l, const void *before, struct err *e)
{
    return publish_weights(l->out, l->trained ? l->st.step : -1, before,
                           l->policy, e);
}

static void open_publisher(struct loop *l)
{
    const struct publish_opts o = {
        .a = l->t.a,
        .sync = l->sync,
        .model = l->o->model,
        .threads = l->o->threads,
        .whole = l->o->sync_full || l->rank, /* keeps no copy */
        .begun = saved_has(l->saved),
        .given = l->given,
    };

    publish_open(&l->out, &o);
}

static int open_outputs(struct loop *l, struct err *e)
{
    const struct loop_opts *o = l->o;
    char seed[24];
    int r = rec_create(&l->metrics, o->metrics, o->json ? REC_JSON : REC_AUTO,
                       e);

    if (r)
        return r;
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)o->seed);
    rec_made_by(l->metrics, "arm", l->st.arm);
    rec_made_by(l->metrics, "seed", seed);
    r = rec_header(l->metrics, "metrics", "dapo-step", NULL, e);
    if (!r)
        r = saved_take_over(l->saved, SAVED_METRICS, l->metrics, e);
    if (r < 0 || !o->timing)
        return r < 0 ? r : 0;
    r = rec_create(&l->timing, o->timing, o->json ? REC_JSON : REC_AUTO, e);
    return r ? r : rec_header(l->timing, "timing", "dapo-step", NULL, e);
}

static int loop_open(struct loop *l, char **inputs, int n_inputs, struct err *e)
{
    const struct loop_opts *o = l->o;
    int r = 0;

    /* before all else: the sampler must see us come, or go */
    if (o->sync && !l->rank)
        r = sync_open(&l->sync, o->sync, 1, e);
    if (!r)
        r = config_read(&l->t.c, o->model, e);
    if (!r)
        r = trainer_arm(&l->t.arm, o->arm, &l->t.c, o->seed, e);
    if (!r && !l->rank)
        r = checkpoint_begin(&l->place, o->out, e);
    if (!r)
        r = open_state(l, e);
    if (!r)
        r = open_trainer(l, e);
    if (!r)
        r = saved_open(&l->saved, o->save, l->st.step, o->save_every, o->comm,
                       e);
    if (!r) {
        open_publisher(l);
        r = publish(l, NULL, e);
    }
    if (l->rank)
        return r;
    if (!r)
        r = rollouts_open(&l->src, &l->bo, inputs, n_inputs, o->keep, !!o->sync,
                          l->st.cursor, l->saved, e);
    if (!r)
        r = open_outputs(l, e);
    return r;
}

static void loop_close(struct loop *l)
{
    rollouts_close(&l->src);
    saved_close(&l->saved);
    rec_abort(&l->metrics);
    rec_abort(&l->timing);
    checkpoint_abort(&l->place);
    progress_close(&l->progress);
    health_close(&l->health);
    publish_close(&l->out);
    sync_close(&l->sync);
    trainer_close(&l->t);
    state_free(&l->st);
}

/* ---- steps ----------------------------------------------------------- */

static int ask(void *ctx, int64_t step, int n, struct err *e)
{
    struct loop *l = ctx;

    if (l->asked) {
        l->asked = 0;
        return 0;
    }
    return sync_send_go(l->sync, (uint32_t)step, (uint32_t)n, e);
}

static void warn(void *ctx, const char *text)
{
    struct loop *l = ctx;

    progress_warn(l->progress, l->o->out, text);
}

static int report(struct loop *l, const struct batch *b,
                  const struct step_stats *st, double lr,
                  const struct timing *t, struct err *e)
{
    const struct health_say say = {warn, l};
    struct rec *rec = rec_new();
    char note[100];
    int r;

    metrics_set(rec, l->st.step, b, st, l->t.a, lr, &l->bo);
    metrics_set_sync(rec, publish_last(l->out));
    r = rec_write(l->metrics, rec, e);
    if (!r)
        r = saved_add(l->saved, SAVED_METRICS, rec, NULL, e);
    if (!r && l->o->live) {
        rec_set_u64(rec, "memory", t->memory.now);
        rec_set_f64(rec, "seconds", t->collect + t->train);
        r = live_add(l->o->live, rec, e);
    }
    if (!r && l->timing) {
        rec_clear(rec);
        rec_set_i64(rec, "step", l->st.step);
        rec_set_u64(rec, "tokens", st->loss.tokens);
        timing_set(rec, t);
        r = rec_write(l->timing, rec, e);
    }
    rec_free(&rec);
    snprintf(note, sizeof note, "accuracy %.3f%s, %.0f tokens/s",
             b->n_samples ? (double)b->n_correct / (double)b->n_samples : 0,
             b->n < l->bo.prompts ? " (batch not full)" : "",
             (double)st->loss.tokens / (t->train > 0 ? t->train : 1));
    engine_note(l->t.k, l->progress, note);
    health_step(&l->health, l->st.step, b, st, &say);
    progress_add(l->progress, 1);
    return r;
}

/* Before the sampler is told to work, or sent weights: all but the weights and
 * the optimizer's state, which nothing else has. */
static void release(struct loop *l)
{
    if (l->release)
        trainer_trim(&l->t);
}

/* The sampler goes on while this step is written down. Not where a checkpoint is
 * about to be: it takes memory of a device that both may be on. */
static int ask_ahead(struct loop *l, struct err *e)
{
    int n = batch_next_ask(&l->bo, 0, 0), r;

    if (!l->sync || l->saved || l->st.step + 1 >= l->end)
        return 0;
    r = ask(l, l->st.step + 1, n, e);
    l->asked = !r;
    return r;
}

/* Rank 0 reads a step's groups, and all have them. */
static int collect(struct loop *l, struct batch *b, struct err *e)
{
    const struct batch_ask tell = {ask, l};
    int r = 0;

    if (!l->rank)
        r = batch_collect(b, &l->src, l->st.step, l->policy,
                          l->sync ? &tell : NULL, e);
    if (!r && !l->rank && b->asked == 0)
        r = err_set(e, ERR_DATA, "the input ended before step %lld",
                    (long long)l->st.step);
    return r ? r : broadcast_batch(&l->broadcast, b, e);
}

static int train_step(struct loop *l, struct err *e)
{
    const struct loop_opts *o = l->o;
    double warm = ((double)l->st.step + 1) / (o->lr_warmup ? o->lr_warmup : 1);
    const struct step_opts so = {
        .dapo = {o->clip_low, o->clip_high, o->dual_clip, o->tis},
        .mini_batch = o->mini_batch,
        .gap = o->off_policy ? (struct gap_bound){.nats = -1}
                             : gap_bound(&l->t.arm),
        .epochs = o->epochs,
        .temperature = o->temperature,
        .micro_tokens = (size_t)o->micro_batch,
        .seed = arm_noise_seed(&l->t.arm, o->seed),
        .lr = o->lr * (warm < 1 ? warm : 1),
        .keep_before = l->given,
        .before_t = arm_sampler(&l->t.arm).compute,
    };
    struct batch b = {0};
    struct step_stats st = {0};
    double began = clock_s(CLOCK_MONOTONIC), at, cpu;
    struct timing t;
    int r;

    release(l);
    r = collect(l, &b, e);
    timing_begin(&t, o->comm);
    at = clock_s(CLOCK_MONOTONIC);
    cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID);
    if (!r)
        r = step_run(&l->t.g, l->t.a, &b, &so, &st, e);
    if (r && e->no_memory)
        r = plan_advise(e, o->micro_batch, o->recompute);
    if (!l->given)
        release(l);
    l->t.k->rest(l->t.k); /* the sampler goes on */
    l->trained = 1;
    if (!r)
        r = publish(l, st.before, e);
    free(st.copied);
    if (l->given) /* the gradients' memory was in use until here */
        release(l);
    t.collect = at - began;
    t.train = clock_s(CLOCK_MONOTONIC) - at;
    t.train_cpu = clock_s(CLOCK_PROCESS_CPUTIME_ID) - cpu;
    if (!r)
        r = ask_ahead(l, e);
    if (!r && !l->rank)
        r = rollouts_write(&l->src, e);
    if (o->timing || o->live)
        trainer_memory(&l->t, &t.memory);
    if (!r && o->timing)
        r = timing_end(&t, o->comm, e);
    if (!r && !l->rank)
        r = report(l, &b, &st, so.lr, &t, e);
    l->st.step++;
    l->st.cursor += b.asked + b.skipped;
    broadcast_free(&l->broadcast, &b);
    return r;
}

/* What only rank 0 has to end. */
static int finish(struct loop *l, struct err *e)
{
    int r = l->sync ? sync_send_end(l->sync, e) : 0;

    return r ? r : rollouts_finish(&l->src, l->st.step, e);
}

static int put_out(struct loop *l, struct err *e)
{
    const struct loop_opts *o = l->o;
    struct rec_writer **const records[] = {&l->metrics, &l->timing};
    int r = checkpoint_prepare(
        &l->place, o->out, saved_from(l->saved, o->model), l->t.a, &l->st, e);

    return r ? r : checkpoint_commit(&l->place, records, 2, e);
}

int loop_run(const struct loop_opts *o, const char *program, char **inputs,
             int n_inputs, struct err *e)
{
    struct loop l = {
        .o = o, .rank = comm_rank(o->comm), .broadcast = {o->comm, 0}};
    int r = loop_open(&l, inputs, n_inputs, e);

    if (!r) {
        l.end = o->until ? o->until : l.st.step + o->steps;
        l.progress = progress_open(program, "steps",
                                   (uint64_t)(l.end - l.st.step),
                                   o->quiet || l.rank);
        if (!l.rank)
            trainer_say(&l.t, l.progress);
        health_open(&l.health, o->prompts, l.t.arm.loss_scaling);
        while (!r && l.st.step < l.end) {
            r = train_step(&l, e);
            if (!r && l.st.step < l.end)
                r = saved_step(l.saved, o->model, l.t.a, &l.st, e);
        }
    }
    if (!r && !l.rank)
        r = finish(&l, e);
    if (!r)
        r = trainer_finish(&l.t, o->timeline, e);
    if (!r)
        r = put_out(&l, e);
    if (r)
        progress_fail(&l.progress, e);
    if (!r && !l.rank)
        health_end(&l.health, &(struct health_say){warn, &l});
    loop_close(&l);
    return r;
}
