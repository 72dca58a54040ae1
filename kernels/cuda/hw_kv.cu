/* hw_kv - attention of rows that are alone in their slot (order=hardware)
 *
 * Keys in parts of KV_SPLIT (Flash-Decoding, Dao et al. 2023): a block has one
 * part of a row's keys and up to eight query heads of their key/value head, so
 * that keys and values are read once. Eight lanes of a key (head_dim 64), or
 * sixteen, hold eight dimensions each: scores are their fused products, folded
 * over the lanes for all heads at once; then the softmax of the part; then
 * each lane sums its dimensions over its share of the keys. Rows of several
 * parts are merged in order. Parts are cut by position alone, so a row's result
 * does not depend on the rest of the batch.
 *
 * A part of 256 keys of 128 dimensions in bf16 is 128 KiB to read for 0.9
 * MFLOP of 7 heads: the memory is the limit. Parts that are merged add 3.5 KiB
 * a head, written and read.
 */
#include "hw.h"
#include "kv.h"
#include "mma.h"

enum { NT = 128, WARPS = NT / 32, AT_ONCE = 4 };
#define LOG2_E 0x1.715476p+0f

struct decode {
    struct kv_job x;
    struct k_attn_shape s;
    const void *qkv;
    void *o;
    float *part, *norm; /* of parts: [n_parts][n_heads][D] weighted sums, and
                         * [..][2] largest exponent and sum of weights */
    uint64_t at, half;  /* the layer's keys in a page; values after keys */
    float scale;        /* log2(e) / sqrt(head_dim) */
};

/* Of one part: AT_ONCE keys (or values) of this lane from key j0 on; zeros
 * from key n on. */
template <enum dtype T, int D>
DEV void rows_in(struct oct x[AT_ONCE], const uint64_t *pages, uint64_t at,
                 int j0, int n)
{
    const int lanes = D / 8, keys = NT / lanes;
    int c = (int)threadIdx.x % lanes * 8;
    int j = j0 + (int)threadIdx.x / lanes;
    const void *page = (const void *)(uintptr_t)(pages[j0 / KV_PAGE] + at);

#pragma unroll
    for (int u = 0; u < AT_ONCE; u++, j += keys)
        if (j < n)
            x[u] = load8(page, T, (size_t)(j % KV_PAGE * D + c));
        else
            x[u] = {{{0, 0, 0, 0}, {0, 0, 0, 0}}};
}

/* Sums of p[0..G-1] over LANES lanes; each lane gets one, of head_of. */
template <int G, int LANES> DEV float fold(float p[G])
{
    int lane = (int)threadIdx.x, o = LANES / 2;

#pragma unroll
    for (int n = G / 2; n > 0; n /= 2, o /= 2)
#pragma unroll
        for (int i = 0; i < n; i++) {
            float keep = lane & o ? p[i + n] : p[i];
            float give = lane & o ? p[i] : p[i + n];

            p[i] = keep + __shfl_xor_sync(FULL, give, o);
        }
#pragma unroll
    for (; o > 0; o /= 2)
        p[0] += __shfl_xor_sync(FULL, p[0], o);
    return p[0];
}

template <int G, int LANES> DEV int head_of(void)
{
    int h = 0, o = LANES / 2;

#pragma unroll
    for (int n = G / 2; n > 0; n /= 2, o /= 2)
        h += (int)threadIdx.x & o ? n : 0;
    return h;
}

/* P[key][head] = q k */
template <enum dtype T, int D, int G>
DEV void part_scores(float *P, const void *q, int heads,
                     const uint64_t *pages, uint64_t at, int n)
{
    const int lanes = D / 8, keys = NT / lanes;
    int tid = (int)threadIdx.x, c = tid % lanes * 8;
    float w[G][8];

#pragma unroll
    for (int g = 0; g < G; g++) {
#pragma unroll
        for (int d = 0; d < 8; d++)
            w[g][d] = 0.0f;
        if (g < heads)
            get8(q, T, (size_t)(g * D + c), w[g]);
    }
#pragma unroll 1
    for (int j0 = 0; j0 < n; j0 += AT_ONCE * keys) {
        struct oct k[AT_ONCE];

        rows_in<T, D>(k, pages, at, j0, n);
#pragma unroll
        for (int u = 0; u < AT_ONCE; u++) {
            float x[8], p[G], s;

            widen8(&k[u], T, x);
#pragma unroll
            for (int g = 0; g < G; g++) {
                p[g] = 0.0f;
#pragma unroll
                for (int d = 0; d < 8; d++)
                    p[g] = canon_fma(w[g][d], x[d], p[g]);
            }
            s = fold<G, lanes>(p);
            if (tid % (lanes / G) == 0)
                P[(j0 + u * keys + tid / lanes) * G + head_of<G, lanes>()] = s;
        }
    }
}

/* P = weights of the part's keys, zero from key n on; norm[head] = the largest
 * exponent and the sum. */
template <int G>
DEV void part_softmax(float *P, float norm[G][2], int n, float scale)
{
    int lane = (int)threadIdx.x % 32;

    for (int g = (int)threadIdx.x / 32; g < G; g += WARPS) {
        float s[KV_SPLIT / 32], max = -CANON_INF, sum = 0.0f;

#pragma unroll
        for (int i = 0; i < KV_SPLIT / 32; i++) {
            int j = i * 32 + lane;

            s[i] = j < n ? P[j * G + g] * scale : -CANON_INF;
            max = larger(max, s[i]);
        }
        max = warp_max(max);
#pragma unroll
        for (int i = 0; i < KV_SPLIT / 32; i++) {
            float p = i * 32 + lane < n ? fast_exp2(s[i] - max) : 0.0f;

            sum += p;
            P[(i * 32 + lane) * G + g] = p;
        }
        sum = warp_tree(sum);
        if (lane == 0) {
            norm[g][0] = max;
            norm[g][1] = sum;
        }
    }
}

/* O[warp][head][d] = the warp's share of P V; v holds the first values. */
template <enum dtype T, int D, int G>
DEV void part_values(float *O, const float *P, struct oct v[AT_ONCE],
                     const uint64_t *pages, uint64_t at, int n)
{
    const int lanes = D / 8, keys = NT / lanes;
    int tid = (int)threadIdx.x, c = tid % lanes * 8;
    float acc[G][8];

#pragma unroll
    for (int g = 0; g < G; g++)
#pragma unroll
        for (int d = 0; d < 8; d++)
            acc[g][d] = 0.0f;
#pragma unroll 1
    for (int j0 = 0; j0 < n; j0 += AT_ONCE * keys) {
        if (j0 > 0)
            rows_in<T, D>(v, pages, at, j0, n);
#pragma unroll
        for (int u = 0; u < AT_ONCE; u++) {
            const float *p = P + (j0 + u * keys + tid / lanes) * G;
            float x[8];

            widen8(&v[u], T, x);
#pragma unroll
            for (int g = 0; g < G; g++)
#pragma unroll
                for (int d = 0; d < 8; d++)
                    acc[g][d] = canon_fma(p[g], x[d], acc[g][d]);
        }
    }
#pragma unroll
    for (int g = 0; g < G; g++) {
#pragma unroll
        for (int d = 0; d < 8; d++)
#pragma unroll
            for (int o = lanes; o < 32; o *= 2)
                acc[g][d] += __shfl_xor_sync(FULL, acc[g][d], o);
        if (tid % 32 < lanes) {
            float *to = O + (tid / 32 * G + g) * D + c;

            *(float4 *)(void *)to = {acc[g][0], acc[g][1], acc[g][2],
                                     acc[g][3]};
            *(float4 *)(void *)(to + 4) = {acc[g][4], acc[g][5], acc[g][6],
                                           acc[g][7]};
        }
    }
}

template <enum dtype T, int D, int G>
KERNEL __launch_bounds__(NT, 4) decode_part(struct decode j)
{
    __shared__ __align__(16) float P[KV_SPLIT * G], O[WARPS * G * D];
    __shared__ float norm[G][2];
    struct kv_split w = j.x.split[blockIdx.x];
    int group = j.s.n_heads / j.s.n_kv_heads, blocks = (group + G - 1) / G;
    int kvh = (int)blockIdx.y / blocks, g0 = (int)blockIdx.y % blocks * G;
    int h = kvh * group + g0, heads = group - g0 < G ? group - g0 : G;
    int n = j.x.limit[w.row] - w.at, tid = (int)threadIdx.x;
    long ld = (long)(j.s.n_heads + 2 * j.s.n_kv_heads) * D;
    const uint64_t *pages = j.x.table + w.first_page + w.at / KV_PAGE;
    uint64_t keys = j.at + (uint64_t)kvh * 2 * j.half;
    const char *q = (const char *)j.qkv +
                    (w.row * ld + h * D) * (T == DT_F32 ? 4 : 2);
    struct oct v[AT_ONCE];

    n = n < (int)KV_SPLIT ? n : (int)KV_SPLIT;
    part_scores<T, D, G>(P, q, heads, pages, keys, n);
    rows_in<T, D>(v, pages, keys + j.half, 0, n); /* on their way meanwhile */
    __syncthreads();
    part_softmax<G>(P, norm, n, j.scale);
    __syncthreads();
    part_values<T, D, G>(O, P, v, pages, keys + j.half, n);
    __syncthreads();
    for (int i = tid; i < heads * (D / 8); i += NT) {
        int g = i / (D / 8), d = i % (D / 8) * 8;
        size_t part = (size_t)(w.part0 + w.at / KV_SPLIT) *
                          (size_t)j.s.n_heads + (size_t)(h + g);
        float x[8];

#pragma unroll
        for (int e = 0; e < 8; e++) {
            const float *o = O + g * D + d + e;

            x[e] = (o[0] + o[G * D]) + (o[2 * G * D] + o[3 * G * D]);
            if (w.splits == 1)
                x[e] = x[e] / norm[g][1];
        }
        if (w.splits == 1)
            put8(j.o, T, ((size_t)w.row * (size_t)j.s.n_heads +
                          (size_t)(h + g)) * D + (size_t)d, x);
        else
            put8(j.part, DT_F32, part * D + (size_t)d, x);
        if (w.splits > 1 && d == 0) {
            j.norm[2 * part] = norm[g][0];
            j.norm[2 * part + 1] = norm[g][1];
        }
    }
}

/* A row of several parts; a thread has one dimension of one head. */
template <enum dtype T, int D>
KERNEL __launch_bounds__(D) decode_merge(struct decode j)
{
    struct kv_split w = j.x.split[j.x.merge[blockIdx.x]];
    size_t heads = (size_t)j.s.n_heads, h = blockIdx.y, d = threadIdx.x;
    size_t part = (size_t)w.part0 * heads + h;
    float max = -CANON_INF, sum = 0.0f, x = 0.0f;

    for (int i = 0; i < w.splits; i++)
        max = larger(max, j.norm[2 * (part + (size_t)i * heads)]);
    for (int i = 0; i < w.splits; i++) {
        size_t p = part + (size_t)i * heads;
        float by = fast_exp2(j.norm[2 * p] - max);

        sum = canon_fma(by, j.norm[2 * p + 1], sum);
        x = canon_fma(by, j.part[p * D + d], x);
    }
    put(j.o, T, ((size_t)w.row * heads + h) * D + d, x / sum);
}

/* ---- which kernel ---- */
typedef void decode_fn(struct decode j);

template <enum dtype T, int D> static decode_fn *part_for(int group)
{
    return group > 4   ? decode_part<T, D, 8>
           : group > 2 ? decode_part<T, D, 4>
           : group > 1 ? decode_part<T, D, 2>
                       : decode_part<T, D, 1>;
}

template <enum dtype T>
static void pick(int D, int group, decode_fn **part, decode_fn **merge)
{
    *part = D == 64 ? part_for<T, 64>(group) : part_for<T, 128>(group);
    *merge = D == 64 ? decode_merge<T, 64> : decode_merge<T, 128>;
}

static void decode_rows(struct cuda *c, struct decode j, enum dtype t)
{
    unsigned kvh = (unsigned)j.s.n_kv_heads, heads = (unsigned)j.s.n_heads;
    unsigned n_parts = (unsigned)j.x.n_parts, D = (unsigned)j.s.head_dim;
    size_t parts = (size_t)n_parts * heads * D;
    decode_fn *part, *merge;

    if (t == DT_F32)
        pick<DT_F32>(j.s.head_dim, j.s.n_heads / j.s.n_kv_heads, &part,
                     &merge);
    else if (t == DT_BF16)
        pick<DT_BF16>(j.s.head_dim, j.s.n_heads / j.s.n_kv_heads, &part,
                      &merge);
    else
        pick<DT_F16>(j.s.head_dim, j.s.n_heads / j.s.n_kv_heads, &part,
                     &merge);
    if (n_parts) {
        j.part = (float *)CU(cuda_scratch)(
            c, S_ROWS, (parts + 2 * (size_t)n_parts * heads) * sizeof(float));
        if (!j.part)
            return;
        j.norm = j.part + parts;
    }
    LAUNCH(c, part, dim3((unsigned)j.x.n_splits,
                         kvh * cuda_div(heads / kvh, 8)), NT, 0, j);
    if (n_parts)
        LAUNCH(c, merge, dim3((unsigned)j.x.n_merge, heads), D, 0, j);
}

HW(void, attn_cached)(struct kernels *k, enum dtype t, void *o,
                      const void *qkv, struct k_kv *kv, int layer, int T)
{
    struct cuda *c = cuda_of(k);
    struct decode j = {};
    int D = kv->p.s.head_dim;

    if (!CU(kv_ready)(c, t, kv, layer, T))
        return;
    CU(kv_insert)(c, kv, qkv, layer);
    CU(kv_attend)(c, o, qkv, kv, layer, 0, kv->job.n_wide);
    if (kv->job.n_wide == kv->job.n_tiles)
        return;
    if ((D != 64 && D != 128) || !can_oct(qkv) || !can_oct(o)) {
        CU(kv_attend)(c, o, qkv, kv, layer, kv->job.n_wide, kv->job.n_tiles);
        return;
    }
    j.x = kv->job;
    j.s = kv->p.s;
    j.qkv = qkv;
    j.o = o;
    j.at = kv_keys(kv, layer, 0);
    j.half = kv_half(kv);
    j.scale = LOG2_E * attn_scale(D);
    decode_rows(c, j, t);
}
