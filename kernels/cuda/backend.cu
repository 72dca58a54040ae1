/* backend - CUDA's table of operations, its memory, scratch and errors */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include "hw.h"

void CU(cuda_fail)(struct cuda *c, int code, const char *fmt, ...)
{
    char msg[512];
    va_list ap;

    if (c->first_err.code)
        return;
    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    err_set(&c->first_err, code, "%s", msg);
}

void CU(cuda_check)(struct cuda *c, const char *what, cudaError_t r)
{
    if (r != cudaSuccess)
        CU(cuda_fail)(c, ERR_IO, "cuda: %s: %s", what, cudaGetErrorString(r));
}

/* ---- memory ---- */
void *CU(cuda_memory)(struct cuda *c, size_t n, const char *what,
                      struct err *e)
{
    size_t left = 0, total = 0;
    void *p = NULL;
    cudaError_t r = cudaMalloc(&p, n ? n : 1);

    if (r == cudaSuccess && account_take(&c->mem, p, n) == 0)
        return p;
    if (r == cudaSuccess) {
        cudaFree(p);
        err_memory(e, "cuda: out of host memory");
        return NULL;
    }
    cudaGetLastError();
    if (r != cudaErrorMemoryAllocation)
        err_set(e, ERR_IO, "cuda: %s: %s", what, cudaGetErrorString(r));
    else if (cudaMemGetInfo(&left, &total) != cudaSuccess)
        err_memory(e, "cuda: out of memory: %zu MiB asked for (%s), %zu MiB "
                   "held", (n + 0xFFFFF) >> 20, what, c->mem.now >> 20);
    else
        err_memory(e, "cuda: out of memory: %zu MiB asked for (%s), %zu MiB "
                   "held, %zu MiB free of %zu", (n + 0xFFFFF) >> 20, what,
                   c->mem.now >> 20, left >> 20, total >> 20);
    return NULL;
}

void CU(cuda_free)(struct cuda *c, void *p)
{
    account_give(&c->mem, p);
    CU(cuda_check)(c, "free", cudaFree(p));
}

void *CU(cuda_scratch)(struct cuda *c, int slot, size_t n)
{
    struct scratch *s = &c->scratch[slot];
    struct err e = {0, "", 0};

    if (s->p && s->n >= n)
        return s->p;
    CU(cuda_free)(c, s->p);
    s->n = account_room(n);
    s->p = CU(cuda_memory)(c, s->n, "scratch", &e);
    if (!s->p) {
        s->n = 0;
        if (!c->first_err.code)
            c->first_err = e;
    }
    return s->p;
}

int CU(cuda_shared)(struct cuda *c, const void *kernel, size_t bytes)
{
    struct shared_most *s = c->shared, *end = s + N_SHARED;
    cudaError_t r;

    while (s < end && s->kernel && s->kernel != kernel)
        s++;
    if (s < end && s->kernel && s->bytes >= bytes)
        return 1;
    r = cudaFuncSetAttribute(kernel,
                             cudaFuncAttributeMaxDynamicSharedMemorySize,
                             (int)bytes);
    cudaGetLastError();
    CU(cuda_check)(c, "shared memory", r);
    if (s < end && r == cudaSuccess) {
        s->kernel = kernel;
        s->bytes = bytes;
    }
    return r == cudaSuccess;
}

void CU(cuda_upload)(struct cuda *c, void *dst, const void *src, size_t n)
{
    if (n)
        CU(cuda_check)(c, "upload",
                       cudaMemcpyAsync(dst, src, n, cudaMemcpyHostToDevice,
                                       c->stream));
}

void CU(cuda_download)(struct cuda *c, void *dst, const void *src, size_t n)
{
    if (n)
        CU(cuda_check)(c, "download",
                       cudaMemcpyAsync(dst, src, n, cudaMemcpyDeviceToHost,
                                       c->stream));
    CU(cuda_check)(c, "download", cudaStreamSynchronize(c->stream));
}

const int32_t *CU(cuda_perm)(struct cuda *c, uint32_t what, long rows,
                             long cols, long n)
{
    long blocks = (n + CANON_BLOCK - 1) / CANON_BLOCK;
    size_t bytes = (size_t)blocks * sizeof(int32_t);
    int32_t *host, *p;

    if (c->k.order.kind != ORDER_SHUFFLED || blocks < 2)
        return NULL;
    host = (int32_t *)malloc(bytes);
    p = (int32_t *)CU(cuda_scratch)(c, S_PERM, bytes);
    if (!host)
        CU(cuda_fail)(c, ERR_IO, "cuda: out of host memory");
    if (host && p) {
        canon_perm(c->k.order.seed, c->k.order_nonce, what, (uint32_t)rows,
                   (uint32_t)cols, host, (int)blocks);
        CU(cuda_upload)(c, p, host, bytes);
    }
    free(host);
    return p;
}

unsigned long long *CU(cuda_bad)(struct cuda *c, int which, int limit)
{
    c->bad_limit[which] = limit;
    c->may_be_bad = 1;
    return c->bad + which;
}

static void *op_alloc(struct kernels *k, size_t bytes, struct err *e)
{
    struct cuda *c = cuda_of(k);
    void *p = CU(cuda_memory)(c, bytes, "a buffer", e);

    if (p)
        CU(cuda_check)(c, "zero", cudaMemsetAsync(p, 0, bytes ? bytes : 1,
                                                  c->stream));
    return p;
}

static void op_free(struct kernels *k, void *p)
{
    CU(cuda_free)(cuda_of(k), p);
}

static void *op_host_alloc(struct kernels *k, size_t bytes, struct err *e)
{
    struct cuda *c = cuda_of(k);
    size_t left, total;
    void *p = NULL;

    if (cudaHostAlloc(&p, bytes ? bytes : 1, cudaHostAllocDefault) ==
            cudaSuccess &&
        account_take(&c->host, p, bytes) == 0) {
        memset(p, 0, bytes);
        return p;
    }
    cudaGetLastError();
    cudaFreeHost(p);
    account_host(&left, &total);
    err_memory(e, "cuda: out of host memory: %zu MiB asked for, %zu MiB free "
               "of %zu", (bytes + 0xFFFFF) >> 20, left >> 20, total >> 20);
    return NULL;
}

static void op_host_free(struct kernels *k, void *p)
{
    struct cuda *c = cuda_of(k);

    account_give(&c->host, p);
    CU(cuda_check)(c, "free", cudaFreeHost(p));
}

static void op_send(struct kernels *k, void *dst, const void *host, size_t n)
{
    CU(cuda_upload)(cuda_of(k), dst, host, n);
}

static void op_fetch(struct kernels *k, void *host, const void *src, size_t n)
{
    struct cuda *c = cuda_of(k);

    if (n)
        CU(cuda_check)(c, "fetch",
                       cudaMemcpyAsync(host, src, n, cudaMemcpyDeviceToHost,
                                       c->stream));
}

static void op_memory(struct kernels *k, struct k_memory *m)
{
    struct cuda *c = cuda_of(k);

    memset(m, 0, sizeof *m);
    m->now = c->mem.now;
    m->peak = c->mem.peak;
    m->host = c->host.now;
    for (int i = 0; i < N_SCRATCH; i++)
        m->scratch += c->scratch[i].n;
    CU(cuda_check)(c, "memory", cudaMemGetInfo(&m->free, &m->total));
}

static void op_trim(struct kernels *k)
{
    struct cuda *c = cuda_of(k);

    for (int i = 0; i < N_SCRATCH; i++) {
        CU(cuda_free)(c, c->scratch[i].p);
        c->scratch[i].p = NULL;
        c->scratch[i].n = 0;
    }
}

static void op_upload(struct kernels *k, void *dst, const void *src, size_t n)
{
    struct cuda *c = cuda_of(k);

    CU(cuda_upload)(c, dst, src, n);
    /* the caller's buffer is its own again */
    CU(cuda_check)(c, "upload", cudaStreamSynchronize(c->stream));
}

static void op_download(struct kernels *k, void *dst, const void *src,
                        size_t n)
{
    CU(cuda_download)(cuda_of(k), dst, src, n);
}

static void op_copy(struct kernels *k, void *dst, const void *src, size_t n)
{
    struct cuda *c = cuda_of(k);

    if (n)
        CU(cuda_check)(c, "copy",
                       cudaMemcpyAsync(dst, src, n, cudaMemcpyDeviceToDevice,
                                       c->stream));
}

static void op_zero(struct kernels *k, void *p, size_t n)
{
    struct cuda *c = cuda_of(k);

    if (n)
        CU(cuda_check)(c, "zero", cudaMemsetAsync(p, 0, n, c->stream));
}

/* ---- errors ---- */
static void see_bad(struct cuda *c)
{
    static const char *const name[N_BAD] = {"embed: token",
                                            "embed_bwd: token",
                                            "head_logp: target"};
    unsigned long long bad[N_BAD];

    memset(bad, 0xFF, sizeof bad);
    CU(cuda_download)(c, bad, c->bad, sizeof bad);
    for (int i = 0; i < N_BAD; i++)
        if (bad[i] != ULLONG_MAX)
            CU(cuda_fail)(c, ERR_DATA, "%s %d at row %d; the vocabulary has "
                          "%d", name[i], (int)(uint32_t)bad[i],
                          (int)(bad[i] >> 32), c->bad_limit[i]);
    CU(cuda_check)(c, "zero", cudaMemsetAsync(c->bad, 0xFF, sizeof bad,
                                              c->stream));
    c->may_be_bad = 0;
}

static int op_sync(struct kernels *k, struct err *e)
{
    struct cuda *c = cuda_of(k);

    CU(cuda_check)(c, "device", cudaStreamSynchronize(c->stream));
    if (c->may_be_bad)
        see_bad(c);
    if (!c->first_err.code)
        return 0;
    if (e)
        *e = c->first_err;
    c->first_err.code = 0;
    return -(e ? e->code : ERR_DATA);
}

static void op_close(struct kernels *k)
{
    struct cuda *c = cuda_of(k);

    if (k->order.kind == ORDER_HARDWARE)
        CU(hw_close)(c);
    op_trim(k);
    for (int i = 0; i < N_TILES; i++)
        free(c->tiles[i].start);
    CU(cuda_free)(c, c->bad);
    account_close(&c->mem);
    account_close(&c->host);
    free(c);
}

/* ---- weights ---- */
OP(struct k_weight *, weight_new)(struct kernels *k, enum dtype t, int N,
                                  int K, int uses, struct err *e)
{
    struct k_weight *w = (struct k_weight *)calloc(1, sizeof *w);

    if (!w) {
        err_set(e, ERR_IO, "cuda: out of host memory");
        return NULL;
    }
    w->t = t;
    w->N = N;
    w->K = K;
    w->uses = uses;
    w->rows = k->alloc(k, (size_t)N * (size_t)K * dtype_size(t), e);
    if (!w->rows) {
        free(w);
        return NULL;
    }
    return w;
}

static struct k_weight *op_weight_view(struct kernels *k, enum dtype t, int N,
                                       int K, void *rows, struct err *e)
{
    struct k_weight *w = (struct k_weight *)calloc(1, sizeof *w);

    (void)k;
    if (!w) {
        err_memory(e, "cuda: out of host memory");
        return NULL;
    }
    w->t = t;
    w->N = N;
    w->K = K;
    w->uses = WEIGHT_FORWARD | WEIGHT_BACKWARD | WEIGHT_ROWS;
    w->rows = rows;
    w->lent = 1;
    return w;
}

OP(void, weight_free)(struct kernels *k, struct k_weight *w)
{
    if (!w)
        return;
    if (!w->lent)
        k->free(k, w->rows);
    free(w);
}

OP(void, weight_set)(struct kernels *k, struct k_weight *w, const void *src,
                     enum dtype st)
{
    k->cast(k, w->rows, w->t, src, st, (size_t)w->N * (size_t)w->K);
}

/* ---- the table ---- */
static void fill(struct kernels *k)
{
    k->alloc = op_alloc;
    k->free = op_free;
    k->upload = op_upload;
    k->download = op_download;
    k->copy = op_copy;
    k->zero = op_zero;
    k->host_alloc = op_host_alloc;
    k->host_free = op_host_free;
    k->send = op_send;
    k->fetch = op_fetch;
    k->memory = op_memory;
    k->trim = op_trim;
    k->weight_view = op_weight_view;
    k->sync = op_sync;
    k->close = op_close;
#define SET(op) k->op = CU(cuda_##op);
    K_OPS(SET)
#undef SET
}

/* Is there a device, and why not? */
static int look(struct err *e)
{
    int n = 0, driver = 0;
    cudaError_t r = cudaGetDeviceCount(&n);

    cudaGetLastError();
    if (r == cudaSuccess && n > 0)
        return 0;
    if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0)
        return err_set(e, ERR_IO, "device cuda: this machine has no NVIDIA "
                       "driver");
    if (r == cudaErrorInsufficientDriver)
        return err_set(e, ERR_IO, "device cuda: the driver of this machine "
                       "serves CUDA %d.%d; this build needs CUDA 13",
                       driver / 1000, driver % 1000 / 10);
    return err_set(e, ERR_IO, "device cuda: no device: %s",
                   cudaGetErrorString(r));
}

static int attribute(struct cuda *c, enum cudaDeviceAttr a)
{
    int v = 0;

    CU(cuda_check)(c, "attribute", cudaDeviceGetAttribute(&v, a, 0));
    return v;
}

extern "C" int CU(cuda_present)(void);
extern "C" int CU(cuda_present)(void)
{
    struct err e = {0, "", 0};

    return look(&e) == 0;
}

extern "C" int CU(cuda_open)(struct kernels **k, struct k_order order,
                             struct err *e);
extern "C" int CU(cuda_open)(struct kernels **k, struct k_order order,
                             struct err *e)
{
    struct cuda *c;
    int major, minor;

    *k = NULL;
    if (look(e) != 0)
        return -ERR_IO;
    c = (struct cuda *)calloc(1, sizeof *c);
    if (!c)
        return err_set(e, ERR_IO, "cuda: out of host memory");
    CU(cuda_check)(c, "set device", cudaSetDevice(0));
    major = attribute(c, cudaDevAttrComputeCapabilityMajor);
    minor = attribute(c, cudaDevAttrComputeCapabilityMinor);
    c->n_sm = attribute(c, cudaDevAttrMultiProcessorCount);
    c->shared_most = attribute(c, cudaDevAttrMaxSharedMemoryPerBlockOptin);
    snprintf(c->variant, sizeof c->variant, "sm_%d%d", major, minor);
    if (!c->first_err.code)
        c->bad = (unsigned long long *)CU(cuda_memory)(
            c, N_BAD * sizeof *c->bad, "the first buffer", &c->first_err);
    if (c->bad)
        CU(cuda_check)(c, "zero", cudaMemsetAsync(c->bad, 0xFF,
                                                  N_BAD * sizeof *c->bad,
                                                  c->stream));
    if (c->first_err.code) {
        if (e)
            *e = c->first_err;
        op_close(&c->k);
        return e ? -e->code : -ERR_IO;
    }
    c->k.name = "cuda";
    c->k.variant = c->variant;
    c->k.order = order;
    cuda_sizes(&c->k.sizes, order);
    fill(&c->k);
    if (order.kind == ORDER_HARDWARE && CU(hw_open)(c, e)) {
        op_close(&c->k);
        return e ? -e->code : -ERR_IO;
    }
    *k = &c->k;
    return 0;
}
