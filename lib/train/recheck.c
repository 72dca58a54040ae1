/* recheck - a forward pass over one group after the other; see recheck.h */
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

static int one_group(struct model *m, const struct group *g,
                     const struct recheck *o, struct pack *p, struct err *e)
{
    const struct sample **v = xcalloc((size_t)g->n, sizeof *v);
    float *logp;
    int r;

    pack_clear(p);
    group_sorted(g, v);
    for (int i = 0; i < g->n; i++) {
        pack_add(p, v[i]->tokens, v[i]->n, v[i]->n_prompt, v[i]->id);
        if (i && !o->apart)
            pack_share(p);
    }
    logp = xcalloc(p->n_tokens, sizeof *logp);
    r = score(m, p, v, o, logp, e);
    free(logp);
    free(v);
    return r;
}

int recheck_groups(struct model *m, const struct group *g, int n,
                   const struct recheck *o, struct err *e)
{
    struct pack p = {0};
    int r = 0;

    for (int i = 0; i < n && !r; i++)
        r = one_group(m, &g[i], o, &p, e);
    pack_free(&p);
    return r;
}
