/* cublasLt - see cublasLt.h */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <vector>
#include "cublasLt.h"
#include "../../kernels/canon.h"
#include "cublas.h"
#include "loader.h"
#include "memory.h"

struct cudasim_cublas cudasim_cublas;

struct cublasLtContext {
    int open;
};

struct cudasim_layout {
    cudaDataType_t type;
    uint64_t rows, cols;
    int64_t ld;
};

struct cudasim_matmul {
    cublasComputeType_t compute;
    cudaDataType_t scale;
    int32_t ta, tb;
    uint32_t epilogue;
    const void *bias;
};

struct cudasim_preference {
    uint64_t workspace;
    uint32_t scheme, align[4];
};

/* What a cublasLtMatmulAlgo_t holds here. */
struct algorithm {
    uint64_t tile, splits, scheme, found_for, workspace, align, flags, tf32;
};

static const size_t LEAST_WORKSPACE = 4096;

/* ---- the loader ---- */
int cudasim_has_cublas(void)
{
    return !cudasim_cublas.missing;
}

void *cudasim_cublas_symbol(const char *name)
{
#define HAS(f)                                                                \
    if (!strcmp(name, #f))                                                    \
        return (void *)f;
    HAS(cublasLtCreate)
    HAS(cublasLtDestroy)
    HAS(cublasLtGetVersion)
    HAS(cublasLtGetStatusString)
    HAS(cublasLtMatrixLayoutCreate)
    HAS(cublasLtMatrixLayoutDestroy)
    HAS(cublasLtMatrixLayoutSetAttribute)
    HAS(cublasLtMatmulDescCreate)
    HAS(cublasLtMatmulDescDestroy)
    HAS(cublasLtMatmulDescSetAttribute)
    HAS(cublasLtMatmulPreferenceCreate)
    HAS(cublasLtMatmulPreferenceDestroy)
    HAS(cublasLtMatmulPreferenceSetAttribute)
    HAS(cublasLtMatmulAlgoGetHeuristic)
    HAS(cublasLtMatmulAlgoCheck)
    HAS(cublasLtMatmulAlgoCapGetAttribute)
    HAS(cublasLtMatmul)
#undef HAS
    return NULL;
}

/* ---- handles and descriptors ---- */
template <typename T> static cublasStatus_t make(T **p, const T &v)
{
    *p = (T *)malloc(sizeof v);
    if (!*p)
        return CUBLAS_STATUS_ALLOC_FAILED;
    **p = v;
    cudasim_cublas.alive++;
    return CUBLAS_STATUS_SUCCESS;
}

template <typename T> static cublasStatus_t destroy(T *p)
{
    if (!p)
        return CUBLAS_STATUS_INVALID_VALUE;
    free(p);
    cudasim_cublas.alive--;
    return CUBLAS_STATUS_SUCCESS;
}

template <typename T> static cublasStatus_t set(T *to, const void *v, size_t n)
{
    if (!v || n != sizeof *to)
        return CUBLAS_STATUS_INVALID_VALUE;
    memcpy(to, v, n);
    return CUBLAS_STATUS_SUCCESS;
}

extern "C" {
cublasStatus_t cublasLtCreate(cublasLtHandle_t *h)
{
    return make(h, cublasLtContext{1});
}

cublasStatus_t cublasLtDestroy(cublasLtHandle_t h)
{
    return destroy(h);
}

size_t cublasLtGetVersion(void)
{
    return 130000;
}

const char *cublasLtGetStatusString(cublasStatus_t s)
{
    return s == CUBLAS_STATUS_SUCCESS         ? "success"
           : s == CUBLAS_STATUS_INVALID_VALUE ? "an unsupported value or "
                                                "parameter was passed"
                                              : "not supported";
}

cublasStatus_t cublasLtMatrixLayoutCreate(cublasLtMatrixLayout_t *l,
                                          cudaDataType type, uint64_t rows,
                                          uint64_t cols, int64_t ld)
{
    return make(l, cudasim_layout{type, rows, cols, ld});
}

cublasStatus_t cublasLtMatrixLayoutDestroy(cublasLtMatrixLayout_t l)
{
    return destroy(l);
}

cublasStatus_t
cublasLtMatrixLayoutSetAttribute(cublasLtMatrixLayout_t l,
                                 cublasLtMatrixLayoutAttribute_t a,
                                 const void *v, size_t n)
{
    return a == CUBLASLT_MATRIX_LAYOUT_ROWS   ? set(&l->rows, v, n)
           : a == CUBLASLT_MATRIX_LAYOUT_COLS ? set(&l->cols, v, n)
           : a == CUBLASLT_MATRIX_LAYOUT_LD   ? set(&l->ld, v, n)
                                              : CUBLAS_STATUS_INVALID_VALUE;
}

cublasStatus_t cublasLtMatmulDescCreate(cublasLtMatmulDesc_t *d,
                                        cublasComputeType_t compute,
                                        cudaDataType_t scale)
{
    return make(d, cudasim_matmul{compute, scale, CUBLAS_OP_N, CUBLAS_OP_N,
                                  CUBLASLT_EPILOGUE_DEFAULT, NULL});
}

cublasStatus_t cublasLtMatmulDescDestroy(cublasLtMatmulDesc_t d)
{
    return destroy(d);
}

cublasStatus_t
cublasLtMatmulDescSetAttribute(cublasLtMatmulDesc_t d,
                               cublasLtMatmulDescAttributes_t a,
                               const void *v, size_t n)
{
    switch (a) {
    case CUBLASLT_MATMUL_DESC_TRANSA: return set(&d->ta, v, n);
    case CUBLASLT_MATMUL_DESC_TRANSB: return set(&d->tb, v, n);
    case CUBLASLT_MATMUL_DESC_EPILOGUE: return set(&d->epilogue, v, n);
    case CUBLASLT_MATMUL_DESC_BIAS_POINTER: return set(&d->bias, v, n);
    }
    return CUBLAS_STATUS_INVALID_VALUE;
}

cublasStatus_t cublasLtMatmulPreferenceCreate(cublasLtMatmulPreference_t *p)
{
    return make(p, cudasim_preference{0, CUBLASLT_REDUCTION_SCHEME_MASK,
                                      {256, 256, 256, 256}});
}

cublasStatus_t cublasLtMatmulPreferenceDestroy(cublasLtMatmulPreference_t p)
{
    return destroy(p);
}

cublasStatus_t
cublasLtMatmulPreferenceSetAttribute(cublasLtMatmulPreference_t p,
                                     cublasLtMatmulPreferenceAttributes_t a,
                                     const void *v, size_t n)
{
    if (a == CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES)
        return set(&p->workspace, v, n);
    if (a == CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK)
        return set(&p->scheme, v, n);
    return set(&p->align[a - CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES], v,
               n);
}
}

/* ---- what a product is ---- */
static size_t size_of(cudaDataType_t t)
{
    return t == CUDA_R_32F ? 4 : 2;
}

static int known(cudaDataType_t t)
{
    return t == CUDA_R_32F || t == CUDA_R_16F || t == CUDA_R_16BF;
}

static int sound(const struct cudasim_layout *l)
{
    return l->rows > 0 && l->cols > 0 && l->ld >= (int64_t)l->rows &&
           l->rows < (1u << 31) && l->cols < (1u << 31);
}

/* Do the operands fit each other, in shape and type? */
static cublasStatus_t fit(const cudasim_matmul *d, const cudasim_layout *A,
                          const cudasim_layout *B, const cudasim_layout *C,
                          const cudasim_layout *D)
{
    uint64_t m = d->ta == CUBLAS_OP_T ? A->cols : A->rows;
    uint64_t k = d->ta == CUBLAS_OP_T ? A->rows : A->cols;
    uint64_t kb = d->tb == CUBLAS_OP_T ? B->cols : B->rows;
    uint64_t n = d->tb == CUBLAS_OP_T ? B->rows : B->cols;

    if (!sound(A) || !sound(B) || !sound(C) || !sound(D) || k != kb ||
        m != D->rows || n != D->cols || m != C->rows || n != C->cols)
        return CUBLAS_STATUS_INVALID_VALUE;
    if (d->compute != CUBLAS_COMPUTE_32F || d->scale != CUDA_R_32F ||
        !known(A->type) || A->type != B->type || C->type != D->type ||
        (D->type != A->type && D->type != CUDA_R_32F))
        return CUBLAS_STATUS_NOT_SUPPORTED;
    if (d->epilogue == CUBLASLT_EPILOGUE_BIAS &&
        (!d->bias || (uintptr_t)d->bias % 16))
        return CUBLAS_STATUS_NOT_SUPPORTED;
    return CUBLAS_STATUS_SUCCESS;
}

static uint64_t flags_of(cudaDataType_t t, int tf32)
{
    uint64_t f = CUBLASLT_NUMERICAL_IMPL_FLAGS_ACCUMULATOR_32F;

    if (t == CUDA_R_32F)
        return f | (tf32 ? CUBLASLT_NUMERICAL_IMPL_FLAGS_HMMA |
                               CUBLASLT_NUMERICAL_IMPL_FLAGS_INPUT_TF32
                         : CUBLASLT_NUMERICAL_IMPL_FLAGS_FMA |
                               CUBLASLT_NUMERICAL_IMPL_FLAGS_INPUT_32F);
    return f | CUBLASLT_NUMERICAL_IMPL_FLAGS_HMMA |
           (t == CUDA_R_16F ? CUBLASLT_NUMERICAL_IMPL_FLAGS_INPUT_16F
                            : CUBLASLT_NUMERICAL_IMPL_FLAGS_INPUT_16BF);
}

static void offer(cublasLtMatmulHeuristicResult_t *r, int *n, int most,
                  const algorithm &a)
{
    if (*n >= most)
        return;
    memset(&r[*n], 0, sizeof *r);
    memcpy(&r[*n].algo, &a, sizeof a);
    r[*n].workspaceSize = a.workspace;
    r[*n].state = CUBLAS_STATUS_SUCCESS;
    ++*n;
}

extern "C" cublasStatus_t cublasLtMatmulAlgoGetHeuristic(
    cublasLtHandle_t h, cublasLtMatmulDesc_t d, cublasLtMatrixLayout_t A,
    cublasLtMatrixLayout_t B, cublasLtMatrixLayout_t C,
    cublasLtMatrixLayout_t D, cublasLtMatmulPreference_t p, int most,
    cublasLtMatmulHeuristicResult_t *r, int *n)
{
    cublasStatus_t s = fit(d, A, B, C, D);
    uint64_t cols = D->cols, least = 16, tile;
    int tf32 = A->type == CUDA_R_32F;

    *n = 0;
    cudasim_cublas.found++;
    if (!h || most < 1 || s == CUBLAS_STATUS_INVALID_VALUE)
        return CUBLAS_STATUS_INVALID_VALUE;
    for (int i = 0; i < 4; i++)
        least = p->align[i] < least ? p->align[i] : least;
    if (s != CUBLAS_STATUS_SUCCESS || least < 4)
        return CUBLAS_STATUS_NOT_SUPPORTED;
    tile = cols <= 64 ? 16 : cols <= 512 ? 32 : 64;
    for (uint64_t splits = 4; splits; splits = splits > 1 ? 1 : 0)
        for (int t = tf32; t >= 0; t--) {
            uint64_t scheme = splits > 1
                                  ? CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE
                                  : CUBLASLT_REDUCTION_SCHEME_NONE;
            uint64_t room = splits > 1 ? splits * D->rows * cols * 4
                                       : LEAST_WORKSPACE;

            if ((scheme & p->scheme) == scheme && room <= p->workspace)
                offer(r, n, most, {tile, splits, scheme, cols, room, least,
                                   flags_of(A->type, t), (uint64_t)t});
        }
    return *n ? CUBLAS_STATUS_SUCCESS : CUBLAS_STATUS_NOT_SUPPORTED;
}

extern "C" cublasStatus_t
cublasLtMatmulAlgoCapGetAttribute(const cublasLtMatmulAlgo_t *algo,
                                  cublasLtMatmulAlgoCapAttributes_t a,
                                  void *v, size_t n, size_t *written)
{
    algorithm al;

    memcpy(&al, algo, sizeof al);
    if (a != CUBLASLT_ALGO_CAP_NUMERICAL_IMPL_FLAGS || n != sizeof al.flags)
        return CUBLAS_STATUS_INVALID_VALUE;
    memcpy(v, &al.flags, n);
    *written = n;
    return CUBLAS_STATUS_SUCCESS;
}

extern "C" cublasStatus_t cublasLtMatmulAlgoCheck(
    cublasLtHandle_t h, cublasLtMatmulDesc_t d, cublasLtMatrixLayout_t A,
    cublasLtMatrixLayout_t B, cublasLtMatrixLayout_t C,
    cublasLtMatrixLayout_t D, const cublasLtMatmulAlgo_t *algo,
    cublasLtMatmulHeuristicResult_t *r)
{
    cublasStatus_t s = fit(d, A, B, C, D);
    algorithm a;

    memcpy(&a, algo, sizeof a);
    if (!h || s != CUBLAS_STATUS_SUCCESS)
        return s;
    if (!a.tile ||
        (cudasim_cublas.stiff && a.found_for != D->cols))
        return CUBLAS_STATUS_NOT_SUPPORTED;
    if (r) {
        r->workspaceSize = a.splits > 1 ? a.splits * D->rows * D->cols * 4
                                        : LEAST_WORKSPACE;
        r->state = CUBLAS_STATUS_SUCCESS;
    }
    return CUBLAS_STATUS_SUCCESS;
}

/* ---- the product ---- */
static float load(const void *p, cudaDataType_t t, size_t i)
{
    return t == CUDA_R_32F ? ((const float *)p)[i]
           : t == CUDA_R_16BF
               ? canon_widen_bf16(((const uint16_t *)p)[i])
               : canon_widen_f16(((const uint16_t *)p)[i]);
}

static void store(void *p, cudaDataType_t t, size_t i, float x)
{
    if (t == CUDA_R_32F)
        ((float *)p)[i] = x;
    else
        ((uint16_t *)p)[i] = t == CUDA_R_16BF ? canon_round_bf16(x)
                                              : canon_round_f16(x);
}

/* The operand as rows of k values, one after the other; TF32 keeps ten bits
 * of the fraction. */
static std::vector<float> rows_of(const void *p, const cudasim_layout *l,
                                  int k_first, int tf32)
{
    size_t n = k_first ? l->cols : l->rows, k = k_first ? l->rows : l->cols;
    std::vector<float> v(n * k);

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < k; j++) {
            size_t at = k_first ? i * (size_t)l->ld + j
                                : j * (size_t)l->ld + i;
            float x = load(p, l->type, at);

            v[i * k + j] = tf32 ? canon_float(canon_bits(x) & 0xFFFFE000u)
                                : x;
        }
    return v;
}

static float dot(const float *a, const float *b, size_t k, size_t tile)
{
    float sum = 0.0f;

    for (size_t at = 0; at < k; at += tile) {
        size_t end = at + tile < k ? at + tile : k;
        float part = 0.0f;

        for (size_t i = at; i < end; i++)
            part = canon_fma(a[i], b[i], part);
        sum += part;
    }
    return sum;
}

/* Is every element of the matrix device memory, and its start and columns
 * where the algorithm can read them? */
static void check_operand(const char *what, const void *p,
                          const cudasim_layout *l, uint64_t align)
{
    size_t z = size_of(l->type);
    size_t n = ((l->cols - 1) * (size_t)l->ld + l->rows) * z;

    if (!memory_inside(p, n)) {
        fprintf(stderr, "cudasim: cublasLtMatmul: %s is not all in device "
                "memory\n", what);
        abort();
    }
    if ((uintptr_t)p % align || (l->cols > 1 && (size_t)l->ld * z % align)) {
        fprintf(stderr, "cudasim: cublasLtMatmul: %s is not aligned to %d "
                "bytes, as its algorithm was told\n", what, (int)align);
        abort();
    }
}

extern "C" cublasStatus_t cublasLtMatmul(
    cublasLtHandle_t h, cublasLtMatmulDesc_t d, const void *alpha,
    const void *A, cublasLtMatrixLayout_t Al, const void *B,
    cublasLtMatrixLayout_t Bl, const void *beta, const void *C,
    cublasLtMatrixLayout_t Cl, void *D, cublasLtMatrixLayout_t Dl,
    const cublasLtMatmulAlgo_t *algo, void *workspace,
    size_t workspace_bytes, cudaStream_t)
{
    cublasLtMatmulHeuristicResult_t r;
    cublasStatus_t s =
        cublasLtMatmulAlgoCheck(h, d, Al, Bl, Cl, Dl, algo, &r);
    algorithm a;
    float al, be;

    if (s != CUBLAS_STATUS_SUCCESS)
        return s;
    if (r.workspaceSize > workspace_bytes ||
        !memory_inside(workspace, r.workspaceSize) ||
        (uintptr_t)workspace % 16 || (C == D) != (Cl == Dl))
        return CUBLAS_STATUS_INVALID_VALUE;
    memcpy(&a, algo, sizeof a);
    memcpy(&al, alpha, sizeof al);
    memcpy(&be, beta, sizeof be);
    check_operand("A", A, Al, a.align);
    check_operand("B", B, Bl, a.align);
    check_operand("C", C, Cl, a.align);
    check_operand("D", D, Dl, a.align);
    if (d->epilogue == CUBLASLT_EPILOGUE_BIAS &&
        !memory_inside(d->bias, Dl->rows * size_of(Dl->type)))
        return CUBLAS_STATUS_EXECUTION_FAILED;
    cudasim_cublas.products++;
    cudasim_cublas.split += a.splits > 1;
    memory_show(1);
    std::vector<float> x = rows_of(A, Al, d->ta == CUBLAS_OP_T, (int)a.tf32);
    std::vector<float> y = rows_of(B, Bl, d->tb != CUBLAS_OP_T, (int)a.tf32);
    size_t k = d->ta == CUBLAS_OP_T ? Al->rows : Al->cols;
    for (size_t j = 0; j < Dl->cols; j++)
        for (size_t i = 0; i < Dl->rows; i++) {
            size_t at = j * (size_t)Dl->ld + i;
            float v = al * dot(&x[i * k], &y[j * k], k, a.tile * a.splits);

            if (be != 0.0f)
                v += be * load(C, Cl->type, at);
            if (d->epilogue == CUBLASLT_EPILOGUE_BIAS)
                v += load(d->bias, Dl->type, i);
            store(D, Dl->type, at, v);
        }
    memory_show(0);
    return CUBLAS_STATUS_SUCCESS;
}
