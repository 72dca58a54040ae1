/* gen_enter - requests into free slots: rows of prompts, shared prefill
 *
 * A request with the prompt of the one before it forks that prompt's cache
 * instead of computing it again.
 */
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "gen_impl.h"

#define PREFILL_ROWS 4096 /* no more prompts enter a step beyond this */

void gen_add_row(struct gen *g, int32_t token, int slot, int pos)
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
        gen_add_row(g, g->prompt[n - 1], s->slot, n - 1);
        s->row = g->n_rows - 1;
        g->holds[s->slot] = g->number;
        return;
    }
    for (int i = 0; i < n; i++)
        gen_add_row(g, g->prompt[i], s->slot, i);
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

int gen_name(const struct gen_req *q, struct err *e)
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
        r = gen_name(q, e);
    return r;
}

int gen_admit(struct gen *g, struct err *e)
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
