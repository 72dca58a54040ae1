/* recheck - a forward pass over a group; see recheck.h */
#include "recheck.h"
#include <stdlib.h>
#include "../base/arena.h"
#include "../model/pack.h"

static int score(struct model *m, struct pack *p, const struct sample **v,
                 const struct recheck *o, float *logp, struct err *e)
{
    for (int a = 0, b; a < p->n; a = b) {
        struct seqs q;
        int r;

        b = pack_micro(p, a, p->n, o->micro_tokens);
        q = pack_view(p, a, b);
        r = model_logp(m, &q, o->temperature, 0, logp + p->start[a], NULL, e);
        for (int i = a; i < b && !r; i++)
            r = gap_check(&o->gap, v[i],
                          logp + p->start[i] + (size_t)p->first[i], e);
        if (r)
            return r;
    }
    return 0;
}

int recheck_group(struct model *m, const struct group *g,
                  const struct recheck *o, struct err *e)
{
    const struct sample **v = xcalloc((size_t)g->n, sizeof *v);
    struct pack p = {0};
    float *logp;
    int r;

    group_sorted(g, v);
    group_pack(&p, v, g->n, !o->apart);
    logp = xcalloc(p.n_tokens, sizeof *logp);
    r = score(m, &p, v, o, logp, e);
    free(logp);
    free(v);
    pack_free(&p);
    return r;
}
