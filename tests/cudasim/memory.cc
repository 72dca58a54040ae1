/* memory - device memory out of the host's reach, and the runtime's calls
 *
 * One mapping, without access except while a copy or a launch runs, so that a
 * device pointer followed by host code is a fault. Allocations lie apart by
 * bytes of a known value, which is also what fresh memory holds.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <map>
#include "cuda_runtime.h"
#include "memory.h"

static const size_t MOST = (size_t)1 << 30, GAP = 256;
static const size_t SHARED = 48 << 10, SHARED_MOST = 163 << 10;
static const unsigned char MARK = 0xFB; /* a NaN in each type */

struct piece {
    size_t at, n, room; /* room: with the gap after it */
    struct piece *next; /* ascending */
};

static char *base;
static struct piece *pieces;
static size_t limit = MOST, used, copies;
static std::map<const void *, size_t> shared_allowed; /* by kernel */
static int visible, last_error, n_devices = 1, driver = 13000;

/* Of a whole program: CUDASIM_MEMORY=BYTES, CUDASIM_DEVICES=0 (none, nor a
 * driver). */
__attribute__((constructor)) static void from_environment(void)
{
    const char *m = getenv("CUDASIM_MEMORY"), *d = getenv("CUDASIM_DEVICES");

    if (m)
        cudasim_set_memory((size_t)strtoull(m, NULL, 10));
    if (d && !strcmp(d, "0"))
        cudasim_set_devices(0, 0);
}

extern "C" void cudasim_set_devices(int n, int v)
{
    n_devices = n;
    driver = v;
}

extern "C" void cudasim_set_memory(size_t bytes)
{
    limit = bytes < MOST ? bytes : MOST;
}

extern "C" size_t cudasim_in_use(void)
{
    return used;
}

extern "C" size_t cudasim_copies(void)
{
    return copies;
}

void memory_show(int on)
{
    if (!base) {
        base = (char *)mmap(NULL, MOST, PROT_NONE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                            0);
        if (base == MAP_FAILED) {
            perror("cudasim: mmap");
            abort();
        }
    }
    visible += on ? 1 : -1;
    if (visible == on)
        mprotect(base, MOST, on ? PROT_READ | PROT_WRITE : PROT_NONE);
}

void memory_fail(int error)
{
    if (!last_error)
        last_error = error;
}

int memory_shared_ok(const void *fn, size_t dynamic)
{
    return dynamic <= SHARED ||
           (shared_allowed.count(fn) && dynamic <= shared_allowed[fn]);
}

cudaError_t cudasim_set_shared(const void *fn, size_t n)
{
    if (n > SHARED_MOST)
        return cudaErrorInvalidValue;
    shared_allowed[fn] = n;
    return cudaSuccess;
}

static int gap_whole(const struct piece *p)
{
    for (size_t i = p->n; i < p->room; i++)
        if ((unsigned char)base[p->at + i] != MARK)
            return 0;
    return 1;
}

void memory_check(const char *name)
{
    memory_show(1);
    for (struct piece *p = pieces; p; p = p->next)
        if (!gap_whole(p)) {
            fprintf(stderr, "cudasim: %s wrote past %zu bytes\n", name, p->n);
            abort();
        }
    memory_show(0);
}

cudaError_t cudaMalloc(void **out, size_t n)
{
    size_t room = (n + GAP - 1) / GAP * GAP + GAP, at = 0;
    struct piece **q = &pieces, *p;

    *out = NULL;
    if (n > limit || used + n > limit)
        return cudaErrorMemoryAllocation;
    for (; *q && (*q)->at - at < room; q = &(*q)->next)
        at = (*q)->at + (*q)->room;
    p = (struct piece *)malloc(sizeof *p);
    if (at + room > MOST || !p) {
        free(p);
        return cudaErrorMemoryAllocation;
    }
    p->at = at;
    p->n = n;
    p->room = room;
    p->next = *q;
    *q = p;
    used += n;
    memory_show(1);
    memset(base + at, MARK, room);
    memory_show(0);
    *out = base + at;
    return cudaSuccess;
}

cudaError_t cudaFree(void *v)
{
    struct piece **q = &pieces, *p;

    if (!v)
        return cudaSuccess;
    streams_flush();
    for (; *q; q = &(*q)->next)
        if (base + (*q)->at == (char *)v)
            break;
    p = *q;
    if (!p)
        return cudaErrorInvalidValue;
    *q = p->next;
    used -= p->n;
    free(p);
    return cudaSuccess;
}

cudaError_t cudaHostAlloc(void **p, size_t n, unsigned)
{
    *p = malloc(n);
    return *p ? cudaSuccess : cudaErrorMemoryAllocation;
}

cudaError_t cudaFreeHost(void *p)
{
    streams_flush();
    free(p);
    return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total)
{
    *free_bytes = limit - used;
    *total = limit;
    return cudaSuccess;
}

/* Is [v, v + n) inside one allocation? */
int memory_inside(const void *v, size_t n)
{
    const char *c = (const char *)v;

    for (struct piece *p = pieces; p; p = p->next)
        if (c >= base + p->at && c + n <= base + p->at + p->n)
            return 1;
    return 0;
}

static int copy_ok(const void *dst, const void *src, size_t n,
                   enum cudaMemcpyKind kind)
{
    int to = kind != cudaMemcpyDeviceToHost;
    int from = kind != cudaMemcpyHostToDevice;

    if (memory_inside(dst, n) == to && memory_inside(src, n) == from)
        return 1;
    memory_fail(cudaErrorInvalidValue);
    return 0;
}

static void copy(void *dst, const void *src, size_t n)
{
    memory_show(1);
    memmove(dst, src, n);
    memory_show(0);
}

cudaError_t cudaMemcpyAsync(void *dst, const void *src, size_t n,
                            enum cudaMemcpyKind kind, cudaStream_t s)
{
    if (n == 0)
        return cudaSuccess;
    if (!copy_ok(dst, src, n, kind))
        return cudaErrorInvalidValue;
    copies += kind != cudaMemcpyDeviceToDevice;
    cudasim_enqueue(s, "a copy", [=] { copy(dst, src, n); });
    return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void *p, int v, size_t n, cudaStream_t s)
{
    if (n && !memory_inside(p, n)) {
        memory_fail(cudaErrorInvalidValue);
        return cudaErrorInvalidValue;
    }
    cudasim_enqueue(s, "memset", [=] {
        memory_show(1);
        memset(p, v, n);
        memory_show(0);
    });
    return cudaSuccess;
}

cudaError_t cudaGetLastError(void)
{
    int e = last_error;

    last_error = 0;
    return e;
}

const char *cudaGetErrorString(cudaError_t e)
{
    switch (e) {
    case cudaSuccess: return "no error";
    case cudaErrorInvalidValue: return "invalid argument";
    case cudaErrorMemoryAllocation: return "out of memory";
    case cudaErrorInvalidConfiguration:
        return "invalid configuration argument";
    case cudaErrorInsufficientDriver:
        return "CUDA driver version is insufficient for CUDA runtime version";
    case cudaErrorNoDevice: return "no CUDA-capable device is detected";
    default: return "unknown error";
    }
}

cudaError_t cudaGetDeviceCount(int *n)
{
    *n = driver ? n_devices : 0;
    return !driver     ? cudaErrorInsufficientDriver
           : n_devices ? cudaSuccess
                       : cudaErrorNoDevice;
}

cudaError_t cudaDriverGetVersion(int *v)
{
    *v = driver;
    return cudaSuccess;
}

cudaError_t cudaSetDevice(int d)
{
    return d < n_devices ? cudaSuccess : cudaErrorInvalidValue;
}

cudaError_t cudaDeviceGetAttribute(int *v, enum cudaDeviceAttr a, int)
{
    *v = a == cudaDevAttrMaxSharedMemoryPerBlockOptin ? (int)SHARED_MOST
         : a == cudaDevAttrMultiProcessorCount        ? 2
         : a == cudaDevAttrComputeCapabilityMajor     ? 8
                                                      : 0;
    return cudaSuccess;
}
