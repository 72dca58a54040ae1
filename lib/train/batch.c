/* batch - groups into the batch of a step; see batch.h */
#include "batch.h"
#include <stdlib.h>
#include <string.h>

int batch_next_ask(const struct batch_opts *o, int kept, int seen)
{
    int missing = o->prompts - kept;
    int64_t n = missing;

    if (seen > 0)
        n = kept > 0 ? ((int64_t)missing * seen + kept - 1) / kept : o->prompts;
    return n > o->prompts ? o->prompts : n < 1 ? 1 : (int)n;
}

static void count(struct batch *b, const struct group *g)
{
    b->asked++;
    b->skipped += g->skipped;
    b->one_response += group_is_one_response(g);
    for (int i = 0; i < g->n; i++) {
        const struct sample *s = &g->v[i];

        b->n_samples++;
        b->n_correct += !!s->correct;
        b->response_tokens += (uint64_t)(s->n - s->n_prompt);
        b->reward += s->reward;
    }
}

static void add_rest(struct batch *b, const struct group *g)
{
    b->rest = xrealloc(b->rest, (size_t)b->n_rest + 1, sizeof *b->rest);
    b->rest[b->n_rest++] = *g;
}

/* Takes g over: keeps it, or frees it and counts why. */
static int decide(struct batch *b, struct rollouts *s, struct group *g,
                  struct err *e)
{
    const struct batch_opts *o = s->o;
    int uniform = o->dynamic && !group_is_mixed(g), r;
    int take = !uniform && b->n < o->prompts;

    count(b, g);
    b->dropped += uniform;
    b->surplus += !uniform && !take;
    if (take)
        b->no_advantage += group_advantages(g, o->by_std);
    b->changed += group_is_changed(g, take);
    r = rollouts_keep(s, g, take, e);
    if (take)
        b->v[b->n++] = *g;
    else if (s->live || o->off_policy)
        group_free(g);
    else
        add_rest(b, g);
    return r;
}

/* The groups of a round; *more: there may be another round. */
static int collect_round(struct batch *b, struct rollouts *s, int64_t step,
                         const char *policy, int n, int *more, struct err *e)
{
    for (int i = 0; i < n; i++) {
        struct group g = {0};
        int r = rollouts_group(s, step, policy, &g, e);

        *more = r > 0;
        /* a sampler makes whole rounds */
        if (!r && !s->o->off_policy && (b->asked || s->held))
            r = rollouts_short(s, step, b->asked, b->asked + n - i, e);
        if (r <= 0)
            return r;
        if (i == 0)
            b->rounds++;
        r = decide(b, s, &g, e);
        if (r)
            return r;
    }
    return 0;
}

int batch_collect(struct batch *b, struct rollouts *s, int64_t step,
                  const char *policy, const struct batch_ask *ask,
                  struct err *e)
{
    const struct batch_opts *o = s->o;
    int more = 1, r = 0;

    memset(b, 0, sizeof *b);
    b->v = xcalloc((size_t)o->prompts, sizeof *b->v);
    while (!r && more && b->n < o->prompts && b->rounds < o->max_rounds) {
        int n = batch_next_ask(o, b->n, b->asked);

        if (ask)
            r = ask->fn(ask->ctx, step, n, e);
        if (!r)
            r = collect_round(b, s, step, policy, n, &more, e);
    }
    return r;
}

void batch_free(struct batch *b)
{
    for (int i = 0; i < b->n; i++)
        group_free(&b->v[i]);
    for (int i = 0; i < b->n_rest; i++)
        group_free(&b->rest[i]);
    free(b->v);
    free(b->rest);
    memset(b, 0, sizeof *b);
}
