/* gen_cache - who has pages of the cache, and who loses them */
#include <stdlib.h>
#include "../base/arena.h"
#include "gen_impl.h"

static size_t page_bytes(const struct model *m)
{
    return model_page_bytes(&m->c, m->t);
}

/* Pages that the cache may have: what was asked for, or what all sequences
 * can use, within a part of what is free. */
static int pages_wanted(const struct gen *g)
{
    const struct model *m = g->m;
    size_t all = (size_t)g->o->batch * (size_t)kv_pages_for(m->c.max_pos);
    size_t bytes = g->o->kv_bytes, most;
    struct k_memory mem = {0};

    if (!bytes) {
        m->k->memory(m->k, &mem);
        bytes = (size_t)((double)mem.free * gen_cache_part(&m->k->sizes));
    }
    most = bytes ? bytes / page_bytes(m) : all;
    most = most < all ? most : all;
    return most < 1 ? 1 : most < INT32_MAX ? (int)most : INT32_MAX;
}

int gen_cache_open(struct gen *g, struct err *e)
{
    struct model *m = g->m;
    int slots = g->o->batch + 1;

    if (m->kv && (m->kv_slots != slots || m->kv_bytes != g->o->kv_bytes))
        model_release_kv(m);
    if (!m->kv) {
        m->kv = m->k->kv_new(m->k, m->t, m->c.layers, model_heads(&m->c), slots,
                             m->c.max_pos, pages_wanted(g), e);
        if (!m->kv)
            return err_prefix(e, "KV cache");
        m->kv_slots = slots;
        m->kv_bytes = g->o->kv_bytes;
    }
    g->slots = xcalloc((size_t)slots, sizeof *g->slots);
    for (int i = slots; i-- > 0;) {
        kv_release(m->kv, i, 0);
        g->slots[g->n_slots++] = i;
    }
    g->hold = -1;
    g->n_pages = kv_free_pages(m->kv);
    return 0;
}

void gen_cache_close(struct gen *g)
{
    for (int i = 0; g->m->kv && i < g->m->kv_slots; i++)
        kv_release(g->m->kv, i, 0);
    free(g->slots);
}

/* The last token of a sequence never gets a position. */
int gen_cache_fits(const struct gen *g, const struct gen_req *q, struct err *e)
{
    int new = gen_max_new(g, q);
    int need = kv_pages_for(q->n_prompt + new - 1);
    double mib = (double)page_bytes(g->m) / (1 << 20);

    if (need <= g->n_pages)
        return 0;
    return err_memory(e,
                      "a prompt of %d tokens and %d new ones take %.4g MiB "
                      "of KV cache, which has %.4g: %s",
                      q->n_prompt, new, need * mib, g->n_pages * mib,
                      g->o->kv_bytes ? "raise --kv-memory"
                                     : "--kv-memory may give it more");
}

void gen_drop_hold(struct gen *g)
{
    if (g->hold < 0)
        return;
    kv_release(g->m->kv, g->hold, 0);
    g->slots[g->n_slots++] = g->hold;
    g->hold = -1;
}

void gen_leave(struct gen *g, struct seq *s)
{
    if (g->hold < 0 && s->prompt == g->n_prompts && s->pos >= s->q.n_prompt) {
        kv_release(g->m->kv, s->slot, s->q.n_prompt);
        g->hold = s->slot;
    } else {
        kv_release(g->m->kv, s->slot, 0);
        g->slots[g->n_slots++] = s->slot;
    }
}

void gen_wait(struct gen *g, struct seq *s)
{
    struct seq **at = &g->waiting;

    while (*at && (*at)->order < s->order)
        at = &(*at)->waiting;
    s->waiting = *at;
    *at = s;
}

void gen_preempt(struct gen *g, struct seq *s)
{
    kv_release(g->m->kv, s->slot, 0);
    g->slots[g->n_slots++] = s->slot;
    s->pos = 0;
    s->lead = NULL;
    g->preempted = 1;
    gen_wait(g, s);
}

/* Takes the node of s out of g->run; its sequences wait. */
static void preempt_node(struct gen *g, struct seq *s)
{
    const struct seq *lead = seq_lead(s);
    int n = 0;

    for (int i = 0; i < g->n_run; i++)
        if (seq_lead(g->run[i]) != lead)
            g->run[n++] = g->run[i];
        else
            gen_preempt(g, g->run[i]);
    g->n_run = n;
}

int gen_no_page(const struct gen *g, const struct seq *s, struct err *e)
{
    const char *why = kv_why(g->m->kv);

    err_memory(e,
               "no page of KV cache for position %d of sample %d: %s; "
               "--kv-memory says how much it takes",
               seq_known(s), s->q.sample, why ? why : "none is left");
    return gen_name(&s->q, e);
}

/* The newest sequence that has pages which s does not lead; or NULL. */
static struct seq *newest_but(const struct gen *g, const struct seq *s)
{
    for (int i = g->n_run; i-- > 0;)
        if (seq_lead(g->run[i]) != s)
            return g->run[i];
    return NULL;
}

/* Pages for the tokens of s, at the cost of newer ones; where there are none, s
 * itself waits. */
static int grow_one(struct gen *g, struct seq *s, struct err *e)
{
    while (kv_reserve(g->m->kv, s->slot, seq_known(s))) {
        struct seq *other = newest_but(g, s);

        if (g->hold >= 0) {
            gen_drop_hold(g);
        } else if (!other) {
            return gen_no_page(g, s, e);
        } else if (seq_lead(other)->order < s->order) {
            preempt_node(g, s);
            return 0;
        } else {
            preempt_node(g, other);
        }
    }
    return 0;
}

int gen_grow(struct gen *g, struct err *e)
{
    g->preempted = 0;
    for (int i = 0; i < g->n_run; i++) {
        int n = g->n_run;
        int r = g->run[i]->lead ? 0 : grow_one(g, g->run[i], e);

        if (r)
            return r;
        if (g->n_run < n) /* others have moved up */
            i = -1;
    }
    return 0;
}
