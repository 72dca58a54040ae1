/* gen - batched generation: slots, shared prefill, results in order
 *
 * Each step is one pass of all rows: every prompt token of the sequences that
 * enter, and the last token of each that runs. A request with the prompt of
 * the one before it forks that prompt's cache instead of computing it again.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/philox.h"
#include "gen.h"
#include "impl.h"

#define PREFILL_ROWS 4096 /* no more prompts enter a step beyond this */

/* A request on its way, in the list in order of requests. */
struct seq {
    struct gen_req q;
    struct seq *next;
    int slot, row; /* row: of this step's pass, whose hidden state it uses */
    int n, stopped, finished;
    int32_t *tokens; /* [max_new] */
    float *logp;
};

/* A cache that holds a whole prompt after this step: its own slot's, computed
 * there (src = dst), or a copy. */
struct fork {
    int src, dst, len;
    int64_t number;
};

struct gen {
    struct model *m;
    const struct gen_opts *o;
    const struct gen_io *io;

    struct seq **slot;  /* [batch] who runs there, or NULL */
    int64_t *holds;     /* [batch] number of the prompt in its cache, or 0 */
    int running;
    struct seq *first, **last, *spare;

    int32_t *prompt;    /* the last request's, copied */
    int n_prompt, cap_prompt;
    int64_t number;     /* of that prompt, from 1 */
    int leader_row;     /* its last row in this step, or -1 */
    int leader_slot;

    struct gen_req pending; /* waits for a longer cache */
    int has_pending;

    /* rows of this step: [tokens | slot | pos], cap each */
    int32_t *rows;
    int n_rows, cap_rows;
    struct fork *fork;  /* [batch], after the pass */
    int n_forks;
    /* [batch]: rows that reach the head, and what comes of them */
    int32_t *head_row, *token;
    float *u, *logp;
    struct seq **who;
};

static void add_row(struct gen *g, int32_t token, int slot, int pos)
{
    if (g->n_rows == g->cap_rows) {
        int cap = g->cap_rows ? 2 * g->cap_rows : 256;
        int32_t *v = xmalloc(3 * (size_t)cap * sizeof *v);

        for (int i = 0; g->rows && i < 3; i++)
            memcpy(v + (size_t)i * (size_t)cap,
                   g->rows + (size_t)i * (size_t)g->cap_rows,
                   (size_t)g->n_rows * sizeof *v);
        free(g->rows);
        g->rows = v;
        g->cap_rows = cap;
    }
    g->rows[g->n_rows] = token;
    g->rows[g->cap_rows + g->n_rows] = slot;
    g->rows[2 * g->cap_rows + g->n_rows] = pos;
    g->n_rows++;
}

/* ---- entering ---- */

static int check_request(const struct gen *g, const struct gen_req *q,
                         struct err *e)
{
    const struct config *c = &g->m->c;

    if (q->n_prompt < 1)
        return err_set(e, ERR_DATA, "a prompt without tokens");
    if (q->n_prompt > c->max_pos - g->o->max_new)
        return err_set(e, ERR_DATA, "a prompt of %d tokens and %d new ones "
                       "exceed the model's context of %d", q->n_prompt,
                       g->o->max_new, c->max_pos);
    for (int i = 0; i < q->n_prompt; i++)
        if (q->prompt[i] < 0 || q->prompt[i] >= c->vocab)
            return err_set(e, ERR_DATA, "prompt token %d at position %d is "
                           "outside the vocabulary of %d",
                           (int)q->prompt[i], i, c->vocab);
    return 0;
}

static int open_cache(struct gen *g, int need, struct err *e)
{
    struct model *m = g->m;
    struct k_attn_shape s = {m->c.heads, m->c.kv_heads, m->c.head_dim};
    int len = need + need / 4;

    len = (len + 31) / 32 * 32;
    if (len > m->c.max_pos)
        len = m->c.max_pos;
    if (m->kv)
        m->k->kv_free(m->k, m->kv);
    m->kv_len = m->kv_slots = 0;
    memset(g->holds, 0, sizeof *g->holds * (size_t)g->o->batch);
    m->kv = m->k->kv_new(m->k, m->t, m->c.layers, s, g->o->batch, len, e);
    if (!m->kv)
        return err_prefix(e, "KV cache of %d sequences of %d tokens",
                          g->o->batch, len);
    m->kv_len = len;
    m->kv_slots = g->o->batch;
    return model_rope(m, len, e);
}

static int same_prompt(const struct gen *g, const struct gen_req *q)
{
    return g->number && q->n_prompt == g->n_prompt &&
           !memcmp(q->prompt, g->prompt,
                   sizeof *g->prompt * (size_t)q->n_prompt);
}

static void new_prompt(struct gen *g, const struct gen_req *q)
{
    if (q->n_prompt > g->cap_prompt) {
        g->cap_prompt = 2 * q->n_prompt;
        g->prompt = xrealloc(g->prompt, (size_t)g->cap_prompt,
                             sizeof *g->prompt);
    }
    memcpy(g->prompt, q->prompt, sizeof *g->prompt * (size_t)q->n_prompt);
    g->n_prompt = q->n_prompt;
    g->number++;
    g->leader_row = -1;
}

/* A slot whose cache begins with the current prompt, complete before this
 * step; or -1. */
static int holder(const struct gen *g)
{
    for (int i = 0; i < g->o->batch; i++)
        if (g->holds[i] == g->number)
            return i;
    return -1;
}

/* Rows that the sequence adds to this step. */
static void place(struct gen *g, struct seq *s)
{
    int n = g->n_prompt, src;

    if (g->leader_row >= 0) {
        g->fork[g->n_forks++] =
            (struct fork){g->leader_slot, s->slot, n, g->number};
        s->row = g->leader_row;
        return;
    }
    src = holder(g);
    if (src >= 0) {
        if (src != s->slot)
            g->m->k->kv_fork(g->m->k, g->m->kv, src, s->slot, n - 1);
        add_row(g, g->prompt[n - 1], s->slot, n - 1);
        s->row = g->n_rows - 1;
        g->holds[s->slot] = g->number;
        return;
    }
    for (int i = 0; i < n; i++)
        add_row(g, g->prompt[i], s->slot, i);
    s->row = g->leader_row = g->n_rows - 1;
    g->leader_slot = s->slot;
    g->fork[g->n_forks++] = (struct fork){s->slot, s->slot, n, g->number};
}

static struct seq *new_seq(struct gen *g, const struct gen_req *q)
{
    struct seq *s = g->spare;
    size_t n = (size_t)g->o->max_new;

    if (s) {
        g->spare = s->next;
    } else {
        s = xcalloc(1, sizeof *s);
        s->tokens = xmalloc(n * sizeof *s->tokens);
        s->logp = xmalloc(n * sizeof *s->logp);
    }
    s->q = *q;
    s->next = NULL;
    s->n = s->stopped = s->finished = 0;
    *g->last = s;
    g->last = &s->next;
    return s;
}

static void enter(struct gen *g, const struct gen_req *q, int slot)
{
    struct seq *s = new_seq(g, q);

    s->slot = slot;
    g->slot[slot] = s;
    g->running++;
    if (!same_prompt(g, q))
        new_prompt(g, q);
    g->holds[slot] = g->holds[slot] == g->number ? g->number : 0;
    place(g, s);
}

static int name_it(const struct gen_req *q, struct err *e)
{
    return q->name ? err_prefix(e, "%s", q->name) : -e->code;
}

/* 1: *q is the next request; 0: none now. */
static int next_request(struct gen *g, struct gen_req *q, struct err *e)
{
    int r = 1;

    if (g->has_pending)
        *q = g->pending;
    else
        r = g->io->next(g->io->ctx, q, e);
    g->has_pending = 0;
    if (r > 0 && check_request(g, q, e))
        r = name_it(q, e);
    return r;
}

static int admit(struct gen *g, struct err *e)
{
    g->leader_row = -1;
    g->n_forks = 0;
    for (int i = 0; i < g->o->batch && g->n_rows < PREFILL_ROWS; i++) {
        struct gen_req q;
        int need, r;

        if (g->slot[i])
            continue;
        r = next_request(g, &q, e);
        if (r <= 0)
            return r;
        need = q.n_prompt + g->o->max_new;
        if (need > g->m->kv_len || g->o->batch != g->m->kv_slots) {
            g->pending = q;
            g->has_pending = 1;
            if (g->running)
                return 0; /* when these are done */
            r = open_cache(g, need, e);
            if (r)
                return r;
            g->has_pending = 0;
        }
        enter(g, &q, i);
    }
    return 0;
}

/* ---- a step ---- */

static float uniform(const struct gen *g, const struct seq *s)
{
    uint32_t ctr[4] = {(uint32_t)s->n, (uint32_t)s->q.sample,
                       (uint32_t)s->q.id_hash,
                       (uint32_t)(s->q.id_hash >> 32)};
    uint32_t key[2] = {(uint32_t)g->o->seed, (uint32_t)(g->o->seed >> 32)};
    uint32_t out[4];

    philox4x32(ctr, key, out);
    return philox_unit(out[0]);
}

/* The rows of running sequences, and who reaches the head. */
static int gather_heads(struct gen *g)
{
    int n = 0;

    for (int i = 0; i < g->o->batch; i++) {
        struct seq *s = g->slot[i];

        if (!s)
            continue;
        if (s->n) {
            add_row(g, s->tokens[s->n - 1], i, s->q.n_prompt + s->n - 1);
            s->row = g->n_rows - 1;
        }
        g->who[n] = s;
        g->head_row[n] = s->row;
        g->u[n] = uniform(g, s);
        n++;
    }
    return n;
}

static int forward(struct gen *g, int R, struct err *e)
{
    struct model *m = g->m;
    struct kernels *k = m->k;
    const int32_t *slot = g->rows + g->cap_rows, *pos = slot + g->cap_rows;
    size_t bytes = sizeof *g->rows * (size_t)g->n_rows;
    int H = m->c.hidden;
    int r = model_fit(m, (struct acts_shape){g->n_rows, R, 0, 0}, e);

    if (r)
        return r;
    k->upload(k, act(m, m->a.tokens), g->rows, bytes);
    k->upload(k, act(m, m->a.pos), pos, bytes);
    model_layers(m, (struct rows){g->n_rows, slot, pos});
    for (int i = 0; i < g->n_forks; i++) {
        const struct fork *f = &g->fork[i];

        if (f->src != f->dst)
            k->kv_fork(k, m->kv, f->src, f->dst, f->len);
        g->holds[f->dst] = f->number;
    }
    memset(g->logp, 0, sizeof *g->logp * (size_t)R);
    model_gather(m, act(m, m->a.head_x), act_x(m, 2 * m->c.layers),
                 g->head_row, 0, R, H);
    k->rmsnorm(k, m->t, act(m, m->a.head_n), NULL, act(m, m->a.head_x),
               m->norm->vec, R, H, (float)m->c.rms_eps);
    k->head_sample(k, m->t, g->token, g->logp, act(m, m->a.head_n),
                   m->head->w, g->u, g->o->sample, R, m->c.vocab, H);
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
    err_set(e, ERR_DATA, "non-finite logits at position %d of sample %d",
            s->n, s->q.sample);
    return name_it(&s->q, e);
}

static int append(struct gen *g, struct seq *s, int32_t token, float logp,
                  struct err *e)
{
    if (!isfinite(logp) || token < 0 || token >= g->m->c.vocab)
        return not_finite(s, e);
    s->tokens[s->n] = token;
    s->logp[s->n] = logp;
    s->n++;
    s->stopped = is_end(g->o, token);
    if (s->stopped || s->n == g->o->max_new) {
        s->finished = 1;
        g->slot[s->slot] = NULL;
        g->running--;
    }
    return 0;
}

static int step(struct gen *g, struct err *e)
{
    int R = gather_heads(g), r = forward(g, R, e);

    for (int i = 0; r && i < R; i++)
        if (!isfinite(g->logp[i])) /* the kernel's word, with a name to it */
            return not_finite(g->who[i], e);
    for (int i = 0; !r && i < R; i++)
        r = append(g, g->who[i], g->token[i], g->logp[i], e);
    g->n_rows = 0;
    return r;
}

/* Finished sequences that no earlier one holds back. */
static int deliver(struct gen *g, struct err *e)
{
    while (g->first && g->first->finished) {
        struct seq *s = g->first;
        struct gen_res res = {s->tokens, s->logp, s->n, s->stopped,
                              s->q.user};
        int r = g->io->done(g->io->ctx, &res, e);

        if (r < 0)
            return r;
        g->first = s->next;
        if (!g->first)
            g->last = &g->first;
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
    g->slot = xcalloc(n, sizeof *g->slot);
    g->holds = xcalloc(n, sizeof *g->holds);
    g->fork = xcalloc(n, sizeof *g->fork);
    g->head_row = xcalloc(n, sizeof *g->head_row);
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
    free(g->slot);
    free(g->holds);
    free(g->fork);
    free(g->head_row);
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
        return err_set(e, ERR_USAGE, "%d new tokens and a prompt exceed the "
                       "model's context of %d", o->max_new, m->c.max_pos);
    if (!(o->sample.temperature >= 0) ||
        !(o->sample.top_p > 0 && o->sample.top_p <= 1) ||
        o->sample.top_k < 0)
        return err_set(e, ERR_USAGE, "sampling: temperature %g, top_p %g, "
                       "top_k %d", (double)o->sample.temperature,
                       (double)o->sample.top_p, o->sample.top_k);
    return 0;
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
    while (!r) {
        r = admit(&g, e);
        if (r || !g.running)
            break;
        r = step(&g, e);
        if (!r)
            r = deliver(&g, e);
    }
    gen_close(&g);
    return r;
}
