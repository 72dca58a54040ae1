/* cuda_runtime - stand-ins that let g++ compile the .cu files of kernels/cuda
 *
 * One block runs at a time, each of its threads a fiber that runs until it
 * meets a barrier, a shuffle or its end; who runs next is a choice
 * (cudasim_set_order), so that code whose result depends on it shows. Shared
 * memory is filled with NaN before each block. Device memory cannot be read
 * by the host outside of a copy or a launch, and bytes past each allocation
 * are watched. What the hardware leaves undefined (a barrier or a shuffle
 * that some threads never reach, a shuffle under a partial mask) ends the
 * program with a message.
 *
 * Work of the default stream is done when it is asked for. That of another
 * stream is put off until it is waited for, so that whoever should have
 * waited sees what was there before; and it must wait for all work of the
 * default stream that was asked for before it, or the program ends.
 */
#ifndef ULP_CUDASIM_CUDA_RUNTIME_H
#define ULP_CUDASIM_CUDA_RUNTIME_H
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct dim3 {
    unsigned x, y, z;
    dim3(unsigned x_ = 1, unsigned y_ = 1, unsigned z_ = 1)
        : x(x_), y(y_), z(z_)
    {
    }
};

struct alignas(16) float4 {
    float x, y, z, w;
};
struct alignas(8) uint2 {
    unsigned x, y;
};
struct alignas(16) uint4 {
    unsigned x, y, z, w;
};

/* ---- device side ---- */
#define __global__
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __restrict__
#define __shared__ static __attribute__((section("cudasim_shared")))
#define __align__(n) __attribute__((aligned(n)))

extern dim3 cudasim_thread, cudasim_block, cudasim_block_dim, cudasim_grid;
extern void *cudasim_dynamic;
#define threadIdx cudasim_thread
#define blockIdx cudasim_block
#define blockDim cudasim_block_dim
#define gridDim cudasim_grid

void cudasim_syncthreads(void);
int cudasim_sync_count(int predicate); /* __syncthreads_count */
uint64_t cudasim_shuffle(unsigned mask, uint64_t v, int from);
unsigned cudasim_ballot(unsigned mask, int predicate);
int cudasim_lane(void);
void cudasim_syncwarp(unsigned mask);

#define __syncthreads cudasim_syncthreads
#define __syncthreads_count cudasim_sync_count
#define __syncthreads_or(p) (cudasim_sync_count(p) != 0)
#define __syncwarp() cudasim_syncwarp(0xFFFFFFFFu)
#define __ballot_sync cudasim_ballot
#define __any_sync(mask, p) (cudasim_ballot(mask, p) != 0)

template <typename V> static inline V cudasim_move(unsigned mask, V v, int to)
{
    uint64_t u = 0;

    memcpy(&u, &v, sizeof v);
    u = cudasim_shuffle(mask, u, to);
    memcpy(&v, &u, sizeof v);
    return v;
}

#define __shfl_sync(mask, v, lane) cudasim_move(mask, v, (lane) & 31)
#define __shfl_xor_sync(mask, v, x)                                           \
    cudasim_move(mask, v, cudasim_lane() ^ (x))
/* past the warp's ends a thread gets its own value */
#define __shfl_down_sync(mask, v, d)                                          \
    cudasim_move(mask, v,                                                     \
                 cudasim_lane() + (int)(d) > 31 ? cudasim_lane()              \
                                                : cudasim_lane() + (int)(d))
#define __shfl_up_sync(mask, v, d)                                            \
    cudasim_move(mask, v,                                                     \
                 cudasim_lane() < (int)(d) ? cudasim_lane()                   \
                                           : cudasim_lane() - (int)(d))

static inline int __popc(unsigned x)
{
    return __builtin_popcount(x);
}

/* blocks run one after another: what one wrote the next one sees */
static inline void __threadfence(void)
{
}

template <typename V> static inline V __ldcg(const V *p)
{
    return *p;
}

template <typename V> static inline V atomicAdd(V *p, V v)
{
    V old = *p;

    *p = old + v;
    return old;
}

template <typename V> static inline V atomicMin(V *p, V v)
{
    V old = *p;

    *p = v < old ? v : old;
    return old;
}

/* ---- launch ---- */
typedef struct cudasim_stream *cudaStream_t;

typedef struct cudasim_event *cudaEvent_t;

struct cudasim_kernel { /* what a fiber calls */
    void (*call)(const void *ctx);
    const void *ctx;
};
/* fn: whose attributes hold. n: bytes at k->ctx, which are copied where the
 * launch is put off. */
void cudasim_launch(const char *name, const void *fn, dim3 grid, dim3 block,
                    size_t shared, cudaStream_t s,
                    const struct cudasim_kernel *k, size_t n);

template <typename F>
static inline void cudasim_launch_fn(const char *name, const void *kernel,
                                     dim3 grid, dim3 block, size_t shared,
                                     cudaStream_t s, const F &fn)
{
    struct cudasim_kernel k = {
        [](const void *ctx) { (*static_cast<const F *>(ctx))(); }, &fn};

    static_assert(__is_trivially_copyable(F), "it is copied as bytes");
    cudasim_launch(name, kernel, grid, block, shared, s, &k, sizeof fn);
}

/* ---- host side ---- */
typedef int cudaError_t;
enum {
    cudaSuccess = 0,
    cudaErrorInvalidValue = 1,
    cudaErrorMemoryAllocation = 2,
    cudaErrorInvalidConfiguration = 9,
    cudaErrorInsufficientDriver = 35,
    cudaErrorNoDevice = 100
};
enum cudaMemcpyKind {
    cudaMemcpyHostToDevice = 1,
    cudaMemcpyDeviceToHost = 2,
    cudaMemcpyDeviceToDevice = 3
};
enum cudaDeviceAttr {
    cudaDevAttrMaxSharedMemoryPerBlockOptin,
    cudaDevAttrMultiProcessorCount,
    cudaDevAttrComputeCapabilityMajor,
    cudaDevAttrComputeCapabilityMinor
};
enum cudaFuncAttribute { cudaFuncAttributeMaxDynamicSharedMemorySize = 8 };

cudaError_t cudaGetDeviceCount(int *n);
cudaError_t cudaDriverGetVersion(int *v);
cudaError_t cudaSetDevice(int d);
cudaError_t cudaDeviceGetAttribute(int *v, enum cudaDeviceAttr a, int d);
cudaError_t cudaMalloc(void **p, size_t n);
cudaError_t cudaFree(void *p);
enum { cudaHostAllocDefault = 0 };
cudaError_t cudaHostAlloc(void **p, size_t n, unsigned flags);
cudaError_t cudaFreeHost(void *p);
cudaError_t cudaMemGetInfo(size_t *free_bytes, size_t *total);
cudaError_t cudaMemcpyAsync(void *dst, const void *src, size_t n,
                            enum cudaMemcpyKind kind, cudaStream_t s);
cudaError_t cudaMemsetAsync(void *p, int v, size_t n, cudaStream_t s);
cudaError_t cudaStreamSynchronize(cudaStream_t s);
enum { cudaStreamNonBlocking = 1, cudaEventDisableTiming = 2 };
cudaError_t cudaStreamCreateWithFlags(cudaStream_t *s, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t s);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t *v, unsigned flags);
cudaError_t cudaEventDestroy(cudaEvent_t v);
cudaError_t cudaEventRecord(cudaEvent_t v, cudaStream_t s);
cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t v, unsigned flags);
cudaError_t cudaDeviceGetPCIBusId(char *id, int n, int device);
cudaError_t cudaGetLastError(void);
const char *cudaGetErrorString(cudaError_t e);
cudaError_t cudasim_set_shared(const void *fn, size_t n);
#define cudaFuncSetAttribute(fn, attr, n)                                     \
    ((void)(attr), cudasim_set_shared((const void *)(fn), (size_t)(n)))

#include "cudasim.h"
#endif
