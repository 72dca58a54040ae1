/* pretrain - a small model from nothing; see pretrain.h */
#include "pretrain.h"
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../model/engine.h"
#include "../record/rec.h"
#include "checkpoint.h"
#include "corpus.h"
#include "../tasks/order.h"
#include "plan.h"
#include "broadcast.h"
#include "shards.h"
#include "compute_weights.h"
#include "trainer.h"

struct pretrain {
    const struct pretrain_opts *o;
    struct trainer t;
    struct tok *tok;
    struct pack corpus, batch;
    struct order order;
    float *logp, *dlogp;
    size_t cap;
    int *row_end, *shard_end;
    /* of the running step: its number, the sum of its token weights, the
     * weighted sum of -logp so far */
    int step;
    double weight, loss;
    struct rec_writer *metrics;
    struct dir *place; /* of the model at the end; NULL but on rank 0 */
    struct progress *progress;
};

/* ---- opening --------------------------------------------------------- */

static int open_shape(struct pretrain *t, struct err *e)
{
    const struct pretrain_opts *o = t->o;
    struct config *c = &t->t.c;
    int32_t eos = tok_eos(t->tok);
    int r;

    if (o->config) {
        r = config_read(c, o->config, e);
        if (r)
            return r;
    } else {
        *c = o->shape;
        c->head_dim = c->hidden / c->heads;
        c->vocab = tok_vocab(t->tok);
        c->tied = !o->untied;
        c->arch = &arch_qwen2;
        if (c->hidden % c->heads || c->head_dim % 2 || c->heads % c->kv_heads)
            return err_set(e, ERR_USAGE,
                           "--hidden %d, --heads %d, --kv-heads "
                           "%d do not divide into even heads",
                           c->hidden, c->heads, c->kv_heads);
    }
    if (eos >= 0) {
        c->n_eos = 1;
        c->eos[0] = eos;
    }
    if (c->n_eos < 1)
        return err_set(e, ERR_DATA, "%s: no eos_token", o->tokenizer);
    if (c->vocab < tok_vocab(t->tok))
        return err_set(e, ERR_DATA, "%s: vocab_size %d, the tokenizer has %d",
                       o->config, c->vocab, tok_vocab(t->tok));
    r = trainer_arm(&t->t.arm, o->arm, c, o->seed, e);
    c->file_dtype = t->t.arm.master;
    return r;
}

/* First weights. */
static int draw(void *ctx, struct adamw *a, struct err *e)
{
    const struct pretrain *t = ctx;
    float *flat = xcalloc(a->p->n_values, sizeof *flat);
    int r;

    pretrain_init(flat, a->p, &t->t.c, t->o->init_std, t->o->seed);
    r = adamw_set_master(a, flat, e);
    free(flat);
    return r;
}

static int open_metrics(struct pretrain *t, struct err *e)
{
    int r;

    if (!t->o->metrics || comm_rank(t->o->comm))
        return 0;
    r = rec_create(&t->metrics, t->o->metrics, t->o->json ? REC_JSON : REC_AUTO,
                   e);
    return r ? r : rec_header(t->metrics, "metrics", "pretrain", NULL, e);
}

static int pretrain_open(struct pretrain *t, char **inputs, int n_inputs,
                         struct err *e)
{
    const struct pretrain_opts *o = t->o;
    const struct trainer_opts to = {
        .device = o->device,
        .threads = o->threads,
        .recompute = o->recompute,
        .shard_weights = o->shard_weights,
        .seed = o->seed,
        .comm = o->comm,
        .timeline = o->timeline,
        .a = {.beta1 = o->beta1,
              .beta2 = o->beta2,
              .eps = o->eps,
              .weight_decay = o->weight_decay,
              .grad_clip = o->grad_clip},
    };
    int r = tok_open(&t->tok, o->tokenizer, e);

    if (!r)
        r = open_shape(t, e);
    if (!r && !comm_rank(o->comm))
        r = checkpoint_begin(&t->place, o->out, e);
    if (!r && !comm_rank(o->comm))
        r = corpus_read(&t->corpus, t->tok, t->t.c.eos[0], t->t.c.max_pos,
                        inputs, n_inputs, o->limit, e);
    if (!r)
        r = broadcast_pack(o->comm, &t->corpus, e);
    if (r)
        return r;
    order_init(&t->order, o->seed, (uint32_t)t->corpus.n);
    t->row_end = xcalloc((size_t)o->batch, sizeof *t->row_end);
    t->shard_end = xcalloc((size_t)t->t.arm.shards, sizeof *t->shard_end);
    r = trainer_open(&t->t, &to, draw, t, e);
    return r ? r : open_metrics(t, e);
}

static void pretrain_close(struct pretrain *t)
{
    progress_close(&t->progress);
    rec_abort(&t->metrics);
    checkpoint_abort(&t->place);
    trainer_close(&t->t);
    tok_close(&t->tok);
    pack_free(&t->corpus);
    pack_free(&t->batch);
    order_free(&t->order);
    free(t->row_end);
    free(t->shard_end);
    free(t->logp);
    free(t->dlogp);
}

/* ---- steps ----------------------------------------------------------- */

/* The rows of a step, and the sum of their token weights. */
static void fill_batch(struct pretrain *t)
{
    const struct pack *c = &t->corpus;

    t->weight = t->loss = 0;
    pack_clear(&t->batch);
    for (int i = 0; i < t->o->batch; i++) {
        uint32_t row = order_at(&t->order, (int64_t)t->step * t->o->batch + i,
                                NULL);
        int n = (int)(c->start[row + 1] - c->start[row]);
        int n_prompt = c->first[row];

        pack_add(&t->batch, c->tokens + c->start[row], n,
                 t->o->prompt_loss > 0 ? 1 : n_prompt, row);
        t->row_end[i] = i + 1;
        t->weight += n - n_prompt + t->o->prompt_loss * (n_prompt - 1);
    }
    if (t->batch.n_tokens > t->cap) {
        t->cap = 2 * t->batch.n_tokens;
        t->logp = xrealloc(t->logp, t->cap, sizeof *t->logp);
        t->dlogp = xrealloc(t->dlogp, t->cap, sizeof *t->dlogp);
    }
    memset(t->dlogp, 0, t->cap * sizeof *t->dlogp);
}

/* The share of token j of sequence i in the loss. */
static double share_of(const struct pretrain *t, int i, size_t j)
{
    const struct pack *p = &t->batch;
    size_t response = p->start[i] + (size_t)t->corpus.first[p->id[i]];

    return (j < response ? t->o->prompt_loss : 1) / t->weight;
}

/* dlogp of sequences [a, b). */
static void weigh(struct pretrain *t, int a, int b)
{
    const struct pack *p = &t->batch;

    for (int i = a; i < b; i++)
        for (size_t j = p->start[i] + (size_t)p->first[i]; j < p->start[i + 1];
             j++)
            t->dlogp[j] = (float)(-share_of(t, i, j) * t->t.a->loss_scale);
}

/* The loss, on rank 0, to which the log-probabilities of all shards go. */
static int sum_loss(struct pretrain *t, struct err *e)
{
    const struct pack *p = &t->batch;
    int r = gradient_collect(&t->t.g, p, 0, t->shard_end, t->logp, e);

    for (int i = 0; i < p->n && !r && !t->t.a->s.rank; i++)
        for (size_t j = p->start[i] + (size_t)p->first[i]; j < p->start[i + 1];
             j++)
            t->loss -= share_of(t, i, j) * (double)t->logp[j];
    return r;
}

static int report(struct pretrain *t, double lr, const struct adamw_result *res,
                  struct err *e)
{
    struct rec *rec;
    char note[32];
    int r;

    snprintf(note, sizeof note, "loss %.4f", t->loss);
    engine_note(t->t.k, t->progress, note);
    progress_add(t->progress, 1);
    if (!t->metrics)
        return 0;
    rec = rec_new();
    rec_set_i64(rec, "step", t->step);
    rec_set_f64(rec, "loss", t->loss);
    rec_set_f64(rec, "lr", lr);
    if (!res->skipped)
        rec_set_f64(rec, "grad_norm", res->norm);
    rec_set_u64(rec, "tokens", t->batch.n_tokens);
    r = rec_write(t->metrics, rec, e);
    rec_free(&rec);
    return r;
}

static int micro_batch(void *ctx, int a, int b, struct err *e)
{
    struct pretrain *t = ctx;
    struct pack *p = &t->batch;
    struct seqs q = pack_view(p, a, b);
    int r = model_forward(t->t.m, &q, 1, arm_noise_seed(&t->t.arm, t->o->seed),
                          (uint32_t)t->step, t->logp + p->start[a], NULL, e);

    if (r)
        return r;
    weigh(t, a, b);
    return model_backward(t->t.m, t->dlogp + p->start[a], e);
}

static int train_step(struct pretrain *t, struct err *e)
{
    const struct gradient_work w = {micro_batch, t, (size_t)t->o->micro_batch};
    double lr = t->o->lr *
                pretrain_schedule(t->step, t->o->steps, t->o->warmup);
    struct adamw_result res;
    struct timeline *line = t->t.timeline;
    uint64_t at;
    int r;

    fill_batch(t);
    shards_cut(t->shard_end, t->t.arm.shards, &t->batch, 0, t->row_end,
               t->batch.n);
    r = gradient_make(&t->t.g, &t->batch, 0, t->shard_end, &w, e);
    at = timeline_now(line);
    if (!r)
        r = sum_loss(t, e);
    timeline_add(line, TIMELINE_COMPUTE, "loss", -1, at);
    at = timeline_now(line);
    if (!r)
        r = adamw_update(t->t.a, gradient_get(&t->t.g), lr, &res, e);
    timeline_add(line, TIMELINE_COMPUTE, "update", t->step, at);
    if (!r && !(t->loss - t->loss == 0) && !t->t.arm.loss_scaling)
        r = err_set(e, ERR_DATA,
                    "step %d: the loss is not finite (a smaller "
                    "--lr may help)",
                    t->step);
    at = timeline_now(line);
    if (!r)
        r = compute_weights_update(t->t.m, t->t.a, gradient_window(&t->t.g), e);
    timeline_add(line, TIMELINE_COMPUTE, "weights", t->step, at);
    return r || t->t.a->s.rank ? r : report(t, lr, &res, e);
}

/* --steps 0: the first weights as they are; no rows, no gradients. */
static int write_untrained(struct pretrain *t, int n_inputs, struct err *e)
{
    struct params p = {0};
    float *flat;
    int r = 0;

    if (n_inputs || t->o->metrics)
        r = err_set(e, ERR_USAGE,
                    "--steps 0 reads no rows and writes no "
                    "metrics");
    if (!r)
        r = tok_open(&t->tok, t->o->tokenizer, e);
    if (!r)
        r = open_shape(t, e);
    if (!r)
        r = params_list(&p, &t->t.c, e);
    if (r)
        return r;
    flat = xcalloc(p.n_values, sizeof *flat);
    pretrain_init(flat, &p, &t->t.c, t->o->init_std, t->o->seed);
    r = checkpoint_write_flat(t->o->out, &t->t.c, t->o->tokenizer, flat, e);
    free(flat);
    params_free(&p);
    return r;
}

static int put_out(struct pretrain *t, struct err *e)
{
    const struct pretrain_opts *o = t->o;
    struct rec_writer **const records[] = {&t->metrics};
    int r = checkpoint_prepare_model(&t->place, o->out, &t->t.c, o->tokenizer,
                                     t->t.a, e);

    return r ? r : checkpoint_commit(&t->place, records, 1, e);
}

int pretrain_run(const struct pretrain_opts *o, const char *program,
                 char **inputs, int n_inputs, struct err *e)
{
    struct pretrain t = {.o = o};
    int r = o->steps ? pretrain_open(&t, inputs, n_inputs, e)
                     : write_untrained(&t, n_inputs, e);

    if (!o->steps) {
        pretrain_close(&t);
        return r;
    }
    if (!r)
        t.progress = progress_open(program, "steps", (uint64_t)o->steps,
                                   o->quiet || comm_rank(o->comm));
    if (!r && !comm_rank(o->comm))
        trainer_say(&t.t, t.progress);
    for (; t.step < o->steps && !r; t.step++)
        r = train_step(&t, e);
    if (r && e->no_memory && t.progress)
        r = plan_advise(e, o->micro_batch, o->recompute);
    if (!r)
        r = trainer_finish(&t.t, o->timeline, e);
    if (!r)
        r = put_out(&t, e);
    if (r)
        progress_fail(&t.progress, e);
    pretrain_close(&t);
    return r;
}
