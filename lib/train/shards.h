/* shards - a mini-batch cut into the parts whose gradients are joined
 * (NUMERICS.md, "Shards") */
#ifndef ULP_TRAIN_SHARDS_H
#define ULP_TRAIN_SHARDS_H
#include "../model/pack.h"

/* end[k]: the sequences of p up to the end of shard k < n. A mini-batch begins
 * at sequence `from`; group i of its n_groups ends before group_end[i]. A shard
 * that ends where it begins is empty. */
void shards_cut(int *end, int n, const struct pack *p, int from,
                const int *group_end, int n_groups);

/* rank_of[k]: which of `ranks` ranks computes shard k < n. Round i has shards
 * i ranks .. (i + 1) ranks - 1, one for each rank: the one with most rows goes to
 * the rank that has had fewest so far. Equal shards go round by round in order.
 * A function of lengths, so that all ranks agree; no sum depends on it. */
void shards_deal(int *rank_of, int n, int ranks, const struct pack *p, int from,
                 const int *end);

#endif
