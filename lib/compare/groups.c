/* groups - lists of updates, each made when its first member comes */
#include "groups.h"
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"

static void add(struct groups *x, struct move_group g, int over)
{
    x->v = xrealloc(x->v, (size_t)x->n + 1, sizeof *x->v);
    x->over = xrealloc(x->over, (size_t)x->n + 1, sizeof *x->over);
    x->v[x->n] = g;
    x->over[x->n++] = over;
}

static struct move_group empty(int n_updates)
{
    return (struct move_group){0, xcalloc((size_t)n_updates, sizeof(int))};
}

/* The group over `over` that begins with update i; none where an update before
 * i is in it, or no other. */
static void begin_with(struct groups *x, int i, int n_updates,
                       const struct runs *runs, int over)
{
    struct move_group g = empty(n_updates);

    for (int j = 0; j < n_updates; j++) {
        if (j != i && runs_over(runs, i, j) != over)
            continue;
        if (j < i)
            break;
        g.member[g.n++] = j;
    }
    if (g.n > 1)
        add(x, g, over);
    else
        free(g.member);
}

void groups_list(struct groups *x, int n_updates, const struct runs *runs)
{
    if (!runs->n) {
        struct move_group g = empty(n_updates);

        while (g.n < n_updates) {
            g.member[g.n] = g.n;
            g.n++;
        }
        add(x, g, -1);
        return;
    }
    for (int over = 0; over < N_RUN_KEYS; over++)
        for (int i = 0; i < n_updates; i++)
            begin_with(x, i, n_updates, runs, over);
}

void groups_free(struct groups *x)
{
    for (int i = 0; i < x->n; i++)
        free(x->v[i].member);
    free(x->v);
    free(x->over);
    memset(x, 0, sizeof *x);
}
