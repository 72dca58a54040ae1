/* buffers - device memory on account: buffers, scratch, pinned host memory, and
 * the copies between them */
#include <stdlib.h>
#include "cuda.h"

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
    struct err e = {0, "", 0, 0};

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
    for (int i = 0; i < N_SLOTS; i++)
        m->scratch += c->scratch[i].n;
    CU(cuda_check)(c, "memory", cudaMemGetInfo(&m->free, &m->total));
}

void CU(cuda_trim)(struct kernels *k)
{
    struct cuda *c = cuda_of(k);

    for (int i = 0; i < N_SLOTS; i++) {
        CU(cuda_free)(c, c->scratch[i].p);
        c->scratch[i].p = NULL;
        c->scratch[i].n = 0;
    }
}

/* No thread of the host waits for a device's work. */
static void op_rest(struct kernels *k)
{
    (void)k;
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

void CU(cuda_buffers)(struct kernels *k)
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
    k->trim = CU(cuda_trim);
    k->rest = op_rest;
}
