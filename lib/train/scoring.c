/* scoring - micro-batches of whole groups; see scoring.h */
#include "scoring.h"
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"

/* Sequences [a, to) of p. Micro-batch by micro-batch here, not in model_logp: a
 * pack may have more tokens than a struct seqs can count. */
static int score_pack(const struct scoring *s, struct pack *p, int a, int to,
                      float *logp, float *entropy, struct err *e)
{
    int r = 0;

    for (int b; a < to && !r; a = b) {
        struct seqs q;

        b = pack_micro(p, a, to, s->micro_tokens);
        q = pack_view(p, a, b);
        r = model_logp(s->m, &q, s->temperature, 0, logp + p->start[a],
                       entropy + p->start[a], e);
    }
    return r;
}

/* Sequences [from, to) with their shared prefixes, in the order that shares
 * most, and where each is in s->p. */
static void pack_shared(const struct scoring *s, int from, int to,
                        struct pack *p, int *of)
{
    const struct sample **v = xcalloc((size_t)s->p->n, sizeof *v);

    for (int i = 0; i < s->b->n; i++) {
        const struct group *g = &s->b->v[i];
        int first = s->group_end[i] - g->n;

        if (first < from || first >= to)
            continue;
        group_sorted(g, v);
        for (int j = 0; j < g->n; j++)
            of[p->n + j] = first + (int)(v[j] - g->v);
        group_pack(p, v, g->n, 1);
    }
    free(v);
}

static int score_shared(const struct scoring *s, int from, int to,
                        struct err *e)
{
    struct pack p = {0};
    int *of = xcalloc((size_t)s->p->n, sizeof *of), r;
    float *logp, *entropy;

    pack_shared(s, from, to, &p, of);
    logp = xcalloc(2 * p.n_tokens, sizeof *logp);
    entropy = logp + p.n_tokens;
    r = score_pack(s, &p, 0, p.n, logp, entropy, e);
    for (int i = 0; i < p.n; i++) {
        size_t at = s->p->start[of[i]], n = p.start[i + 1] - p.start[i];

        memcpy(s->logp + at, logp + p.start[i], n * sizeof *logp);
        memcpy(s->entropy + at, entropy + p.start[i], n * sizeof *logp);
    }
    free(logp);
    free(of);
    pack_free(&p);
    return r;
}

int scoring_run(const struct scoring *s, int from, int to, struct err *e)
{
    if (from == to)
        return 0;
    return s->apart ? score_shared(s, from, to, e)
                    : score_pack(s, s->p, from, to, s->logp, s->entropy, e);
}
