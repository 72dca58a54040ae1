/* group - the samples of one prompt */
#include <stdlib.h>
#include <string.h>
#include "group.h"

void group_free(struct group *g)
{
    for (int i = 0; g->v && i < g->n; i++) {
        free(g->v[i].tokens);
        free(g->v[i].logp);
    }
    free(g->v);
    memset(g, 0, sizeof *g);
}

int group_is_mixed(const struct group *g)
{
    for (int i = 1; i < g->n; i++)
        if (!g->v[i].correct != !g->v[0].correct)
            return 1;
    return 0;
}
