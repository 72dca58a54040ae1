/* memory - between the simulator's files */
#ifndef ULP_CUDASIM_MEMORY_H
#define ULP_CUDASIM_MEMORY_H
#include <stddef.h>
#include <functional>
#include "cuda_runtime.h"

void memory_show(int visible);       /* device memory to the running code */
void memory_check(const char *name); /* bytes past an allocation untouched? */
void memory_fail(int error);         /* what cudaGetLastError gives */
int memory_shared_ok(const void *fn, size_t dynamic);
int memory_inside(const void *p, size_t n); /* of one allocation */

/* ---- streams ---- */
void streams_flush(void); /* does what they have put off */
/* Does work now, or puts it off where s is not the default stream. */
void cudasim_enqueue(cudaStream_t s, const char *name,
                     const std::function<void()> &work);

/* ---- threads ---- */
[[noreturn]] void cudasim_stop(const char *why);
int cudasim_current(void); /* of the block */
int cudasim_in_shared(const void *p, size_t n);
/* Give up to 48 bytes to all threads of the warp, and see theirs. Threads that
 * meet in different operations end the program. */
void cudasim_offer(const void *v, size_t n, unsigned *turn);
const void *cudasim_offered(int lane, unsigned turn);

#endif
