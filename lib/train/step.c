/* step - one DAPO step; see step.h */
#include "step.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/rng.h"
#include "../model/pack.h"
#include "recheck.h"
#include "shards.h"

struct step {
    struct model *m;
    struct adamw *a;
    struct gradient *g;
    const struct step_opts *o;
    struct step_stats *st;
    struct pack p;                /* every sequence of the batch */
    const struct sample **sample; /* of a sequence */
    int *group_end;               /* sequences up to the end of group i */
    int *shard_end;               /* of the running mini-batch */
    double scale; /* of its loss: the loss scale over its tokens */
    int fresh;    /* so many get logp_old from their first forward */
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
    for (int j = 0; j < g->n; j++) {
        pack_add(&s->p, v[j]->tokens, v[j]->n, v[j]->n_prompt, v[j]->id);
        if (j && !s->a->arm.apart)
            pack_share(&s->p);
    }
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
    s->shard_end = xcalloc((size_t)s->a->arm.shards, sizeof *s->shard_end);
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

/* The old log-probabilities of sequences [a, b) are known. */
static int compare(struct step *s, int a, int b, struct err *e)
{
    const struct pack *p = &s->p;

    for (int i = a; i < b; i++) {
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

/* Of the sequences of p from `from` on, log-probabilities and entropies.
 * Micro-batch by micro-batch here, not in model_logp: a pack may have more
 * tokens than a struct seqs can count. */
static int score_pack(const struct step *s, struct pack *p, int from,
                      float *logp, float *entropy, struct err *e)
{
    int r = 0;

    for (int a = from, b; a < p->n && !r; a = b) {
        struct seqs q;

        b = pack_micro(p, a, p->n, s->o->micro_tokens);
        q = pack_view(p, a, b);
        r = model_logp(s->m, &q, s->o->temperature, 0, logp + p->start[a],
                       entropy + p->start[a], e);
    }
    return r;
}

/* The sequences from s->fresh on with their shared prefixes, in the order that
 * shares most, and where each is in s->p. */
static void pack_shared(const struct step *s, const struct batch *b,
                        struct pack *p, int *of)
{
    const struct sample **v = xcalloc((size_t)s->p.n, sizeof *v);

    for (int i = 0; i < b->n; i++) {
        const struct group *g = &b->v[i];
        int first = s->group_end[i] - g->n;

        if (first < s->fresh)
            continue;
        group_sorted(g, v);
        for (int j = 0; j < g->n; j++) {
            of[p->n] = first + (int)(v[j] - g->v);
            pack_add(p, v[j]->tokens, v[j]->n, v[j]->n_prompt, v[j]->id);
            if (j)
                pack_share(p);
        }
    }
    free(v);
}

/* As training computes each sample by itself, and scoring has the same bits
 * with shared prefixes: these are computed once. */
static int score_shared(const struct step *s, const struct batch *b,
                        struct err *e)
{
    struct pack p = {0};
    int *of = xcalloc((size_t)s->p.n, sizeof *of), r;
    float *logp, *entropy;

    pack_shared(s, b, &p, of);
    logp = xcalloc(2 * p.n_tokens, sizeof *logp);
    entropy = logp + p.n_tokens;
    r = score_pack(s, &p, 0, logp, entropy, e);
    for (int i = 0; i < p.n; i++) {
        size_t to = s->p.start[of[i]], n = p.start[i + 1] - p.start[i];

        memcpy(s->logp_old + to, logp + p.start[i], n * sizeof *logp);
        memcpy(s->entropy + to, entropy + p.start[i], n * sizeof *logp);
    }
    free(logp);
    free(of);
    pack_free(&p);
    return r;
}

/* Does scoring have the bits of a sample by itself where it shares prefixes?
 * Not on a GPU's fast path, where a row's bits depend on its company. */
static int scores_alike(const struct arm *a)
{
    return a->order.k.kind != ORDER_HARDWARE;
}

/* Sequences before s->fresh are scored by their training forward. */
static int score(struct step *s, const struct batch *b, struct err *e)
{
    int apart = s->a->arm.apart && scores_alike(&s->a->arm);
    int r = apart ? score_shared(s, b, e)
                  : score_pack(s, &s->p, s->fresh, s->logp_old, s->entropy, e);

    return r ? r : compare(s, s->fresh, s->p.n, e);
}

/* Forward and backward of sequences [a, b) of a mini-batch. */
static int micro_batch(void *ctx, int a, int b, struct err *e)
{
    struct step *s = ctx;
    struct pack *p = &s->p;
    struct seqs q = pack_view(p, a, b);
    size_t at = p->start[a], n = p->start[b] - at;
    int r = model_forward(s->m, &q, s->o->temperature, s->o->seed,
                          (uint32_t)(s->a->updates + s->a->skipped),
                          s->logp + at, s->fresh ? s->entropy + at : NULL, e);

    if (r)
        return r;
    if (s->fresh) {
        memcpy(s->logp_old + at, s->logp + at, n * sizeof *s->logp);
        r = compare(s, a, b, e);
        if (r)
            return r;
    }
    for (int i = a; i < b; i++) {
        size_t j = p->start[i] + (size_t)p->first[i];

        dapo_loss(&s->o->dapo, p->start[i + 1] - j, s->logp + j,
                  s->logp_old + j, s->logp_rollout + j, s->sample[i]->adv,
                  s->scale, s->dlogp + j, &s->st->loss);
    }
    return model_backward(s->m, s->dlogp + at, e);
}

/* Groups [from, to). */
static int mini_batch(struct step *s, int from, int to, struct err *e)
{
    const struct gradient_work w = {micro_batch, s, s->o->micro_tokens};
    const struct pack *p = &s->p;
    int first = from ? s->group_end[from - 1] : 0, r;
    struct adamw_result res;
    uint64_t n_tokens = 0;

    for (int i = first; i < s->group_end[to - 1]; i++)
        n_tokens += p->start[i + 1] - p->start[i] - (uint64_t)p->first[i];
    s->scale = s->a->loss_scale / (double)n_tokens;
    shards_cut(s->shard_end, s->a->arm.shards, p, first, s->group_end + from,
               to - from);
    r = gradient_make(s->g, p, first, s->shard_end, &w, e);
    s->fresh = 0; /* the weights are about to move */
    if (!r)
        r = adamw_update(s->a, gradient_get(s->g), s->o->lr, &res, e);
    if (r)
        return r;
    if (res.skipped) {
        s->st->skipped++;
        return 0;
    }
    s->st->updates++;
    s->st->norm += res.norm;
    s->st->changed += res.changed;
    return model_set(s->m, s->a->master, s->a->arm.master, e);
}

int step_run(struct gradient *g, struct adamw *a, const struct batch *b,
             const struct step_opts *o, struct step_stats *st, struct err *e)
{
    const struct recheck rest = {o->temperature, o->micro_tokens,
                                 a->arm.apart && !scores_alike(&a->arm),
                                 o->gap};
    struct step s = {.m = g->m, .a = a, .g = g, .o = o, .st = st};
    int r = recheck_groups(g->m, b->rest, b->n_rest, &rest, e);

    memset(st, 0, sizeof *st);
    if (r || b->n == 0)
        return r;
    gather(&s, b);
    if (!(a->arm.dropout > 0) && a->arm.order.k.kind == ORDER_CANONICAL &&
        !o->score_all)
        s.fresh =
            s.group_end[(b->n < o->mini_batch ? b->n : o->mini_batch) - 1];
    r = score(&s, b, e);
    for (int epoch = 0; epoch < o->epochs && !r; epoch++)
        for (int i = 0; i < b->n && !r; i += o->mini_batch) {
            int end = i + o->mini_batch < b->n ? i + o->mini_batch : b->n;

            r = mini_batch(&s, i, end, e);
        }
    step_free(&s);
    return r;
}
