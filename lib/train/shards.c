/* shards - where they end; see shards.h */
#include "shards.h"

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
