/* hw_skinny - products of a few rows with a weight; see hw_skinny.h
 *
 * A block holds a ring of STAGES pieces of 128 bytes of K, of its strip of w
 * and of the rows of x, filled by asynchronous copies. Its eight warps have 16
 * rows of the strip each: of a wide strip (128 rows: half the traffic of x,
 * for a w that gives enough of them) both halves of each piece, of a narrow
 * one (64 rows) one half. In a warp, with g = lane / 4 and q = lane % 4, a
 * thread reads 16 bytes of rows g and g + 8 of w at chunk q of a half, and of
 * a row of x at the same chunk: with the terms of a sum taken in that order
 * for both operands this is a tensor core's fragment as it lies, and no
 * halves need be shuffled. Sums of the halves, of the slices and (fp32) of the
 * four chunks are added in a fixed order.
 */
#include "hw_blas.h"
#include "hw_skinny.h"
#include "mma.h"

enum {
    STAGES = 4,
    NT = 256,
    CHUNKS = 8, /* of 16 bytes, in a piece of a row */
    BUSY = 128, /* blocks that keep a device busy */
    LEAST = 4   /* pieces in a slice at least */
};
/* Rows of w a block has, by the number of warps that share a row's pieces, and
 * the row length of its sums in shared memory: no bank conflicts. */
#define STRIP(SHARE) (NT / 2 / (SHARE))
#define LD(SHARE) (STRIP(SHARE) + 4)

struct skinny {
    const void *x, *w, *bias;
    void *y;
    float *part;     /* [slices][rows][ld_part], or NULL with one slice */
    unsigned *count; /* slices done of each block's outputs; left at 0 */
    long ldx, ldw, ldy, ld_part;
    int M, N, K, slice, slices, vec_y;
    enum dtype bt, yt, rt;
};

/* Where chunk c of row r lies: rows of different parity change halves, so
 * that the eight threads of a phase meet all banks. */
DEV int chunk_at(int r, int c)
{
    return r * CHUNKS + (c ^ ((r & 1) << 2));
}

/* A piece of N rows from row r0 of src, of R in all, k from k0 on; a thread
 * has the same chunk of every row it copies. */
template <int N, int PER>
DEV void fetch(uint4 *to, const void *src, long ld, int r0, int R, int k0,
               int k1)
{
    int r = (int)threadIdx.x / CHUNKS, c = (int)threadIdx.x % CHUNKS;
    int k = k0 + c * PER;
    const char *from = (const char *)src + ((r0 + r) * ld + k) * (16 / PER);

#pragma unroll
    for (int i = 0; i < N; i += NT / CHUNKS)
        if (N % (NT / CHUNKS) == 0 || i + r < N) {
            int outside = r0 + r + i >= R || k >= k1;

            cp_async(to + chunk_at(r + i, c),
                     outside ? src : from + i * ld * (16 / PER), outside);
        }
}

/* Half types: acc[j] is D of the strip's 16 rows and x's rows 8 j on. */
template <enum dtype T, int TILES>
DEV void multiply(float acc[TILES][4], const uint4 *w, const uint4 *x, int g,
                  int c)
{
    uint4 u = w[chunk_at(g, c)], v = w[chunk_at(g + 8, c)];
    unsigned a[4] = {u.x, v.x, u.y, v.y}, a2[4] = {u.z, v.z, u.w, v.w};

#pragma unroll
    for (int j = 0; j < TILES; j++) {
        uint4 s = x[chunk_at(8 * j + g, c)];
        unsigned b[2] = {s.x, s.y}, b2[2] = {s.z, s.w};

        mma(T, acc[j], a, b);
        mma(T, acc[j], a2, b2);
    }
}

DEV float dot4(const uint4 &a, const uint4 &b, float s)
{
    s = canon_fma(canon_float(a.x), canon_float(b.x), s);
    s = canon_fma(canon_float(a.y), canon_float(b.y), s);
    s = canon_fma(canon_float(a.z), canon_float(b.z), s);
    return canon_fma(canon_float(a.w), canon_float(b.w), s);
}

/* fp32: acc[m][0..1] is rows g and g + 8 of the strip with x's row m, over
 * the chunks q alone. */
template <int ROWS>
DEV void multiply_fp32(float acc[ROWS][2], const uint4 *w, const uint4 *x,
                       int g, int c)
{
    uint4 u = w[chunk_at(g, c)], v = w[chunk_at(g + 8, c)];

#pragma unroll
    for (int m = 0; m < ROWS; m++) {
        uint4 s = x[chunk_at(m, c)];

        acc[m][0] = dot4(u, s, acc[m][0]);
        acc[m][1] = dot4(v, s, acc[m][1]);
    }
}

/* Four outputs from column n of row m, with bias, rounded and stored. */
DEV void finish4(const struct skinny &s, int m, int n, const float v[4])
{
    size_t at = (size_t)(m * s.ldy + n);
    float y[4];

#pragma unroll
    for (int i = 0; i < 4; i++) {
        y[i] = v[i];
        if (s.bias && n + i < s.N)
            y[i] += get(s.bias, s.bt, (size_t)(n + i));
        y[i] = round_to(s.rt, y[i]);
    }
    if (s.vec_y && s.yt == DT_F32)
        *(float4 *)((float *)s.y + at) = {y[0], y[1], y[2], y[3]};
    else if (s.vec_y)
        *(uint2 *)((uint16_t *)s.y + at) = {pack2(s.yt, y[0], y[1]),
                                            pack2(s.yt, y[2], y[3])};
    else
        for (int i = 0; i < 4 && n + i < s.N; i++)
            put(s.y, s.yt, at + (size_t)i, y[i]);
}

/* The sums of a row's slices, first to last. */
DEV void add_slices(const struct skinny &s, int m, int n, float v[4])
{
    const float *p = s.part + (long)m * s.ld_part + n;
    long step = (long)s.M * s.ld_part;

#pragma unroll 4
    for (int i = 0; i < s.slices; i++) {
        float4 f = __ldcg((const float4 *)(p + i * step));

        v[0] += f.x;
        v[1] += f.y;
        v[2] += f.z;
        v[3] += f.w;
    }
}

/* out [SHARE][ROWS][LD]: sums of the halves, or of whole pieces. With one
 * slice they are the result; else they are left for the block that comes
 * last. */
template <int ROWS, int SHARE>
DEV void give(const struct skinny &s, const float *out)
{
    __shared__ int last;
    enum { WIDTH = STRIP(SHARE), L = LD(SHARE) };
    int m0 = (int)blockIdx.x * ROWS, n0 = (int)blockIdx.y * WIDTH;
    unsigned *count = s.count + blockIdx.y * gridDim.x + blockIdx.x;

    for (int i = (int)threadIdx.x; i < ROWS * WIDTH / 4; i += NT) {
        int r = i / (WIDTH / 4), c = i % (WIDTH / 4) * 4;
        float4 a = *(const float4 *)(out + r * L + c);
        float v[4] = {a.x, a.y, a.z, a.w};

        if (SHARE == 2) {
            float4 b = *(const float4 *)(out + (ROWS + r) * L + c);

            v[0] += b.x;
            v[1] += b.y;
            v[2] += b.z;
            v[3] += b.w;
        }
        if (m0 + r >= s.M || n0 + c >= s.N)
            continue;
        if (s.slices == 1)
            finish4(s, m0 + r, n0 + c, v);
        else
            *(float4 *)(s.part +
                        ((long)blockIdx.z * s.M + m0 + r) * s.ld_part + n0 +
                        c) = {v[0], v[1], v[2], v[3]};
    }
    if (s.slices == 1)
        return;
    __threadfence();
    __syncthreads();
    if (threadIdx.x == 0)
        last = atomicAdd(count, 1u) == (unsigned)s.slices - 1;
    __syncthreads();
    if (!last)
        return;
    __threadfence();
    for (int i = (int)threadIdx.x; i < ROWS * WIDTH / 4; i += NT) {
        int m = m0 + i / (WIDTH / 4), n = n0 + i % (WIDTH / 4) * 4;
        float v[4] = {0.0f, 0.0f, 0.0f, 0.0f};

        if (m >= s.M || n >= s.N)
            continue;
        add_slices(s, m, n, v);
        finish4(s, m, n, v);
    }
    if (threadIdx.x == 0)
        *count = 0;
}

/* By the sums: those of a half type, those of fp32. */
template <enum dtype T, int ROWS>
DEV void multiply_chunk(float (*acc)[4], const uint4 *w, const uint4 *x, int g,
                        int c)
{
    multiply<T, ROWS / 8>(acc, w, x, g, c);
}

template <enum dtype T, int ROWS>
DEV void multiply_chunk(float (*acc)[2], const uint4 *w, const uint4 *x, int g,
                        int c)
{
    multiply_fp32<ROWS>(acc, w, x, g, c);
}

/* The halves of a piece that are this warp's. */
template <enum dtype T, int ROWS, int SHARE, typename A>
DEV void multiply_piece(A acc, const uint4 *w, const uint4 *x, int half,
                        int g, int q)
{
#pragma unroll (T == DT_F32 ? 1 : 2) /* fp32 has no registers to spare */
    for (int h = half; h < half + 2 / SHARE; h++)
        multiply_chunk<T, ROWS>(acc, w, x, g, h * 4 + q);
}

/* A warp's sums into shared memory, [ROWS][LD], from its first row of w on. */
template <int ROWS, int SHARE>
DEV void lay_out(float *out, const float (*acc)[4], int g, int q)
{
#pragma unroll
    for (int i = 0; i < ROWS / 8 * 4; i++)
        out[(i / 4 * 8 + 2 * q + i % 2) * LD(SHARE) + g + i % 4 / 2 * 8] =
            acc[i / 4][i % 4];
}

template <int ROWS, int SHARE>
DEV void lay_out(float *out, const float (*acc)[2], int g, int q)
{
#pragma unroll
    for (int i = 0; i < ROWS * 2; i++) {
        float v = acc[i / 2][i % 2];

        v += __shfl_xor_sync(FULL, v, 1);
        v += __shfl_xor_sync(FULL, v, 2);
        if (q == i / 2 % 4)
            out[i / 2 * LD(SHARE) + g + i % 2 * 8] = v;
    }
}

/* ROWS rows of x, a multiple of 8; SHARE warps to a row of w. */
template <enum dtype T, int ROWS, int SHARE>
KERNEL __launch_bounds__(NT, 2) skinny_rows(struct skinny s)
{
    DYNAMIC_SHARED(shared);
    enum { PER = T == DT_F32 ? 4 : 8, STEP = PER * CHUNKS,
           WIDTH = STRIP(SHARE), PIECE = (WIDTH + ROWS) * CHUNKS,
           N_ACC = T == DT_F32 ? ROWS : ROWS / 8, ACC = T == DT_F32 ? 2 : 4 };
    uint4 *ring = (uint4 *)shared;
    float acc[N_ACC][ACC];
    int lane = (int)threadIdx.x % 32, g = lane / 4, q = lane % 4;
    int warp = (int)threadIdx.x / 32, half = warp / (WIDTH / 16);
    int first = warp % (WIDTH / 16) * 16;
    int m0 = (int)blockIdx.x * ROWS, n0 = (int)blockIdx.y * WIDTH;
    int k0 = (int)blockIdx.z * s.slice;
    int k1 = s.K - k0 < s.slice ? s.K : k0 + s.slice;
    int steps = (k1 - k0 + STEP - 1) / STEP;

#pragma unroll
    for (int i = 0; i < N_ACC; i++)
#pragma unroll
        for (int j = 0; j < ACC; j++)
            acc[i][j] = 0.0f;
    for (int i = 1 - STAGES; i < steps; i++) {
        int next = i + STAGES - 1;
        uint4 *to = ring + next % STAGES * PIECE;

        if (i >= 0) {
            cp_wait(STAGES - 2);
            __syncthreads();
        }
        if (next < steps) {
            int k = k0 + next * STEP;

            fetch<WIDTH, PER>(to, s.w, s.ldw, n0, s.N, k, k1);
            fetch<ROWS, PER>(to + WIDTH * CHUNKS, s.x, s.ldx, m0, s.M, k, k1);
        }
        cp_commit();
        if (i >= 0) {
            const uint4 *at = ring + i % STAGES * PIECE;

            multiply_piece<T, ROWS, SHARE>(acc, at + first * CHUNKS,
                                           at + WIDTH * CHUNKS, half, g, q);
        }
    }
    cp_wait(0);
    __syncthreads();
    lay_out<ROWS, SHARE>(shared + half * ROWS * LD(SHARE) + first, acc, g, q);
    __syncthreads();
    give<ROWS, SHARE>(s, shared);
}

/* ---- host ---- */
/* Bytes of shared memory: the ring, and later the sums in its place. */
static size_t shared_bytes(int rows, int share)
{
    int ring = STAGES * (STRIP(share) + rows) * CHUNKS * 16;
    int sums = share * rows * LD(share) * 4;

    return (size_t)(ring > sums ? ring : sums);
}

template <enum dtype T, int ROWS, int SHARE>
static int launch_share(struct cuda *c, const struct skinny &s)
{
    void (*kernel)(struct skinny) = skinny_rows<T, ROWS, SHARE>;
    size_t bytes = shared_bytes(ROWS, SHARE);
    dim3 grid(cuda_div((size_t)s.M, ROWS), cuda_div((size_t)s.N, STRIP(SHARE)),
              (unsigned)s.slices);

    if (CU(cuda_shared)(c, (const void *)kernel, bytes))
        LAUNCH(c, kernel, grid, NT, bytes, s);
    return 1;
}

template <enum dtype T, int ROWS>
static int launch(struct cuda *c, const struct skinny &s)
{
    return s.N >= STRIP(1) * BUSY ? launch_share<T, ROWS, 1>(c, s)
                                  : launch_share<T, ROWS, 2>(c, s);
}

template <enum dtype T>
static int launch_half(struct cuda *c, const struct skinny &s)
{
    return s.M <= 8    ? launch<T, 8>(c, s)
           : s.M <= 16 ? launch<T, 16>(c, s)
           : s.M <= 32 ? launch<T, 32>(c, s)
                       : launch<T, 64>(c, s);
}

static int launch_fp32(struct cuda *c, const struct skinny &s)
{
    return s.M <= 8    ? launch<DT_F32, 8>(c, s)
           : s.M <= 16 ? launch<DT_F32, 16>(c, s)
                       : launch<DT_F32, 32>(c, s);
}

static int aligned(const void *p, long ld, enum dtype t)
{
    return ((uintptr_t)p | (uintptr_t)ld * dtype_size(t)) % 16 == 0;
}

/* Slices of K: enough to keep BUSY blocks at work, each slice at least LEAST
 * pieces; so a single one where strips are wide. */
static int slices_of(long N, long K, long step)
{
    long strips = (N + STRIP(2) - 1) / STRIP(2);
    long most = K / (step * LEAST), n = (BUSY + strips / 2) / strips;

    return (int)(n < 1 || most < 1 ? 1 : n < most ? n : most);
}

int CU(hw_skinny)(struct cuda *c, const struct gemm *g)
{
    struct skinny s = {g->A, g->B, g->bias, g->Y, NULL, NULL, g->am, g->bn,
                       g->ldy, 0, (int)g->M, (int)g->N, (int)g->K, 0, 1, 0,
                       g->bt, g->yt, g->rt};
    long step = g->at == DT_F32 ? 32 : 64, pieces = (g->K + step - 1) / step;

    if (g->M > SKINNY_ROWS || g->at != g->bt || g->perm || g->accumulate ||
        g->ak != 1 || g->bk != 1 || g->K < 1 || g->K > 1 << 30 ||
        g->N > (long)65535 * STRIP(2) || g->K * (long)dtype_size(g->at) % 16 ||
        !aligned(g->A, g->am, g->at) || !aligned(g->B, g->bn, g->bt))
        return 0;
    s.slices = slices_of(g->N, g->K, step);
    s.slice = (int)((pieces + s.slices - 1) / s.slices * step);
    s.slices = (int)((g->K + s.slice - 1) / s.slice);
    s.vec_y = g->N % 4 == 0 && can_get4(g->Y, g->yt, g->ldy);
    s.ld_part = (g->N + 3) / 4 * 4;
    if (s.slices > 1) {
        s.part = (float *)CU(hw_workspace)(c);
        s.count = CU(hw_counters)(c);
    }
    return g->at == DT_F32    ? launch_fp32(c, s)
           : g->at == DT_BF16 ? launch_half<DT_BF16>(c, s)
                              : launch_half<DT_F16>(c, s);
}
