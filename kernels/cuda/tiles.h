/* tiles - packed sequences, cut into tiles of rows, on the device
 *
 * The list of a batch is made and uploaded once; the same sequences asked for
 * again, as by every layer of a pass, find it there. Tiles come with the most
 * rows before them first, so that under a causal mask no long one is left for
 * the end.
 */
#ifndef ULP_CUDA_TILES_H
#define ULP_CUDA_TILES_H
#include "cuda.h"

struct attn_tile {
    int row, len, at; /* a sequence's first row and length; the tile's first
                       * row, counted from there */
};

/* As many tiles from the sequence's end as this one is from its start: work
 * that falls with the row is then in descending order too. */
static inline __host__ __device__ int tile_mirrored(struct attn_tile w,
                                                    int rows)
{
    return (w.len - 1) / rows * rows - w.at;
}

/* Tiles of `rows` rows: *n of them, at least one row in each. NULL (and the
 * error kept) without memory. Valid until the same list is asked for with
 * other sequences, or scratch is trimmed. which: TILES_FORWARD, or
 * TILES_BACKWARD for a backward whose tiles have other rows. */
const struct attn_tile *CU(cuda_tiles)(struct cuda *c, int which,
                                       struct k_seqs q, int rows, size_t *n);

#endif
