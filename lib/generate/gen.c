/* gen - batched generation: steps of all slots, results in order
 *
 * Each step is one pass of all rows: the last token of each sequence that
 * decodes, and tokens of prompts, of those that enter (gen_enter.c) or that
 * are long. Sequences that are alike so far have one row (gen_share.c).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/philox.h"
#include "gen_impl.h"
#include "../model/temperature.h"

/* ---- a step ---- */

static float uniform(const struct gen *g, const struct seq *s)
{
    uint32_t ctr[4] = {(uint32_t)s->n, (uint32_t)s->q.sample,
                       (uint32_t)s->q.id_hash, (uint32_t)(s->q.id_hash >> 32)};
    uint32_t key[2] = {(uint32_t)g->o->seed, (uint32_t)(g->o->seed >> 32)};
    uint32_t out[4];

    philox4x32(ctr, key, out);
    return philox_unit(out[0]);
}

/* Rows that reach the head, one a node, and draws from them, in the order of
 * the rows. */
struct heads {
    int rows, draws;
};

static struct heads gather_heads(struct gen *g)
{
    struct heads n = {0, 0};
    int32_t *end = g->first_draw +
                   1; /* of each row's draws, as far as they are */

    for (int i = 0; i < g->n_run; i++) {
        struct seq *s = g->run[i];

        if (s->lead || s->head_row < 0)
            continue;
        s->head = n.rows;
        end[n.rows] = 0;
        g->head_row[n.rows++] = s->head_row;
    }
    for (int i = 0; i < g->n_run; i++)
        if (g->run[i]->head_row >= 0)
            end[seq_lead(g->run[i])->head]++;
    for (int i = 0; i < n.rows; i++) {
        int draws = end[i];

        end[i] = n.draws;
        n.draws += draws;
    }
    for (int i = 0; i < g->n_run; i++) {
        struct seq *s = g->run[i];
        int32_t at;

        if (s->head_row < 0)
            continue;
        at = end[seq_lead(s)->head]++;
        g->who[at] = s;
        g->u[at] = uniform(g, s);
    }
    g->led += n.rows;
    g->drawn += n.draws;
    return n;
}

/* The cache has the rows of the pass; others share them from here on. One
 * that finds no page for its copy has no positions and will wait. */
static void settle(struct gen *g)
{
    for (int i = 0; i < g->n_run; i++)
        g->run[i]->pos += g->run[i]->rows;
    for (int i = 0; i < g->n_forks; i++) {
        struct seq *s = g->fork[i].dst;

        if (!kv_fork(g->m->kv, g->fork[i].src, s->slot, s->q.n_prompt))
            s->pos = s->q.n_prompt;
    }
}

/* Every row draws, in the order of the rows. */
static int all_draw(const struct gen *g, int R)
{
    int i = 0;

    while (i < R && g->head_row[i] == i)
        i++;
    return i == R && R == g->n_rows;
}

static void upload_live(struct gen *g, struct heads n)
{
    struct model *m = g->m;
    const struct layout *l = &m->a.rows;
    int32_t *each = model_host(m, (size_t)n.rows + 1);

    for (int i = 0; i <= n.rows; i++)
        each[i] = i;
    m->k->upload(m->k, act_ints(m, l->each), each, 4 * ((size_t)n.rows + 1));
    m->k->upload(m->k, act_ints(m, l->head), g->head_row, 4 * (size_t)n.rows);
}

/* A token of each draw. */
static void draw(struct gen *g, struct heads n)
{
    struct model *m = g->m;

    head_norm(m, n.rows);
    m->k->head_sample(m->k, m->t, m->lt, g->token, g->logp, act(m, m->a.head_n),
                      of_model(m, ROLE_HEAD)->w, g->u,
                      n.draws > n.rows ? g->first_draw : NULL, g->o->sample,
                      n.rows, m->c.vocab, m->c.hidden);
}

static int forward(struct gen *g, struct heads n, struct err *e)
{
    struct model *m = g->m;
    struct kernels *k = m->k;
    const int32_t *slot = g->rows + g->cap_rows, *pos = slot + g->cap_rows;
    size_t bytes = sizeof *g->rows * (size_t)g->n_rows;
    const struct acts_shape shape = {
        .T = g->n_rows, .R = n.rows, .head_rows = !all_draw(g, n.rows)};
    int r = model_fit(m, shape, e);

    if (r)
        return r;
    k->upload(k, act_ints(m, m->a.rows.tokens), g->rows, bytes);
    k->upload(k, act_ints(m, m->a.rows.pos), pos, bytes);
    k->kv_rows(k, m->kv, slot, pos, g->n_rows);
    if (m->shape.head_rows)
        upload_live(g, n);
    r = model_layers(m, 1, e);
    if (r)
        return r;
    settle(g);
    memset(g->logp, 0, sizeof *g->logp * (size_t)n.draws);
    if (n.rows)
        draw(g, n);
    return k->sync(k, e);
}

static int is_end(const struct gen_opts *o, int32_t token)
{
    for (int i = 0; i < o->n_eos; i++)
        if (o->eos[i] == token)
            return 1;
    return 0;
}

static int not_finite(const struct seq *s, struct err *e)
{
    err_set(e, ERR_DATA, "non-finite logits at position %d of sample %d", s->n,
            s->q.sample);
    return gen_name(&s->q, e);
}

static int append(struct gen *g, struct seq *s, int32_t token, float logp,
                  struct err *e)
{
    if (!isfinite(logp) || token < 0 || token >= g->m->c.vocab)
        return not_finite(s, e);
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 64;
        s->tokens = xrealloc(s->tokens, (size_t)s->cap, sizeof *s->tokens);
        s->logp = xrealloc(s->logp, (size_t)s->cap, sizeof *s->logp);
    }
    s->tokens[s->n] = token;
    s->logp[s->n] = logp;
    s->n++;
    s->stopped = is_end(g->o, token);
    s->finished = s->stopped || s->n == gen_max_new(g, &s->q);
    return 0;
}

/* Who goes on running. */
static void sort_out(struct gen *g)
{
    int n = 0;

    for (int i = 0; i < g->n_run; i++) {
        struct seq *s = g->run[i];

        if (s->finished)
            gen_leave(g, s);
        else if (seq_lead(s)->pos == 0)
            gen_preempt(g, s);
        else
            g->run[n++] = s;
    }
    g->n_run = n;
}

static int step(struct gen *g, struct err *e)
{
    const struct heads n = gather_heads(g);
    int r = forward(g, n, e);

    for (int i = 0; r && i < n.draws; i++)
        if (!isfinite(g->logp[i])) /* the kernel's word, with a name to it */
            return not_finite(g->who[i], e);
    for (int i = 0; !r && i < n.draws; i++)
        r = append(g, g->who[i], g->token[i], g->logp[i], e);
    if (r)
        return r;
    gen_split(g);
    sort_out(g);
    return 0;
}

/* Finished sequences; unless order is nothing, those that no earlier one holds
 * back. */
static int deliver(struct gen *g, struct err *e)
{
    struct seq **at = &g->first, *s;

    while ((s = *at) && (s->finished || g->io->any_order)) {
        struct gen_res res = {s->tokens,  s->logp,     s->n,
                              s->stopped, s->q.sample, s->q.user};
        int r;

        if (!s->finished) {
            at = &s->next;
            continue;
        }
        r = g->io->done(g->io->ctx, &res, e);
        if (r < 0)
            return r;
        *at = s->next;
        if (!*at)
            g->last = at;
        s->next = g->spare;
        g->spare = s;
    }
    return 0;
}

/* ---- the run ---- */

static void gen_open(struct gen *g)
{
    size_t n = (size_t)g->o->batch;

    g->last = &g->first;
    g->run = xcalloc(n, sizeof *g->run);
    g->fork = xcalloc(n, sizeof *g->fork);
    g->head_row = xcalloc(n, sizeof *g->head_row);
    g->first_draw = xcalloc(n + 1, sizeof *g->first_draw);
    g->token = xcalloc(n, sizeof *g->token);
    g->u = xcalloc(n, sizeof *g->u);
    g->logp = xcalloc(n, sizeof *g->logp);
    g->who = xcalloc(n, sizeof *g->who);
}

static void free_seqs(struct seq *s)
{
    while (s) {
        struct seq *next = s->next;

        free(s->tokens);
        free(s->logp);
        free(s);
        s = next;
    }
}

static void gen_close(struct gen *g)
{
    free_seqs(g->first);
    free_seqs(g->spare);
    gen_cache_close(g);
    free(g->run);
    free(g->fork);
    free(g->head_row);
    free(g->first_draw);
    free(g->token);
    free(g->u);
    free(g->logp);
    free(g->who);
    free(g->prompt);
    free(g->rows);
}

static int check_opts(const struct gen_opts *o, const struct model *m,
                      struct err *e)
{
    if (o->batch < 1 || o->max_new < 1)
        return err_set(e, ERR_USAGE, "batch and max_new begin at 1");
    if (o->max_new >= m->c.max_pos)
        return err_set(e, ERR_USAGE,
                       "--max-new %d leaves no room for a prompt in the "
                       "model's context length of %d",
                       o->max_new, m->c.max_pos);
    if (!(o->sample.top_p > 0 && o->sample.top_p <= 1) || o->sample.top_k < 0)
        return err_set(e, ERR_USAGE, "sampling: top_p %g, top_k %d",
                       (double)o->sample.top_p, o->sample.top_k);
    return temperature_check(o->sample.temperature, e);
}

int gen_run(struct model *m, const struct gen_opts *o, const struct gen_io *io,
            struct err *e)
{
    struct gen g = {.m = m, .o = o, .io = io};
    int r = check_opts(o, m, e);

    if (r)
        return r;
    gen_open(&g);
    m->drop = (struct k_dropout){0};
    model_nonce(m, 0);
    r = gen_cache_open(&g, e);
    while (!r) {
        r = gen_grow(&g, e);
        if (!r)
            r = gen_admit(&g, e);
        if (r || !g.n_run)
            break;
        r = step(&g, e);
        if (!g.n_run) /* who reads the samples goes on */
            m->k->rest(m->k);
        if (!r)
            r = deliver(&g, e);
        if (!r && io->turn)
            r = io->turn(io->ctx, e);
    }
    gen_close(&g);
    return r;
}
