/* backend - CUDA's table of operations, opening and closing */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include "hw.h"

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
    CU(cuda_trim)(k);
    for (int i = 0; i < N_TILES; i++)
        free(c->tiles[i].start);
    CU(cuda_free)(c, c->bad);
    CU(cuda_streams_close)(c);
    account_close(&c->mem);
    account_close(&c->host);
    free(c);
}

/* ---- the table ---- */
static struct kernels *op_beside(struct kernels *k, struct err *e);

static void fill(struct kernels *k)
{
    CU(cuda_buffers)(k);
    CU(cuda_streams)(k);
    k->beside = op_beside;
    k->weight_view = CU(cuda_weight_view);
    k->sync = op_sync;
    k->close = op_close;
#define SET(op, ...) k->op = CU(cuda_##op);
    K_OPS(SET)
#undef SET
}

/* Is there a device, and why not? */
extern "C" int CU(cuda_probe)(struct err *e);
extern "C" int CU(cuda_probe)(struct err *e)
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

extern "C" int CU(cuda_open)(struct kernels **k, int n_threads,
                             struct k_order order, struct err *e);
extern "C" int CU(cuda_open)(struct kernels **k, int n_threads,
                             struct k_order order, struct err *e)
{
    struct cuda *c;
    int major, minor;

    (void)n_threads;
    *k = NULL;
    if (CU(cuda_probe)(e) != 0)
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
    c->k.variant = c->variant;
    c->k.order = order; /* its table follows from it */
    fill(&c->k);
    if (order.kind == ORDER_HARDWARE && CU(hw_open)(c, e)) {
        op_close(&c->k);
        return e ? -e->code : -ERR_IO;
    }
    *k = &c->k;
    return 0;
}

/* The first handle's stream is the default one, which such a stream neither waits
 * for nor holds up. */
static struct kernels *op_beside(struct kernels *k, struct err *e)
{
    const struct k_order canonical = {ORDER_CANONICAL, 0};
    struct kernels *x;
    struct cuda *c;

    if (CU(cuda_open)(&x, 0, canonical, e) != 0)
        return NULL;
    x->name = k->name;
    x->sizes = k->sizes;
    x->sizes.order = canonical;
    c = cuda_of(x);
    CU(cuda_check)(c, "stream", cudaStreamCreateWithFlags(
                                    &c->stream, cudaStreamNonBlocking));
    x->stream = c->stream;
    x->after(x, k); /* its memory was zeroed in the default stream */
    if (x->sync(x, e) == 0)
        return x;
    x->close(x);
    return NULL;
}
