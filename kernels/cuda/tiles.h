/* tiles - packed sequences, cut into tiles of rows, on the device
 *
 * The lists of a batch are made and uploaded once; the same sequences asked
 * for again, as by every layer of a pass, find them there. Under the causal
 * mask a tile of queries sees the keys up to it and a tile of keys the queries
 * from it on: the tiles with the most work come first, so that no long one is
 * left for the end.
 */
#ifndef ULP_CUDA_TILES_H
#define ULP_CUDA_TILES_H
#include "cuda.h"
#include "../attn.h"

/* At least one row in each tile. Of queries: rows before k_seqs' `from` are
 * in none, and a sequence's tiles begin there. Of keys: all rows. */
struct attn_tiles {
    const struct attn_tile *queries, *keys;
    unsigned n_queries, n_keys;
};

/* Tiles of `rows` rows; 0 (and the error kept) without memory. Valid until
 * the same lists are asked for with other sequences, or scratch is trimmed.
 * which: TILES_FORWARD, or TILES_BACKWARD for a backward whose tiles have
 * other rows. */
int CU(cuda_tiles)(struct cuda *c, int which, struct k_seqs q, int rows,
                   struct attn_tiles *t);

#endif
