/* scratch - what operations take to work in, known from shapes alone
 *
 * For an operation that ops.h marks each backend has a function which puts
 * into slots what the operation asks for in such a pass: SCRATCH(op) in
 * cpu/OP.c, and CUDA_SCRATCH(op) in OP.h here, since cards are planned for
 * where no .cu file is compiled. The same arithmetic serves the operation. A
 * slot keeps the most that any operation asked for;
 * tests/unit/{train,cuda}_memory.c hold the sum against what is measured.
 */
#ifndef ULP_KERNELS_SCRATCH_H
#define ULP_KERNELS_SCRATCH_H
#include "account.h"
#include "canon.h"
#include "kernels.h"

/* Slots of a backend, and those that each worker of the CPU has. */
enum {
    S_LOGITS, S_LOGITS2, S_PERM, S_ROWS, S_TASKS, S_PACK, S_SORT, S_PRODUCT,
    S_TILES, S_TILES_BWD, S_PANELS, N_SLOTS
};
enum { W_A, W_C, W_B, W_S, W_ROW, W_ROW2, N_WORKER_SLOTS };

/* The bytes of each slot for a pass p on a backend of sizes s; `worker` is of
 * each thread. */
struct scratch_plan {
    const struct k_sizes *s;
    const struct k_pass *p;
    size_t shared[N_SLOTS], worker[N_WORKER_SLOTS];
};

/* Bytes that cuBLASLt works in, held under order=hardware. */
enum { CUDA_WORKSPACE = 32 << 20 };

/* The function of an operation: raises the slots of *z to what the operation
 * takes in z->p. */
#define CUDA_SCRATCH(op)                                                      \
    static inline void cuda_##op##_scratch(struct scratch_plan *z)

/* Raises a slot to the bytes that are taken when so many are asked for. */
static inline void scratch_most(size_t *slot, size_t bytes)
{
    bytes = bytes ? account_room(bytes) : 0;
    *slot = bytes > *slot ? bytes : *slot;
}

/* A permutation of n terms in blocks. */
static inline size_t perm_bytes(long n)
{
    return (size_t)((n + CANON_BLOCK - 1) / CANON_BLOCK) * sizeof(int32_t);
}

/* Counts a permutation of n terms, which order=shuffled alone has. */
static inline void scratch_perm(struct scratch_plan *z, long n)
{
    if (z->s->order.kind == ORDER_SHUFFLED)
        scratch_most(&z->shared[S_PERM], perm_bytes(n));
}

/* Bytes of all slots, of all threads. */
static inline size_t scratch_total(const struct scratch_plan *z)
{
    size_t n = 0;

    for (int i = 0; i < N_SLOTS; i++)
        n += z->shared[i];
    for (int i = 0; i < N_WORKER_SLOTS; i++)
        n += (size_t)z->s->n_threads * z->worker[i];
    return n;
}

#endif
