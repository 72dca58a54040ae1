/* group - the samples of one prompt */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "dapo.h"
#include "group.h"
#include "../model/pack.h"

void group_free(struct group *g)
{
    for (int i = 0; g->v && i < g->n; i++) {
        free(g->v[i].tokens);
        free(g->v[i].logp);
    }
    free(g->v);
    memset(g, 0, sizeof *g);
}

static int by_tokens(const void *x, const void *y)
{
    const struct sample *const *pa = x, *const *pb = y;
    const struct sample *a = *pa, *b = *pb;
    int r = pack_order(a->tokens, a->n, b->tokens, b->n);

    return r ? r : (a > b) - (a < b);
}

void group_sorted(const struct group *g, const struct sample **v)
{
    for (int i = 0; i < g->n; i++)
        v[i] = &g->v[i];
    qsort(v, (size_t)g->n, sizeof *v, by_tokens);
}

void group_pack(struct pack *p, const struct sample *const *v, int n, int share)
{
    for (int i = 0; i < n; i++) {
        pack_add(p, v[i]->tokens, v[i]->n, v[i]->n_prompt, v[i]->id);
        if (i && share)
            pack_share(p);
    }
}

int group_is_mixed(const struct group *g)
{
    for (int i = 1; i < g->n; i++)
        if (!g->v[i].correct != !g->v[0].correct)
            return 1;
    return 0;
}

int group_is_one_response(const struct group *g)
{
    const struct sample *a = g->v;

    for (int i = 1; i < g->n; i++) {
        const struct sample *b = &g->v[i];

        if (b->n != a->n || b->n_prompt != a->n_prompt ||
            memcmp(b->tokens, a->tokens, (size_t)a->n * sizeof *a->tokens))
            return 0;
    }
    return g->n > 1;
}

int group_advantages(struct group *g, int by_std)
{
    double *reward = xcalloc((size_t)g->n, 2 * sizeof *reward);
    double *adv = reward + g->n;
    int zero = 1;

    for (int i = 0; i < g->n; i++)
        reward[i] = g->v[i].reward;
    dapo_advantages(adv, reward, g->n, by_std);
    for (int i = 0; i < g->n; i++) {
        g->v[i].adv = adv[i];
        zero = zero && adv[i] == 0;
    }
    free(reward);
    return zero;
}

int group_is_changed(const struct group *g, int trained_on)
{
    for (int i = 0; i < g->n; i++)
        if (!isnan(g->v[i].was) && !(trained_on && g->v[i].was == g->v[i].adv))
            return 1;
    return 0;
}
