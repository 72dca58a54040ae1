/* attn - what prefill, decode and training attention share */
#ifndef ULP_CPU_ATTN_H
#define ULP_CPU_ATTN_H
#include "../attn.h"
#include "cpu.h"

/* Values in a row of q, k and v up to which fp32 rows, in whole vectors, are
 * read and written in place. */
enum { ATTN_IN_PLACE = 512 };

/* n rounded up to whole panels, and to whole vectors. */
#define PAD_NR(n) (((n) + NR - 1) / NR * NR)
#define PAD_VW(n) (((n) + VW - 1) / VW * VW)

/* Some query rows against one key/value head of a cache. Row m is q[m * ldq],
 * attends to the first limit[m] keys, and its results go to o + m * ldo
 * (values of type t). Key j is key j % KV_PAGE of pages[j / KV_PAGE]: k_at
 * bytes into the page panels of NR keys, [panel][head_dim][NR]; v_at bytes
 * into it rows of values, [key][head_dim], the last of which is read in whole
 * vectors: there is room for rows of PAD_VW(head_dim). */
struct attend {
    enum dtype t;
    long rows, ldq, ldo;
    const void *q; /* type t */
    const int32_t *limit;
    const uint64_t *pages;
    size_t k_at, v_at;
    int head_dim;
    float scale;
    void *o;
};
void NAME(attend)(struct cpu *c, int worker, const struct attend *a);

/* Stores D values of type t as the key, or the value, of position j of a page.
 * kp and vr: the page's keys and values of one head. */
void NAME(put_key)(enum dtype t, void *kp, long j, const void *key, int D);
void NAME(put_value)(enum dtype t, void *vr, long j, const void *v, int D);

/* Scratch of a task of attn, in floats: L keys, blocks of ld queries. */
static inline size_t attn_floats(long L, long D, long ld)
{
    return (size_t)((L + D + PAD_VW(D)) * ld);
}

/* The same of attn_bwd, with its copies of keys and values. */
static inline size_t attn_bwd_floats(long L, long D, long ld)
{
    long Dp = PAD_VW(D);

    return (size_t)(2 * L * (ld + 2 * Dp) + ld * (2 * D + 3 * Dp + 2));
}

/* Most tasks of a call: blocks of ld queries of each sequence and head. */
static inline size_t attn_pieces(long T, long n_seqs, long n_heads, long ld)
{
    return (size_t)((T / ld + n_seqs) * n_heads);
}

#endif
