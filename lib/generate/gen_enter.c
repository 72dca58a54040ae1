/* gen_enter - the rows of a step: of those who run, and of those who enter
 *
 * A sequence with the prompt of one that runs, or of the last that ended,
 * shares its pages instead of computing them again; if that one has drawn
 * nothing yet, it follows it (gen_share.c). Prompts are computed in
 * pieces of GEN_PREFILL a step, beside those who decode.
 */
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "gen_impl.h"

/* ---- rows ---- */

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

static int prefill_rows(const struct gen *g)
{
    return g->o->prefill ? g->o->prefill : GEN_PREFILL;
}

/* What the sequence knows and its cache has not, as far as the step goes. */
static void add_rows(struct gen *g, struct seq *s)
{
    int n = seq_known(s) - s->pos, np = s->q.n_prompt;
    int left = prefill_rows(g) - g->prefill;

    s->head_row = s->prompt_row = -1;
    s->rows = n == 1 || n < left ? n : left;
    for (int p = s->pos; p < s->pos + s->rows; p++) {
        if (p == np - 1)
            s->prompt_row = g->n_rows;
        add_row(g, p < np ? s->q.prompt[p] : s->tokens[p - np], s->slot, p);
    }
    if (n > 1)
        g->prefill += s->rows;
    if (s->rows == n)
        s->head_row = g->n_rows - 1;
}

/* ---- requests ---- */

static int check_request(const struct gen *g, const struct gen_req *q,
                         struct err *e)
{
    const struct config *c = &g->m->c;
    int new = gen_max_new(g, q);

    if (q->n_prompt < 1)
        return err_set(e, ERR_DATA, "a prompt without tokens");
    if (new > g->o->max_new)
        return err_set(e, ERR_USAGE, "%d new tokens, of %d at most", new,
                       g->o->max_new);
    if (q->n_prompt > c->max_pos - new)
        return err_set(e, ERR_DATA,
                       "a prompt of %d tokens and %d new ones (--max-new) "
                       "exceed the model's context length of %d",
                       q->n_prompt, new, c->max_pos);
    for (int i = 0; i < q->n_prompt; i++)
        if (q->prompt[i] < 0 || q->prompt[i] >= c->vocab)
            return err_set(e, ERR_DATA,
                           "prompt token %d at position %d is "
                           "outside the vocabulary of %d",
                           (int)q->prompt[i], i, c->vocab);
    return gen_cache_fits(g, q, e);
}

static int same_prompt(const struct gen *g, const struct gen_req *q)
{
    return g->n_prompts && q->n_prompt == g->n_prompt &&
           !memcmp(q->prompt, g->prompt,
                   sizeof *g->prompt * (size_t)q->n_prompt);
}

static void new_prompt(struct gen *g, const struct gen_req *q)
{
    gen_drop_hold(g);
    if (q->n_prompt > g->cap_prompt) {
        g->cap_prompt = 2 * q->n_prompt;
        g->prompt = xrealloc(g->prompt, (size_t)g->cap_prompt,
                             sizeof *g->prompt);
    }
    memcpy(g->prompt, q->prompt, sizeof *g->prompt * (size_t)q->n_prompt);
    g->n_prompt = q->n_prompt;
    g->n_prompts++;
    g->group = g->in_group;
    g->in_group = 0;
}

static struct seq *new_seq(struct gen *g, const struct gen_req *q)
{
    struct seq *s = g->spare;

    if (s)
        g->spare = s->next;
    else
        s = xcalloc(1, sizeof *s);
    if (!same_prompt(g, q))
        new_prompt(g, q);
    g->in_group++;
    s->q = *q;
    s->lead = NULL;
    s->next = s->waiting = NULL;
    s->order = ++g->order;
    s->prompt = g->n_prompts;
    s->pos = s->n = s->stopped = s->finished = 0;
    *g->last = s;
    g->last = &s->next;
    return s;
}

/* 1: *s is to enter next; 0: none now. */
static int next_seq(struct gen *g, struct seq **s, struct err *e)
{
    struct gen_req q;
    int r;

    *s = g->waiting;
    if (*s) {
        g->waiting = (*s)->waiting;
        return 1;
    }
    r = g->io->next(g->io->ctx, &q, e);
    if (r <= 0)
        return r;
    if (check_request(g, &q, e))
        return gen_name(&q, e);
    r = model_rope(g->m, q.n_prompt + gen_max_new(g, &q), e);
    if (r)
        return r;
    *s = new_seq(g, &q);
    return 1;
}

/* ---- into a slot ---- */

/* Who of the running has this sequence's prompt, or will have it, in its own
 * pages. */
static struct seq *mate(const struct gen *g, const struct seq *s)
{
    for (int i = g->n_run; i-- > 0;)
        if (g->run[i]->prompt == s->prompt)
            return seq_lead(g->run[i]);
    return NULL;
}

static int room(const struct gen *g, int pages)
{
    int margin = g->n_run / 8;

    return kv_free_pages(g->m->kv) - g->promised - margin >= pages;
}

static void begin(struct gen *g, struct seq *s)
{
    int i = g->n_run++;

    s->slot = g->slots[--g->n_slots];
    s->head_row = s->prompt_row = -1;
    s->rows = 0;
    for (; i > 0 && g->run[i - 1]->order > s->order; i--)
        g->run[i] = g->run[i - 1];
    g->run[i] = s;
}

/* Its prompt is computed in this step, by another one. */
static int enter_with(struct gen *g, struct seq *s, struct seq *other)
{
    int n = s->q.n_prompt, row = other->prompt_row, slot = other->slot;

    if (row < 0 || s->n || !room(g, kv_pages_for(n + 1) - n / KV_PAGE))
        return 0;
    begin(g, s);
    s->head_row = s->prompt_row = row;
    if (other->n || !kernels_rows_alone(g->m->k))
        g->fork[g->n_forks++] = (struct fork){slot, s};
    else
        s->lead = other;
    g->promised += kv_pages_for(n) - n / KV_PAGE;
    return 1;
}

static void unbegin(struct gen *g, const struct seq *s)
{
    int i = 0;

    while (g->run[i] != s)
        i++;
    for (g->n_run--; i < g->n_run; i++)
        g->run[i] = g->run[i + 1];
    g->slots[g->n_slots++] = s->slot;
}

/* The first `share` positions are those of slot `from`. */
static int take_pages(struct gen *g, struct seq *s, int from, int share)
{
    struct k_kv *kv = g->m->kv;

    s->pos = from >= 0 && !kv_fork(kv, from, s->slot, share) ? share : 0;
    if (!kv_reserve(kv, s->slot, seq_known(s)))
        return 0;
    kv_release(kv, s->slot, 0);
    s->pos = 0;
    return -1;
}

/* 1: the sequence runs; 0: not yet. */
static int enter(struct gen *g, struct seq *s)
{
    struct seq *other = mate(g, s);
    int from = -1, share = 0;

    if (gen_awaits_group(g, s))
        return 0;
    if (other && other->pos < s->q.n_prompt)
        return enter_with(g, s, other);
    if (other)
        from = other->slot;
    else if (s->prompt == g->n_prompts)
        from = g->hold;
    if (from >= 0) /* the last row is computed again for its hidden state */
        share = s->n ? s->q.n_prompt : s->q.n_prompt - 1;
    if (g->n_run && !room(g, kv_pages_for(seq_known(s) + 1) - share / KV_PAGE))
        return 0;
    begin(g, s);
    if (take_pages(g, s, from, share)) {
        gen_drop_hold(g);
        if (take_pages(g, s, -1, 0)) {
            unbegin(g, s);
            return 0;
        }
    }
    add_rows(g, s);
    return 1;
}

int gen_admit(struct gen *g, struct err *e)
{
    g->n_rows = g->prefill = g->n_forks = g->promised = 0;
    for (int i = 0; i < g->n_run; i++)
        if (!g->run[i]->lead)
            add_rows(g, g->run[i]);
    gen_follow(g);
    while (!g->preempted && g->n_run < g->o->batch &&
           g->prefill < prefill_rows(g)) {
        struct seq *s;
        int r = next_seq(g, &s, e);

        if (r <= 0)
            return r;
        if (!enter(g, s)) {
            gen_wait(g, s);
            return g->n_run ? 0 : gen_no_page(g, s, e);
        }
    }
    return 0;
}
