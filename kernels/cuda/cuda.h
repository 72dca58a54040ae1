/* cuda - what the files of the CUDA backend share
 *
 * The files are the C subset of CUDA C++ and compile two ways: by nvcc for
 * the device, and by g++ against tests/cudasim, which runs them on the host
 * (macro CUDASIM). Every symbol that leaves a file goes through CU, so that
 * both can stand in one program. A launch is written LAUNCH(...).
 *
 * All work of a handle goes to its stream in order. Canonical order is NUMERICS.md; each
 * operation names its twin in kernels/cpu only where the shape of the code
 * differs.
 */
#ifndef ULP_CUDA_CUDA_H
#define ULP_CUDA_CUDA_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cuda_runtime.h>
extern "C" {
#include "../scratch.h"
}
#include "../ops.h"
#include "../canon.h"

/* CU(x): the symbol x of this build. LAUNCH: kernel<<<grid, block, shared
 * bytes>>> on the stream of c; its error is kept. DYNAMIC_SHARED: the shared
 * bytes as floats. */
#ifdef CUDASIM
#define CU(x) cudasim_##x
#define LAUNCH(c, kernel, grid, block, shared, ...)                           \
    do {                                                                      \
        cudasim_launch_fn(#kernel, (const void *)(kernel), dim3(grid),        \
                          dim3(block), shared, (c)->stream,                   \
                          [=] { kernel(__VA_ARGS__); });                      \
        CU(cuda_check)(c, #kernel, cudaGetLastError());                       \
    } while (0)
#define DYNAMIC_SHARED(p) float *p = (float *)cudasim_dynamic
#else
#define CU(x) x
#define LAUNCH(c, kernel, grid, block, shared, ...)                           \
    do {                                                                      \
        kernel<<<grid, block, shared, (c)->stream>>>(__VA_ARGS__);            \
        CU(cuda_check)(c, #kernel, cudaGetLastError());                       \
    } while (0)
#define DYNAMIC_SHARED(p) extern __shared__ __align__(16) float p[]
#endif

/* Functions of the device, kernels, and all lanes of a warp. */
#define DEV static __device__ __forceinline__
#define KERNEL static __global__ void
#define FULL 0xFFFFFFFFu

/* Lists of tiles of packed sequences, kept at the same time, in slots from
 * S_TILES on. */
enum { TILES_FORWARD, TILES_BACKWARD, N_TILES };

/* Operations whose data is checked on the device: the first bad row. */
enum { BAD_EMBED, BAD_EMBED_BWD, BAD_LOGP, N_BAD };

/* A slot: n bytes at p, on the device. */
struct scratch {
    void *p;
    size_t n;
};

/* Packed sequences cut into tiles, as the device has them: tiles.h. */
struct tile_list {
    int rows, n; /* of a tile; of sequences */
    int32_t *start; /* host; behind it each sequence's `from` */
    unsigned n_queries, n_keys;
    const void *dev; /* in scratch: tiles of queries, then of keys */
};

/* Kernels that may have more shared memory than every kernel may. */
enum { N_SHARED = 64 };
struct shared_most {
    const void *kernel;
    size_t bytes;
};

struct cuda {
    struct kernels k; /* first: a struct kernels * is a struct cuda * */
    cudaStream_t stream;
    cudaEvent_t event; /* NULL until another handle has to wait for this one */
    int n_sm, shared_most;
    char variant[32];
    struct err first_err; /* given by the next sync */
    struct account mem, host; /* host: what host_alloc gave */
    struct scratch scratch[N_SLOTS];
    unsigned long long *bad; /* device: [N_BAD], row << 32 | token */
    int bad_limit[N_BAD];    /* the vocabulary of the last call */
    int may_be_bad;          /* something was checked since the last sync */
    struct tile_list tiles[N_TILES];
    struct shared_most shared[N_SHARED];
    struct hw_blas *blas;    /* order=hardware: cuBLASLt and its plans */
};

/* The context of a backend that this folder opened. */
static inline struct cuda *cuda_of(struct kernels *k)
{
    return (struct cuda *)(void *)k;
}

static inline long cuda_min(long a, long b)
{
    return a < b ? a : b;
}

/* ceil(a / b) */
static inline unsigned cuda_div(size_t a, size_t b)
{
    return (unsigned)((a + b - 1) / b);
}

/* Blocks for n items of a grid-stride loop, `per` in each. */
static inline unsigned cuda_blocks(const struct cuda *c, size_t n, size_t per)
{
    size_t most = (size_t)c->n_sm * 32, b = (n + per - 1) / per;

    return (unsigned)(b < most ? b : most);
}

/* Keep the first failure for sync. */
void CU(cuda_fail)(struct cuda *c, int code, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
void CU(cuda_check)(struct cuda *c, const char *what, cudaError_t r);
/* Device scratch of at least n bytes, contents undefined, valid until the
 * slot is next asked for. NULL (and the error kept) without memory. */
void *CU(cuda_scratch)(struct cuda *c, int slot, size_t n);
/* Device memory on account; NULL fills *e, with what there is and `what` it was
 * for. Free accepts NULL. */
void *CU(cuda_memory)(struct cuda *c, size_t n, const char *what,
                      struct err *e);
void CU(cuda_free)(struct cuda *c, void *p);
/* The operations on memory, into the table; trim among them. */
void CU(cuda_buffers)(struct kernels *k);
void CU(cuda_trim)(struct kernels *k);
/* The operations on streams, into the table, and what they hold given back. */
void CU(cuda_streams)(struct kernels *k);
void CU(cuda_streams_close)(struct cuda *c);
/* Let a kernel have so many bytes of dynamic shared memory: asked of the
 * runtime once. 0 (and the error kept) where the device has not got them. */
int CU(cuda_shared)(struct cuda *c, const void *kernel, size_t bytes)
    MUST_CHECK;
void CU(cuda_upload)(struct cuda *c, void *dst, const void *src, size_t n);
void CU(cuda_download)(struct cuda *c, void *dst, const void *src, size_t n);
/* Blocks of CANON_BLOCK in the order of this backend, on the device: NULL in
 * canonical order, else a permutation of ceil(n / CANON_BLOCK). */
enum { PERM_K = 1, PERM_ROWS = 2 };
const int32_t *CU(cuda_perm)(struct cuda *c, uint32_t what, long rows,
                             long cols, long n);
/* A data check of this call writes to bad + which. */
unsigned long long *CU(cuda_bad)(struct cuda *c, int which, int limit);

struct k_weight {
    enum dtype t;
    int N, K, uses;
    void *rows; /* [N][K]: every product reads it as it lies */
    int lent;   /* rows are the caller's */
};

/* C[M][N] = A B (+ bias): a(m, k) = A[m am + k ak], b(k, n) = B[n bn + k bk],
 * one stride of each is 1. rt rounds before yt stores. accumulate: the chain
 * goes on from what is in Y (fp32). perm: blocks of the chain, or NULL. */
struct gemm {
    enum dtype at, bt, yt, rt;
    const void *A, *B, *bias; /* bias of type bt */
    void *Y;
    const int32_t *perm;
    long M, N, K, am, ak, bn, bk, ldy;
    int accumulate;
};
void CU(cuda_gemm)(struct cuda *c, struct gemm g);
struct k_weight *CU(cuda_weight_view)(struct kernels *k, enum dtype t, int N,
                                      int K, void *rows, struct err *e);
/* Does W have what `op` needs: WEIGHT_FORWARD or WEIGHT_BACKWARD? 0 keeps the
 * error. */
int CU(cuda_may)(struct cuda *c, const struct k_weight *W, int use,
                 const char *op);

/* ---- the table ---- */
#define OP(ret, name) ret CU(cuda_##name)
#define DECLARE(op, ...) K_FUNCTION(op) CU(cuda_##op);
K_OPS(DECLARE)
#undef DECLARE

#endif
