/* batch - groups into the batch of a step; see batch.h */
#include "batch.h"
#include <stdlib.h>
#include <string.h>

int batch_next_ask(const struct batch_opts *o, int kept, int seen)
{
    int missing = o->prompts - kept;
    int64_t n = missing;

    if (seen > 0)
        n = kept > 0 ? ((int64_t)missing * seen + kept - 1) / kept
                     : o->prompts;
    return n > o->prompts ? o->prompts : n < 1 ? 1 : (int)n;
}

static void count(struct batch *b, const struct group *g)
{
    b->asked++;
    for (int i = 0; i < g->n; i++) {
        const struct sample *s = &g->v[i];

        b->n_samples++;
        b->n_correct += !!s->correct;
        b->response_tokens += (uint64_t)(s->n - s->n_prompt);
        b->reward += s->reward;
    }
}

/* Takes g over: keeps it, or frees it and counts why. */
static void decide(struct batch *b, const struct batch_opts *o,
                   struct group *g)
{
    count(b, g);
    if (o->dynamic && !group_is_mixed(g)) {
        b->dropped++;
        group_free(g);
    } else if (b->n == o->prompts) {
        b->surplus++;
        group_free(g);
    } else {
        b->v[b->n++] = *g;
    }
}

int batch_collect(struct batch *b, struct rollouts *s, int64_t step,
                  const char *policy, const struct batch_ask *ask,
                  struct err *e)
{
    const struct batch_opts *o = s->o;
    int more = 1, r = 0;

    memset(b, 0, sizeof *b);
    b->v = xcalloc((size_t)o->prompts, sizeof *b->v);
    while (more && b->n < o->prompts && b->rounds < o->max_rounds) {
        int n = batch_next_ask(o, b->n, b->asked);

        if (ask) {
            r = ask->fn(ask->ctx, step, n, e);
            if (r)
                return r;
        }
        for (int i = 0; i < n; i++) {
            struct group g = { 0 };

            r = rollouts_group(s, step, policy, &g, e);
            if (r < 0)
                return r;
            more = r;
            if (!more)
                break;
            if (i == 0)
                b->rounds++;
            decide(b, o, &g);
        }
    }
    return 0;
}

void batch_free(struct batch *b)
{
    for (int i = 0; i < b->n; i++)
        group_free(&b->v[i]);
    free(b->v);
    memset(b, 0, sizeof *b);
}
