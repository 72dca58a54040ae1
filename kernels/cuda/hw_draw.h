/* hw_draw - masses of ids, and their sums over a block, to draw from a row
 *
 * Masses are integers, 2^d in units of 2^-42 (hw_row.h has d): their sums are
 * exact, in any order.
 */
#ifndef ULP_CUDA_HW_DRAW_H
#define ULP_CUDA_HW_DRAW_H
#include "hw_row.h"

/* Candidates that shared memory holds; the largest vocabulary; cuts of a range
 * in one reading of a row. */
enum { CANDS = 2048, MOST_IDS = 1 << 21, CUTS = 7 };

#define ONE 4398046511104.0f /* 2^42: MOST_IDS of them fit 64 bits */
/* A mass, or a sum of masses, in units of 2^-42. */
typedef unsigned long long mass;

/* One row as a block sees it. */
struct draw_row {
    const char *l;
    enum dtype t;
    long V;
    float c, u;
    struct row_sums s;
};

/* What a block shares while it draws. */
struct draw_shared {
    struct row_shared row;
    mass part[ROW_WARPS * CUTS], sum;
    int count;
    int32_t id;
};

/* ---- sums over the threads of a block ---- */
/* Of the threads before this one; *total of all. */
DEV mass block_before(mass x, mass *part, mass *total)
{
    int lane = (int)threadIdx.x % 32, warp = (int)threadIdx.x / 32;
    mass s = x, before;

    for (int i = 1; i < 32; i *= 2) {
        mass o = __shfl_up_sync(FULL, s, i);

        s += lane >= i ? o : 0;
    }
    __syncthreads(); /* part may still be read */
    if (lane == 31)
        part[warp] = s;
    __syncthreads();
    before = s - x;
    *total = 0;
    for (int w = 0; w < (int)blockDim.x / 32; w++) {
        before += w < warp ? part[w] : 0;
        *total += part[w];
    }
    return before;
}

/* Of n values each; part has room for n of each warp. */
DEV void block_sums(mass *f, int n, mass *part)
{
    int lane = (int)threadIdx.x % 32, warp = (int)threadIdx.x / 32;

    __syncthreads();
#pragma unroll
    for (int j = 0; j < n; j++) {
        for (int i = 16; i > 0; i /= 2)
            f[j] += __shfl_xor_sync(FULL, f[j], i);
        if (lane == 0)
            part[warp * n + j] = f[j];
    }
    __syncthreads();
#pragma unroll
    for (int j = 0; j < n; j++) {
        f[j] = 0;
        for (int w = 0; w < (int)blockDim.x / 32; w++)
            f[j] += part[w * n + j];
    }
}

/* ---- weights of ids ---- */
/* A logit's mass relative to m, or 1 where it is m. */
struct weigh {
    float m, c;
    int ties;
};

/* The mass of logit x; with ties, 1 for each logit that is m. */
DEV mass weight(const struct weigh *w, float x)
{
    if (w->ties)
        return x == w->m;
    return (mass)(fast_exp2((x - w->m) * w->c) * ONE);
}

/* Ids [lo, hi) in pieces, a thread each, and what the pieces weigh. */
struct pieces {
    long lo, hi; /* this thread's */
    mass mine, before, total;
};

/* lo is a multiple of 8. */
DEV struct pieces cut(const struct draw_row *r, long lo, long hi,
                      const struct weigh *w, struct draw_shared *h)
{
    long each = ((hi - lo + 7) / 8 + blockDim.x - 1) / blockDim.x * 8;
    struct pieces p;

    p.lo = lo + (long)threadIdx.x * each;
    p.hi = p.lo + each < hi ? p.lo + each : hi;
    p.mine = 0;
    for (long v = p.lo; v < p.hi; v += 8) {
        float x[8];

        row_get(r->l, r->t, v, hi, x);
        for (int k = 0; k < 8; k++)
            p.mine += weight(w, x[k]);
    }
    p.before = block_before(p.mine, h->part, &p.total);
    return p;
}

/* The id at which the sum over ids ascending first exceeds target < total. */
DEV int32_t find_id(const struct draw_row *r, const struct pieces *p,
                    const struct weigh *w, mass target,
                    struct draw_shared *h)
{
    if (p->before <= target && target - p->before < p->mine) {
        mass sum = p->before;
        long v = p->lo;

        for (;; v++) {
            sum += weight(w, get(r->l, r->t, (size_t)v));
            if (sum > target)
                break;
        }
        h->id = (int32_t)v;
    }
    __syncthreads();
    return h->id;
}

#endif
