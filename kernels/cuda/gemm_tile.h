/* gemm_tile - one tiled product, included once for each tile
 *
 * BM x BN outputs a block, TM x TN a thread, BK terms of the chains at a time
 * in shared memory, the next ones on their way in registers. Edges are
 * guarded; a chain never takes a term that is not its own (NUMERICS.md, zero
 * terms). BK divides CANON_BLOCK. With GEMM_TYPE both operands are of that
 * type and can be read by fours: known here, it is not asked at each load.
 */
#ifdef GEMM_TYPE
#define TYPE_A GEMM_TYPE
#define TYPE_B GEMM_TYPE
#define VEC_A 1
#define VEC_B 1
#else
#define TYPE_A g.at
#define TYPE_B g.bt
#define VEC_A vec_a
#define VEC_B vec_b
#endif
#define TX (BN / TN)
#define NT (TX * (BM / TM))
#define GA (BM * BK / 4 / NT) /* groups of four a thread loads */
#define GB (BN * BK / 4 / NT)
#define VM (TM < 4 ? TM : 4)
#define VN (TN < 4 ? TN : 4)

KERNEL __launch_bounds__(NT, 2) GEMM_NAME(struct gemm g, int vec_a, int vec_b)
{
    __shared__ __align__(16) float As[2][BK][BM + 4], Bs[2][BK][BN + 4];
    float acc[TM][TN], ra[GA][4], rb[GB][4];
    int tid = (int)threadIdx.x, tx = tid % TX, ty = tid / TX;
    int m0 = (int)blockIdx.x * BM, n0 = (int)blockIdx.y * BN;
    int tiles = (int)((places(g.perm, g.K) + BK - 1) / BK);
    int len = 0;

    (void)vec_a;
    (void)vec_b;

#pragma unroll
    for (int i = 0; i < TM; i++)
#pragma unroll
        for (int j = 0; j < TN; j++) {
            int m = m0 + i / VM * (BM / (TM / VM)) + ty * VM + i % VM;
            int n = n0 + j / VN * (BN / (TN / VN)) + tx * VN + j % VN;

            acc[i][j] = g.accumulate && m < g.M && n < g.N
                            ? ((const float *)g.Y)[(size_t)m * (size_t)g.ldy + (size_t)n]
                            : 0.0f;
        }
    for (int s = -1; s < tiles; s++) {
        int b = s & 1, next = 0;

        if (s + 1 < tiles) {
            int k0 = (s + 1) * BK;

            if (g.perm)
                k0 = g.perm[k0 / CANON_BLOCK] * CANON_BLOCK +
                     k0 % CANON_BLOCK;
            next = (int)g.K - k0 < BK ? (int)g.K - k0 : BK;
            next = next < 0 ? 0 : next;
#pragma unroll
            for (int i = 0; i < GA; i++)
                load4(ra[i], g.A, TYPE_A, g.am, g.ak, VEC_A, m0, (int)g.M, k0,
                      k0 + next, tid + i * NT, BM, BK);
#pragma unroll
            for (int i = 0; i < GB; i++)
                load4(rb[i], g.B, TYPE_B, g.bn, g.bk, VEC_B, n0, (int)g.N, k0,
                      k0 + next, tid + i * NT, BN, BK);
        }
        if (len == BK) {
#pragma unroll
            for (int k = 0; k < BK; k++)
                GEMM_STEP(k)
        } else {
            for (int k = 0; k < len; k++)
                GEMM_STEP(k)
        }
        if (s + 1 < tiles) {
#pragma unroll
            for (int i = 0; i < GA; i++)
                store4(&As[1 - b][0][0], BM + 4, ra[i], g.ak == 1,
                       tid + i * NT, BM, BK);
#pragma unroll
            for (int i = 0; i < GB; i++)
                store4(&Bs[1 - b][0][0], BN + 4, rb[i], g.bk == 1,
                       tid + i * NT, BN, BK);
        }
        len = next;
        __syncthreads();
    }
    /* through this thread's own shared memory, so that the many cases of a
     * store are compiled once a row */
#pragma unroll
    for (int i = 0; i < TM; i++) {
        float *out = &As[0][0][0] + tid;
        int m = m0 + i / VM * (BM / (TM / VM)) + ty * VM + i % VM;

#pragma unroll
        for (int j = 0; j < TN; j++)
            out[j * NT] = acc[i][j];
#pragma unroll 1
        for (int j = 0; j < TN; j++) {
            int n = n0 + j / VN * (BN / (TN / VN)) + tx * VN + j % VN;

            if (m < g.M && n < g.N) {
                float y = out[j * NT];

                if (g.bias)
                    y += get(g.bias, g.bt, (size_t)n);
                put(g.Y, g.yt, (size_t)m * (size_t)g.ldy + (size_t)n, round_to(g.rt, y));
            }
        }
    }
}

#undef TX
#undef NT
#undef GA
#undef GB
#undef VM
#undef VN
#undef BM
#undef BN
#undef BK
#undef TM
#undef TN
#undef TYPE_A
#undef TYPE_B
#undef VEC_A
#undef VEC_B
#undef GEMM_NAME
#undef GEMM_TYPE
