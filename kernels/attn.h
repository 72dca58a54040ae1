/* attn - scores' scale, and how a device cuts packed sequences into tiles */
#ifndef ULP_KERNELS_ATTN_H
#define ULP_KERNELS_ATTN_H
#include "scratch.h"

/* 1 / sqrt(head_dim), in fp32. */
static inline float attn_scale(int head_dim)
{
    return 1.0f / canon_sqrt((float)head_dim);
}

struct attn_tile {
    int row, len, at; /* a sequence's first row and length; the tile's first
                       * row, counted from there */
    int from;         /* the first row from `at` on that has a query */
};

/* Rows of a tile; under order=hardware those of tensor cores, where they can do
 * it. */
enum { TILE = 32, HW_ATTN_ROWS = 128, HW_ATTN_DIM = 128 };

/* Rows of a tile of the backward under order=hardware. */
static inline int hw_attn_rows_bwd(int head_dim)
{
    return head_dim > 64 ? 64 : 128;
}

/* Can the kernels of tensor cores do this type and shape? */
static inline int hw_attn_does(enum dtype t, struct k_attn_shape s)
{
    return t != DT_F32 && s.head_dim % 8 == 0 && s.head_dim <= HW_ATTN_DIM;
}

/* Most tiles of T rows in n sequences: of queries, and as many of keys. */
static inline size_t attn_tiles_most(long T, long n, int rows)
{
    return 2 * (size_t)(T / rows + n);
}

/* Counts the list of tiles of so many rows in a slot. */
static inline void attn_tiles_scratch(struct scratch_plan *z, int slot,
                                      int rows)
{
    scratch_most(&z->shared[slot],
                 attn_tiles_most(z->p->T, z->p->n_seqs, rows) *
                     sizeof(struct attn_tile));
}

/* Does the planned pass use tensor cores? */
static inline int attn_is_hw(const struct scratch_plan *z)
{
    return z->s->order.kind == ORDER_HARDWARE &&
           hw_attn_does(z->p->t, z->p->attn);
}

CUDA_SCRATCH(attn)
{
    attn_tiles_scratch(z, S_TILES, attn_is_hw(z) ? HW_ATTN_ROWS : TILE);
}

CUDA_SCRATCH(attn_bwd)
{
    if (z->p->backward && attn_is_hw(z))
        attn_tiles_scratch(z, S_TILES_BWD,
                           hw_attn_rows_bwd(z->p->attn.head_dim));
    scratch_most(&z->shared[S_ROWS],
                 (size_t)z->p->T * (size_t)z->p->attn.n_heads * sizeof(float));
}

#endif
