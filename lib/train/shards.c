/* shards - where they end; see shards.h */
#include "shards.h"
#include <stdlib.h>
#include "../base/arena.h"

/* Rows that sequence i adds to those of the ones before it. */
static uint64_t rows(const struct pack *p, int i)
{
    size_t n = p->start[i + 1] - p->start[i];

    return (size_t)p->first[i] < n ? n - 1 - (size_t)p->shared[i] : 0;
}

static uint64_t rows_of(const struct pack *p, int from, int to)
{
    uint64_t sum = 0;

    for (; from < to; from++)
        sum += rows(p, from);
    return sum;
}

void shards_cut(int *end, int n, const struct pack *p, int from,
                const int *group_end, int n_groups)
{
    int last = group_end[n_groups - 1], at = from, group = 0;
    uint64_t total = rows_of(p, from, last), so_far = 0;

    for (int k = 0; k < n; k++) {
        while (
            group < n_groups &&
            (at == from || (uint64_t)n * so_far < ((uint64_t)k + 1) * total)) {
            so_far += rows_of(p, at, group_end[group]);
            at = group_end[group++];
        }
        end[k] = at;
    }
    end[n - 1] = last; /* groups without rows are somebody's too */
}

/* Shards k .. k + n - 1, the ones with most rows first; rows: of each shard. */
static void by_rows(int *v, int k, int n, const uint64_t *rows)
{
    for (int i = 0; i < n; i++) {
        int at = i;

        for (; at && rows[v[at - 1]] < rows[k + i]; at--)
            v[at] = v[at - 1];
        v[at] = k + i;
    }
}

static int least(const uint64_t *had, const int *busy, int ranks)
{
    int best = -1;

    for (int q = 0; q < ranks; q++)
        if (!busy[q] && (best < 0 || had[q] < had[best]))
            best = q;
    return best;
}

void shards_deal(int *rank_of, int n, int ranks, const struct pack *p, int from,
                 const int *end)
{
    uint64_t *of = xcalloc((size_t)n + (size_t)ranks, sizeof *of);
    uint64_t *had = of + n; /* [ranks] */
    int *busy = xcalloc(2 * (size_t)ranks, sizeof *busy), *v = busy + ranks;

    for (int k = 0; k < n; from = end[k++])
        of[k] = rows_of(p, from, end[k]);
    for (int k = 0; k < n; k += ranks) {
        int in_round = n - k < ranks ? n - k : ranks;

        by_rows(v, k, in_round, of);
        for (int i = 0; i < ranks; i++)
            busy[i] = 0;
        for (int i = 0; i < in_round; i++) {
            int q = least(had, busy, ranks);

            busy[q] = 1;
            rank_of[v[i]] = q;
        }
        for (int i = 0; i < in_round; i++)
            had[rank_of[k + i]] += of[k + i];
    }
    free(of);
    free(busy);
}
