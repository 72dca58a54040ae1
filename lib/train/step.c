/* step - one DAPO step; see step.h */
#include "step.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/rng.h"
#include "../model/pack.h"
#include "recheck.h"
#include "scoring.h"
#include "shards.h"
#include "compute_weights.h"

struct step {
    struct model *m;
    struct adamw *a;
    struct gradient *g;
    const struct step_opts *o;
    struct step_stats *st;
    struct pack p;                /* every sequence of the batch */
    const struct sample **sample; /* of a sequence */
    int n_groups, n_minis;
    int *group_end; /* sequences up to the end of group i */
    int *shard_end; /* [n_minis][shards]: of a mini-batch's shards */
    int n_left;     /* updates to do */
    double scale;   /* of its loss: the loss scale over its tokens */
    int fresh;      /* so many get logp_old from their first forward */
    /* p.n_tokens values each, where the tokens are */
    float *logp_old, *logp_rollout, *logp, *dlogp, *entropy;
};

/* The samples of a group, in the order that shares most, or as they came. */
static void gather_group(struct step *s, const struct group *g)
{
    const struct sample **v = s->sample + s->p.n;

    for (int j = 0; j < g->n; j++)
        v[j] = &g->v[j];
    if (!s->a->arm.apart)
        group_sorted(g, v);
    group_pack(&s->p, v, g->n, !s->a->arm.apart);
}

/* The groups as they came; under order=hardware:N those of each mini-batch are
 * permuted, by the draw and the number of the update. */
static void order_groups(const struct step *s, const struct batch *b, int *v)
{
    const struct arm_order *o = &s->a->arm.order;
    uint64_t update = s->a->updates + s->a->skipped;
    uint32_t *perm;

    for (int i = 0; i < b->n; i++)
        v[i] = i;
    if (o->k.kind != ORDER_HARDWARE || !o->draw)
        return;
    perm = xcalloc((size_t)b->n, sizeof *perm);
    for (int g = 0; g < b->n; g += s->o->mini_batch, update++) {
        int left = b->n - g;
        uint32_t n = (uint32_t)(left < s->o->mini_batch ? left
                                                        : s->o->mini_batch);
        struct rng r;

        rng_init(&r, o->k.seed, update);
        rng_perm(&r, perm, n);
        for (uint32_t i = 0; i < n; i++)
            v[g + (int)i] = g + (int)perm[i];
    }
    free(perm);
}

static void gather(struct step *s, const struct batch *b)
{
    size_t n_seqs = 0;
    int *place = xcalloc((size_t)b->n, sizeof *place);

    order_groups(s, b, place);
    for (int i = 0; i < b->n; i++)
        n_seqs += (size_t)b->v[i].n;
    s->sample = xcalloc(n_seqs, sizeof *s->sample);
    s->group_end = xcalloc((size_t)b->n, sizeof *s->group_end);
    for (int i = 0; i < b->n; i++) {
        gather_group(s, &b->v[place[i]]);
        s->group_end[i] = s->p.n;
    }
    free(place);
    s->logp_old = xcalloc(s->p.n_tokens, sizeof *s->logp);
    s->logp_rollout = xcalloc(s->p.n_tokens, sizeof *s->logp);
    s->logp = xcalloc(s->p.n_tokens, sizeof *s->logp);
    s->dlogp = xcalloc(s->p.n_tokens, sizeof *s->logp);
    s->entropy = xcalloc(s->p.n_tokens, sizeof *s->logp);
    for (int i = 0; i < s->p.n; i++) {
        const struct sample *q = s->sample[i];

        memcpy(s->logp_rollout + s->p.start[i] + q->n_prompt, q->logp,
               (size_t)(q->n - q->n_prompt) * sizeof *q->logp);
    }
}

static void step_free(struct step *s)
{
    pack_free(&s->p);
    free(s->sample);
    free(s->group_end);
    free(s->shard_end);
    free(s->logp_old);
    free(s->logp_rollout);
    free(s->logp);
    free(s->dlogp);
    free(s->entropy);
}

/* The old log-probabilities of sequences [a, b) are known to rank 0. */
static int compare(struct step *s, int a, int b, struct err *e)
{
    const struct pack *p = &s->p;

    for (int i = a; i < b && !s->a->s.rank; i++) {
        size_t first = p->start[i] + (size_t)p->first[i];
        int r = gap_check(&s->o->gap, s->sample[i], s->logp_old + first, e);

        if (r)
            return r;
        for (size_t t = first; t < p->start[i + 1]; t++) {
            double gap = fabs((double)s->logp_old[t] -
                              (double)s->logp_rollout[t]);

            s->st->tokens++;
            s->st->entropy += (double)s->entropy[t];
            if (!(gap <= s->st->logp_gap))
                s->st->logp_gap = gap;
            mismatch_add(&s->st->mismatch, s->logp_old[t], s->logp_rollout[t],
                         s->o->dapo.tis);
        }
    }
    return 0;
}

/* ---- mini-batches, and who computes what of them ---------------------- */

struct mini {
    int first, end;       /* sequences */
    const int *shard_end; /* [shards] */
};

static struct mini mini_of(const struct step *s, int i)
{
    int from = i * s->o->mini_batch, to = from + s->o->mini_batch;

    to = to < s->n_groups ? to : s->n_groups;
    return (struct mini){from ? s->group_end[from - 1] : 0,
                         s->group_end[to - 1],
                         s->shard_end + i * s->a->arm.shards};
}

static void cut(struct step *s)
{
    int shards = s->a->arm.shards, n = s->o->mini_batch;

    s->n_minis = (s->n_groups + n - 1) / n;
    s->shard_end = xcalloc((size_t)s->n_minis * (size_t)shards,
                           sizeof *s->shard_end);
    for (int i = 0; i < s->n_minis; i++) {
        int from = i * n, left = s->n_groups - from;

        shards_cut(s->shard_end + i * shards, shards, &s->p,
                   mini_of(s, i).first, s->group_end + from,
                   left < n ? left : n);
    }
}

/* v of the sequences of m, from who has computed them, to rank 0. */
static int to_rank_0(const struct step *s, const struct mini *m, float *v,
                     struct err *e)
{
    return gradient_collect(s->g, &s->p, m->first, m->shard_end, v, e);
}

/* ---- scoring ----------------------------------------------------------- */

/* This rank's shards of a mini-batch; then rank 0 has all. */
static int score_shards(struct step *s, const struct scoring *how, int i,
                        struct err *e)
{
    int shards = s->a->arm.shards, r = 0;
    int *rank_of = xcalloc((size_t)shards, sizeof *rank_of);
    struct mini m = mini_of(s, i);

    shards_deal(rank_of, shards, s->a->s.n, &s->p, m.first, m.shard_end);
    for (int k = 0, from = m.first; k < shards && !r; from = m.shard_end[k++])
        if (rank_of[k] == s->a->s.rank)
            r = scoring_run(how, from, m.shard_end[k], e);
    free(rank_of);
    if (!r)
        r = to_rank_0(s, &m, s->logp_old, e);
    return r ? r : to_rank_0(s, &m, s->entropy, e);
}

/* Sequences before s->fresh are scored by their training forward. One shard has
 * no ends within a batch: neither has its scoring. */
static int score(struct step *s, const struct batch *b, struct err *e)
{
    const struct scoring how = {
        .m = s->m,
        .p = &s->p,
        .b = b,
        .group_end = s->group_end,
        /* then shared prefixes give the bits of a sample by itself */
        .apart = s->a->arm.apart && kernels_rows_alone(s->a->k),
        .temperature = s->o->temperature,
        .micro_tokens = s->o->micro_tokens,
        .logp = s->logp_old,
        .entropy = s->entropy,
    };
    int r = 0;

    if (s->a->arm.shards == 1 && !s->a->s.rank)
        r = scoring_run(&how, s->fresh, s->p.n, e);
    for (int i = s->fresh ? 1 : 0; s->a->arm.shards > 1 && i < s->n_minis && !r;
         i++)
        r = score_shards(s, &how, i, e);
    return r ? r : compare(s, s->fresh, s->p.n, e);
}

/* ---- updates ----------------------------------------------------------- */

static void lose(struct step *s, int i, float *dlogp, struct dapo_stats *st)
{
    const struct pack *p = &s->p;
    size_t j = p->start[i] + (size_t)p->first[i];

    dapo_loss(&s->o->dapo, p->start[i + 1] - j, s->logp + j, s->logp_old + j,
              s->logp_rollout + j, s->sample[i]->adv, s->scale,
              dlogp ? dlogp + j : NULL, st);
}

/* Forward and backward of sequences [a, b) of a mini-batch. */
static int micro_batch(void *ctx, int a, int b, struct err *e)
{
    struct step *s = ctx;
    struct pack *p = &s->p;
    struct seqs q = pack_view(p, a, b);
    size_t at = p->start[a], n = p->start[b] - at;
    struct dapo_stats unused = {0};
    int r = model_forward(s->m, &q, s->o->temperature, s->o->seed,
                          (uint32_t)(s->a->updates + s->a->skipped),
                          s->logp + at, s->fresh ? s->entropy + at : NULL, e);

    if (r)
        return r;
    if (s->fresh)
        memcpy(s->logp_old + at, s->logp + at, n * sizeof *s->logp);
    for (int i = a; i < b; i++)
        lose(s, i, s->dlogp, &unused);
    return model_backward(s->m, s->dlogp + at, e);
}

/* Rank 0 has the log-probabilities of all shards, and sums what they tell, in
 * the order of the sequences. */
static int tally(struct step *s, const struct mini *m, struct err *e)
{
    int r = to_rank_0(s, m, s->logp, e);

    if (!r && s->fresh)
        r = to_rank_0(s, m, s->entropy, e);
    if (r || s->a->s.rank)
        return r;
    if (s->fresh) {
        size_t at = s->p.start[m->first], n = s->p.start[m->end] - at;

        memcpy(s->logp_old + at, s->logp + at, n * sizeof *s->logp);
        r = compare(s, m->first, m->end, e);
    }
    for (int i = m->first; i < m->end && !r; i++)
        lose(s, i, NULL, &s->st->loss);
    return r;
}

/* The next gradient takes the memory that the weights before are in. */
static void save_before(struct step *s)
{
    size_t n = s->a->p->n_values * dtype_size(s->o->before_t);

    s->st->copied = xmalloc(n);
    memcpy(s->st->copied, s->st->before, n);
    s->st->before = s->st->copied;
}

static int update(struct step *s, struct adamw_result *res, struct err *e)
{
    void *g = gradient_get(s->g);
    int r;

    s->n_left--;
    if (!s->o->keep_before || s->st->before)
        return adamw_update(s->a, g, s->o->lr, res, e);
    r = adamw_update_keeping(s->a, g, s->o->before_t, s->o->lr, res, e);
    if (r || res->skipped)
        return r;
    s->st->before = g;
    if (s->n_left)
        save_before(s);
    return 0;
}

static int mini_batch(struct step *s, int i, struct err *e)
{
    const struct gradient_work w = {micro_batch, s, s->o->micro_tokens};
    const struct pack *p = &s->p;
    struct mini m = mini_of(s, i);
    struct timeline *line = s->g->reduce.timeline;
    struct adamw_result res;
    uint64_t n_tokens = 0, at;
    int r;

    for (int j = m.first; j < m.end; j++)
        n_tokens += p->start[j + 1] - p->start[j] - (uint64_t)p->first[j];
    s->scale = s->a->loss_scale / (double)n_tokens;
    r = gradient_make(s->g, p, m.first, m.shard_end, &w, e);
    at = timeline_now(line);
    if (!r)
        r = tally(s, &m, e);
    timeline_add(line, TIMELINE_COMPUTE, "loss", -1, at);
    s->fresh = 0; /* the weights are about to move */
    at = timeline_now(line);
    if (!r)
        r = update(s, &res, e);
    timeline_add(line, TIMELINE_COMPUTE, "update", i, at);
    if (r)
        return r;
    if (res.skipped) {
        s->st->skipped++;
        return 0;
    }
    s->st->updates++;
    s->st->norm += res.norm;
    s->st->changed += res.changed;
    at = timeline_now(line);
    r = compute_weights_update(s->m, s->a, gradient_window(s->g), e);
    timeline_add(line, TIMELINE_COMPUTE, "weights", i, at);
    return r;
}

/* Groups that are not trained on, by all ranks in turn. */
static int recheck(const struct step *s, const struct batch *b, struct err *e)
{
    const struct recheck o = {s->o->temperature, s->o->micro_tokens,
                              s->a->arm.apart && !kernels_rows_alone(s->a->k),
                              s->o->gap};
    int r = 0;

    for (int i = s->a->s.rank; i < b->n_rest && !r; i += s->a->s.n)
        r = recheck_group(s->m, &b->rest[i], &o, e);
    return r;
}

int step_run(struct gradient *g, struct adamw *a, const struct batch *b,
             const struct step_opts *o, struct step_stats *st, struct err *e)
{
    struct step s = {
        .m = g->m, .a = a, .g = g, .o = o, .st = st, .n_groups = b->n};
    int r = recheck(&s, b, e);

    memset(st, 0, sizeof *st);
    if (r || b->n == 0)
        return r;
    gather(&s, b);
    cut(&s);
    if (!(a->arm.dropout > 0) && a->arm.order.k.kind == ORDER_CANONICAL &&
        !o->score_all)
        s.fresh = mini_of(&s, 0).end;
    s.n_left = o->epochs * s.n_minis;
    r = score(&s, b, e);
    for (int epoch = 0; epoch < o->epochs && !r; epoch++)
        for (int i = 0; i < s.n_minis && !r; i++)
            r = mini_batch(&s, i, e);
    step_free(&s);
    return r;
}
