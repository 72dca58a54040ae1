/* dw - how a product over rows is cut: blocks of rows, tiles of dW */
#ifndef ULP_CPU_DW_H
#define ULP_CPU_DW_H
#include "cpu.h"

enum {
    /* rows at a time; TB_SMALL where dW stays in cache, so that the rows of X
     * stay in a nearer one */
    TB_LARGE = 512,
    TB_SMALL = 128,
    /* columns of dY of a tile; NC_BLOCKS where they are packed by register
     * blocks, so that they stay in the second cache */
    NC = 240,
    NC_BLOCKS = 120,
    KP = 128, /* panels of a tile */
    IN_PLACE = 512, /* values in a row up to which fp32 is read in place */
    /* but not dY of a multiple of so many values: rows 2 KiB apart fall into a
     * few sets of the first cache */
    ONE_SET = 512
};

struct dw_cut {
    long tb;                 /* rows of a block */
    long n_blocks, k_groups; /* tiles: columns of dY by runs of panels */
    int x_in_place, dy_in_place;     /* not packed */
    int dy_blocks;           /* dY is packed by register blocks */
    int parallel;
};

/* The first column of tile i, in whole register blocks. */
static inline long dw_columns(long N, long blocks, long i)
{
    long units = (N + MR - 1) / MR * i / blocks * MR;

    return units < N ? units : N;
}

/* Where X need not be packed a tile takes all rows by itself; two tiles a
 * thread, along the longer side, so that little is read twice. Else threads
 * meet at each block. */
static inline struct dw_cut dw_cut(int threads, enum dtype yt, enum dtype xt,
                                   long T, long N, long K, long ldy,
                                   long ldx)
{
    double flops = 2.0 * (double)T * (double)N * (double)K;
    size_t bytes = (size_t)(N * K) * sizeof(float);
    long panels = (K + NR - 1) / NR, units = (N + MR - 1) / MR;
    long nc, want;
    struct dw_cut d = {
        .tb = bytes > (size_t)1 << 20 ? TB_LARGE : TB_SMALL,
        .k_groups = (panels + KP - 1) / KP,
        .x_in_place = xt == DT_F32 && ldx <= IN_PLACE && K % VW == 0,
        .dy_in_place = yt == DT_F32 && ldy <= IN_PLACE && ldy % ONE_SET,
        .parallel = threads > 1 && flops >= 400e3,
    };

    /* with a wide X each column of dY is read often enough to pay for it */
    d.dy_blocks = !d.dy_in_place && K > IN_PLACE;
    nc = d.dy_blocks ? NC_BLOCKS : NC;
    d.n_blocks = (N + nc - 1) / nc;
    want = d.parallel ? (d.x_in_place ? 2 : 3) * threads : 1;
    while (d.n_blocks * d.k_groups < want && units / d.n_blocks >= 2)
        if (d.x_in_place && K % (2 * d.k_groups * NR) == 0 &&
            K / d.k_groups > N / d.n_blocks)
            d.k_groups *= 2;
        else
            d.n_blocks++;
    return d;
}

#endif
