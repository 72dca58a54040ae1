/* hw_blas - cuBLASLt at run time, and a plan for each class of shapes; see
 * hw_blas.h */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <cublasLt.h>
#include "hw_blas.h"

#define FUNCTIONS(X)                                                          \
    X(cublasLtCreate) X(cublasLtDestroy) X(cublasLtGetVersion)                \
    X(cublasLtGetStatusString) X(cublasLtMatrixLayoutCreate)                  \
    X(cublasLtMatrixLayoutDestroy) X(cublasLtMatrixLayoutSetAttribute)        \
    X(cublasLtMatmulDescCreate) X(cublasLtMatmulDescDestroy)                  \
    X(cublasLtMatmulDescSetAttribute) X(cublasLtMatmulPreferenceCreate)       \
    X(cublasLtMatmulPreferenceDestroy)                                        \
    X(cublasLtMatmulPreferenceSetAttribute)                                   \
    X(cublasLtMatmulAlgoGetHeuristic) X(cublasLtMatmulAlgoCheck)              \
    X(cublasLtMatmulAlgoCapGetAttribute) X(cublasLtMatmul)

/* What one algorithm serves. All bytes are compared. */
struct key {
    long lda, ldb, ldy, M, N, K; /* of M and K, the one that counts tokens is
                                  * the class's reference */
    int exact;                   /* no class: these sizes alone */
    int in, out;                 /* enum dtype */
    int a_by_k, b_by_k;          /* is k the contiguous index? */
    int align_a, align_b, align_y, align_bias; /* bytes; 0 without a bias */
    int accumulate;
};

struct plan {
    struct key key;
    struct plan *next;
    int usable;  /* the library has an algorithm */
    long tokens; /* the layouts are set to, and fit or not: */
    int fits;
    cublasLtMatmulDesc_t op;
    cublasLtMatrixLayout_t W, X, Y;
    cublasLtMatmulAlgo_t algo;
};

enum { BUCKETS = 256, OFFERS = 16 };

struct hw_blas {
    void *so;
#define FIELD(f) decltype(&::f) f;
    FUNCTIONS(FIELD)
#undef FIELD
    cublasLtHandle_t handle;
    void *workspace;
    struct plan *plans[BUCKETS];
};

/* ---- the library ---- */
#define TEXT(x) #x
#define NAME_(n) "libcublasLt.so." TEXT(n)
#define NAME NAME_(CUBLAS_VER_MAJOR)

static int look(struct hw_blas *b, struct err *e)
{
    const char *file = getenv("ULP_CUBLASLT"), *home = getenv("CUDA_HOME");
    char at_home[512] = "", at_default[] = "/usr/local/cuda/lib64/" NAME;
    const char *first = file && *file ? file : NAME;
    const char *why;

    dlerror();
    b->so = dlopen(first, RTLD_NOW | RTLD_LOCAL);
    why = b->so ? NULL : dlerror();
    if (!b->so && file && *file)
        return err_set(e, ERR_IO, "order=hardware: ULP_CUBLASLT=%s: %s", file,
                       why ? why : "cannot be loaded");
    if (!b->so && home && *home) {
        snprintf(at_home, sizeof at_home, "%s/lib64/" NAME, home);
        b->so = dlopen(at_home, RTLD_NOW | RTLD_LOCAL);
    }
    if (!b->so)
        b->so = dlopen(at_default, RTLD_NOW | RTLD_LOCAL);
    if (b->so)
        return 0;
    return err_set(e, ERR_IO, "order=hardware needs cuBLASLt of the CUDA "
                   "Toolkit %d; looked for " NAME " on the loader's path%s%s "
                   "and in /usr/local/cuda/lib64; ULP_CUBLASLT=FILE names one",
                   CUBLAS_VER_MAJOR, *at_home ? ", as " : "", at_home);
}

static int load(struct hw_blas *b, struct err *e)
{
    size_t version;

    if (look(b, e) != 0)
        return -ERR_IO;
#define LOAD(f)                                                               \
    b->f = (decltype(&::f))dlsym(b->so, #f);                                  \
    if (!b->f)                                                                \
        return err_set(e, ERR_IO, "order=hardware: " NAME " lacks " #f);
    FUNCTIONS(LOAD)
#undef LOAD
    version = b->cublasLtGetVersion();
    if (version / 10000 != CUBLAS_VER_MAJOR)
        return err_set(e, ERR_IO, "order=hardware: the cuBLASLt found is of "
                       "version %zu.%zu; this build needs %d",
                       version / 10000, version % 10000 / 100,
                       CUBLAS_VER_MAJOR);
    return 0;
}

int CU(hw_blas_open)(struct cuda *c, struct err *e)
{
    struct hw_blas *b = (struct hw_blas *)calloc(1, sizeof *b);
    cublasStatus_t s;

    c->blas = b;
    if (!b)
        return err_set(e, ERR_IO, "cuda: out of host memory");
    if (load(b, e) != 0)
        return -ERR_IO;
    s = b->cublasLtCreate(&b->handle);
    if (s != CUBLAS_STATUS_SUCCESS) {
        b->handle = NULL;
        return err_set(e, ERR_IO, "order=hardware: cublasLtCreate: %s",
                       b->cublasLtGetStatusString(s));
    }
    b->workspace = c->k.alloc(&c->k, CUDA_WORKSPACE, e);
    return b->workspace ? 0 : -ERR_IO;
}

static void drop(struct hw_blas *b, struct plan *p)
{
    if (p->W)
        b->cublasLtMatrixLayoutDestroy(p->W);
    if (p->X)
        b->cublasLtMatrixLayoutDestroy(p->X);
    if (p->Y)
        b->cublasLtMatrixLayoutDestroy(p->Y);
    if (p->op)
        b->cublasLtMatmulDescDestroy(p->op);
    free(p);
}

void CU(hw_blas_close)(struct cuda *c)
{
    struct hw_blas *b = c->blas;

    if (!b)
        return;
    for (int i = 0; i < BUCKETS; i++)
        for (struct plan *p = b->plans[i], *next; p; p = next) {
            next = p->next;
            drop(b, p);
        }
    if (b->workspace)
        c->k.free(&c->k, b->workspace);
    if (b->handle)
        b->cublasLtDestroy(b->handle);
    if (b->so)
        dlclose(b->so);
    free(b);
    c->blas = NULL;
}

void *CU(hw_workspace)(struct cuda *c)
{
    return c->blas->workspace;
}

unsigned *CU(hw_counters)(struct cuda *c)
{
    return (unsigned *)((char *)c->blas->workspace + HW_WORKSPACE);
}

/* ---- plans ---- */
static cudaDataType_t lt_type(int t)
{
    return t == DT_F32 ? CUDA_R_32F : t == DT_BF16 ? CUDA_R_16BF : CUDA_R_16F;
}

/* The largest power of two, 16 at most, that divides both. */
static int alignment(const void *p, long ld, int t)
{
    uintptr_t u = (uintptr_t)p | (uintptr_t)ld * dtype_size((enum dtype)t);
    int a = 16;

    while (u % (uintptr_t)a)
        a /= 2;
    return a;
}

/* Dimensions of the three matrices as cuBLASLt sees them, columns first: W
 * is B, X is A, and Y the transpose of [M][N]. */
static void dims(const struct key *k, long M, long K, uint64_t w[2],
                 uint64_t x[2], uint64_t y[2])
{
    w[0] = (uint64_t)(k->b_by_k ? K : k->N);
    w[1] = (uint64_t)(k->b_by_k ? k->N : K);
    x[0] = (uint64_t)(k->a_by_k ? K : M);
    x[1] = (uint64_t)(k->a_by_k ? M : K);
    y[0] = (uint64_t)k->N;
    y[1] = (uint64_t)M;
}

static int set_layout(struct hw_blas *b, cublasLtMatrixLayout_t l,
                      const uint64_t d[2])
{
    return b->cublasLtMatrixLayoutSetAttribute(
               l, CUBLASLT_MATRIX_LAYOUT_ROWS, &d[0], sizeof d[0]) ||
           b->cublasLtMatrixLayoutSetAttribute(
               l, CUBLASLT_MATRIX_LAYOUT_COLS, &d[1], sizeof d[1]);
}

/* The plan's layouts for M rows and chains of K; 0 when it worked. */
static int set_sizes(struct hw_blas *b, struct plan *p, long M, long K)
{
    uint64_t w[2], x[2], y[2];

    dims(&p->key, M, K, w, x, y);
    return set_layout(b, p->W, w) || set_layout(b, p->X, x) ||
           set_layout(b, p->Y, y);
}

static int describe(struct hw_blas *b, struct plan *p)
{
    const struct key *k = &p->key;
    int32_t tw = k->b_by_k ? CUBLAS_OP_T : CUBLAS_OP_N;
    int32_t tx = k->a_by_k ? CUBLAS_OP_N : CUBLAS_OP_T;
    uint32_t epilogue = CUBLASLT_EPILOGUE_BIAS;
    /* the heuristic looks only at its alignment */
    const void *bias = (const void *)(uintptr_t)k->align_bias;
    uint64_t w[2], x[2], y[2];

    dims(k, k->M, k->K, w, x, y);
    if (b->cublasLtMatmulDescCreate(&p->op, CUBLAS_COMPUTE_32F, CUDA_R_32F) ||
        b->cublasLtMatmulDescSetAttribute(p->op, CUBLASLT_MATMUL_DESC_TRANSA,
                                          &tw, sizeof tw) ||
        b->cublasLtMatmulDescSetAttribute(p->op, CUBLASLT_MATMUL_DESC_TRANSB,
                                          &tx, sizeof tx))
        return 0;
    if (k->align_bias &&
        (b->cublasLtMatmulDescSetAttribute(p->op,
                                           CUBLASLT_MATMUL_DESC_EPILOGUE,
                                           &epilogue, sizeof epilogue) ||
         b->cublasLtMatmulDescSetAttribute(p->op,
                                           CUBLASLT_MATMUL_DESC_BIAS_POINTER,
                                           &bias, sizeof bias)))
        return 0;
    return !b->cublasLtMatrixLayoutCreate(&p->W, lt_type(k->in), w[0], w[1],
                                          k->ldb) &&
           !b->cublasLtMatrixLayoutCreate(&p->X, lt_type(k->in), x[0], x[1],
                                          k->lda) &&
           !b->cublasLtMatrixLayoutCreate(&p->Y, lt_type(k->out), y[0], y[1],
                                          k->ldy);
}

/* Does it say that it multiplies something else than it was given, or adds in
 * fp16? An override in the environment (NVIDIA_TF32_OVERRIDE) can make fp32
 * products TF32. */
static int dishonest(struct hw_blas *b, const cublasLtMatmulAlgo_t *a, int in)
{
    uint64_t f = 0;
    size_t n = 0;

    if (b->cublasLtMatmulAlgoCapGetAttribute(
            a, CUBLASLT_ALGO_CAP_NUMERICAL_IMPL_FLAGS, &f, sizeof f, &n))
        return 0;
    if (f & CUBLASLT_NUMERICAL_IMPL_FLAGS_ACCUMULATOR_16F)
        return 1;
    return in == DT_F32 && (f & CUBLASLT_NUMERICAL_IMPL_FLAGS_TENSOR_OP_MASK);
}

/* The first algorithm offered that will do. */
static int choose(struct hw_blas *b, struct plan *p,
                  cublasLtMatmulPreference_t pref)
{
    cublasLtMatmulHeuristicResult_t r[OFFERS];
    int n = 0;

    if (b->cublasLtMatmulAlgoGetHeuristic(b->handle, p->op, p->W, p->X, p->Y,
                                          p->Y, pref, OFFERS, r, &n))
        return 0;
    for (int i = 0; i < n; i++)
        if (r[i].state == CUBLAS_STATUS_SUCCESS &&
            r[i].workspaceSize <= HW_WORKSPACE &&
            !dishonest(b, &r[i].algo, p->key.in)) {
            p->algo = r[i].algo;
            return 1;
        }
    return 0;
}

static int find(struct hw_blas *b, struct plan *p)
{
    const struct key *k = &p->key;
    cublasLtMatmulPreference_t pref = NULL;
    uint64_t room = HW_WORKSPACE;
    uint32_t scheme = CUBLASLT_REDUCTION_SCHEME_NONE;
    uint32_t a = (uint32_t)k->align_b, x = (uint32_t)k->align_a;
    uint32_t y = (uint32_t)k->align_y;
    int ok;

    if (!describe(b, p) || b->cublasLtMatmulPreferenceCreate(&pref))
        return 0;
#define SET(what, v)                                                          \
    !b->cublasLtMatmulPreferenceSetAttribute(                                 \
        pref, CUBLASLT_MATMUL_PREF_##what, &v, sizeof v)
    ok = SET(MAX_WORKSPACE_BYTES, room) &&
         SET(REDUCTION_SCHEME_MASK, scheme) &&
         SET(MIN_ALIGNMENT_A_BYTES, a) && SET(MIN_ALIGNMENT_B_BYTES, x) &&
         SET(MIN_ALIGNMENT_C_BYTES, y) && SET(MIN_ALIGNMENT_D_BYTES, y) &&
         choose(b, p, pref);
#undef SET
    b->cublasLtMatmulPreferenceDestroy(pref);
    return ok;
}

static unsigned hash(const struct key *k)
{
    const unsigned char *p = (const unsigned char *)k;
    uint64_t h = 0xCBF29CE484222325u;

    for (size_t i = 0; i < sizeof *k; i++)
        h = (h ^ p[i]) * 0x100000001B3u;
    return (unsigned)(h >> 32) % BUCKETS;
}

/* The plan of a key, made when it is new; NULL without host memory. */
static struct plan *plan_of(struct hw_blas *b, const struct key *k)
{
    struct plan **at = &b->plans[hash(k)], *p;

    for (p = *at; p; p = p->next)
        if (!memcmp(&p->key, k, sizeof *k))
            return p;
    p = (struct plan *)calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->key = *k;
    p->tokens = -1;
    p->usable = find(b, p);
    p->next = *at;
    return *at = p;
}

/* ---- a product ---- */
static long at_least(long a, long b)
{
    return a > b ? a : b;
}

static void key_of(struct key *k, const struct gemm *g, long M, long K)
{
    memset(k, 0, sizeof *k); /* padding too: keys are compared as bytes */
    k->in = g->at;
    k->out = g->yt;
    k->a_by_k = g->ak == 1;
    k->b_by_k = g->bk == 1;
    k->M = M;
    k->N = g->N;
    k->K = K;
    /* of a matrix of one column any stride will do, and ours may be 1 */
    k->lda = k->a_by_k ? at_least(g->am, g->K) : at_least(g->ak, g->M);
    k->ldb = k->b_by_k ? at_least(g->bn, g->K) : at_least(g->bk, g->N);
    k->ldy = at_least(g->ldy, g->N);
    k->align_a = alignment(g->A, k->lda, g->at);
    k->align_b = alignment(g->B, k->ldb, g->bt);
    k->align_y = alignment(g->Y, k->ldy, g->yt);
    k->align_bias = g->bias ? alignment(g->bias, 0, g->bt) : 0;
    k->accumulate = g->accumulate;
}

/* Set to g's sizes, does the plan's algorithm take them? */
static int fits(struct hw_blas *b, struct plan *p, const struct gemm *g,
                long tokens)
{
    cublasLtMatmulHeuristicResult_t r;

    if (p->tokens == tokens)
        return p->fits;
    p->fits = !set_sizes(b, p, g->M, g->K) &&
              !b->cublasLtMatmulAlgoCheck(b->handle, p->op, p->W, p->X, p->Y,
                                          p->Y, &p->algo, &r) &&
              r.workspaceSize <= HW_WORKSPACE;
    p->tokens = tokens;
    return p->fits;
}

/* The class's plan, or where its algorithm cannot take this number of tokens
 * one for this number alone; NULL when the library has none. */
static struct plan *plan_for(struct hw_blas *b, const struct gemm *g)
{
    long tokens = g->accumulate ? g->K : g->M, ref;
    struct key k;
    struct plan *p;
    int i = 0;

    while (tokens > hw_classes[i].most)
        i++;
    ref = hw_classes[i].reference;
    key_of(&k, g, g->accumulate ? g->M : ref, g->accumulate ? ref : g->K);
    p = plan_of(b, &k);
    if (p && p->usable && !fits(b, p, g, tokens)) {
        key_of(&k, g, g->M, g->K);
        k.exact = 1;
        p = plan_of(b, &k);
        if (p && p->usable && !fits(b, p, g, tokens))
            return NULL;
    }
    return p && p->usable ? p : NULL;
}

int CU(hw_blas_gemm)(struct cuda *c, const struct gemm *g)
{
    static const float zero = 0.0f, one = 1.0f;
    struct hw_blas *b = c->blas;
    struct plan *p;
    cublasStatus_t s = CUBLAS_STATUS_SUCCESS;

    if (g->at != g->bt || (g->yt != DT_F32 && g->yt != g->at) || g->perm ||
        g->K < 1 || (g->bias && (g->yt != g->bt || g->accumulate)) ||
        (g->accumulate && g->yt != DT_F32))
        return 0;
    p = plan_for(b, g);
    if (!p)
        return 0;
    if (g->bias)
        s = b->cublasLtMatmulDescSetAttribute(
            p->op, CUBLASLT_MATMUL_DESC_BIAS_POINTER, &g->bias,
            sizeof g->bias);
    if (s == CUBLAS_STATUS_SUCCESS)
        s = b->cublasLtMatmul(b->handle, p->op, &one, g->B, p->W, g->A, p->X,
                              g->accumulate ? &one : &zero, g->Y, p->Y, g->Y,
                              p->Y, &p->algo, b->workspace, HW_WORKSPACE,
                              c->stream);
    if (s != CUBLAS_STATUS_SUCCESS)
        CU(cuda_fail)(c, ERR_IO, "cuda: cublasLtMatmul of %ld x %ld x %ld: %s",
                      g->M, g->N, g->K, b->cublasLtGetStatusString(s));
    return 1;
}
