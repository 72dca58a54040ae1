/* queue - streams: work that is put off until somebody waits for it, and events
 *
 * A stream knows how much of the default stream's work it has waited for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <deque>
#include <set>
#include "cuda_runtime.h"
#include "memory.h"

struct cudasim_stream {
    std::deque<std::function<void()>> todo;
    uint64_t done, seen; /* seen: of the default stream's work */
};

struct cudasim_event {
    cudaStream_t s;
    uint64_t at; /* so much work of s is before it */
};

static std::set<cudaStream_t> streams;
static uint64_t of_default; /* work asked of the default stream */

static void flush(cudaStream_t s, uint64_t to)
{
    while (s->done < to) {
        std::function<void()> work = s->todo.front();

        s->todo.pop_front();
        s->done++;
        work();
    }
}

void streams_flush(void)
{
    for (cudaStream_t s : streams)
        flush(s, s->done + s->todo.size());
}

void cudasim_enqueue(cudaStream_t s, const char *name,
                     const std::function<void()> &work)
{
    if (!s) {
        of_default++;
        work();
        return;
    }
    if (s->seen != of_default) {
        fprintf(stderr, "cudasim: %s in a stream that does not wait for the "
                "work of the default stream before it\n", name);
        abort();
    }
    s->todo.push_back(work);
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *s, unsigned flags)
{
    if (flags != cudaStreamNonBlocking)
        return cudaErrorInvalidValue;
    *s = new cudasim_stream();
    streams.insert(*s);
    return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t s)
{
    if (s)
        flush(s, s->done + s->todo.size());
    return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t s)
{
    cudaStreamSynchronize(s);
    streams.erase(s);
    delete s;
    return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *v, unsigned flags)
{
    if (flags != cudaEventDisableTiming)
        return cudaErrorInvalidValue;
    *v = new cudasim_event();
    return cudaSuccess;
}

cudaError_t cudaEventDestroy(cudaEvent_t v)
{
    delete v;
    return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t v, cudaStream_t s)
{
    v->s = s;
    v->at = s ? s->done + s->todo.size() : of_default;
    return cudaSuccess;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t s, cudaEvent_t v, unsigned)
{
    if (v->s)
        flush(v->s, v->at);
    else if (s && s->seen < v->at)
        s->seen = v->at;
    return cudaSuccess;
}

/* Each device that CUDA_VISIBLE_DEVICES can name is another one. */
cudaError_t cudaDeviceGetPCIBusId(char *id, int n, int)
{
    const char *name = getenv("CUDA_VISIBLE_DEVICES");

    snprintf(id, (size_t)n, "0000:%02x:00.0", name ? atoi(name) : 0);
    return cudaSuccess;
}
