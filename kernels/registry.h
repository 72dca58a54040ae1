/* registry - what a backend says of itself
 *
 * Each has a file here (cpu.c, cuda.c) with its struct backend, compiled in
 * every build; its operations are in the folder of its name.
 */
#ifndef ULP_KERNELS_REGISTRY_H
#define ULP_KERNELS_REGISTRY_H
#include "kernels.h"

struct backend {
    const char *name;
    struct k_capabilities can;
    const char *absent; /* why this build has it not; NULL: it has */
    /* 0: of the orders that depend on the machine, this one is to be had here;
     * else *e says what it needs. NULL: there are none. */
    int (*order_here)(enum k_order_kind order, struct err *e);
    /* 0: it can be opened here; else *e has the reason. */
    int (*probe)(struct err *e);
    /* Fills *k, but for what a struct backend says. The order is one of
     * can.orders, or order_here. */
    int (*open)(struct kernels **k, int n_threads, struct k_order order,
                struct err *e);
    /* The functions of *s; the rest is filled in. */
    int (*sizes)(struct k_sizes *s, struct err *e);
};

/* Has the opened backend every operation of ops.h? The one that it has not is
 * named. */
int registry_check(const struct kernels *k, struct err *e) MUST_CHECK;

/* The backends of every build. */
extern const struct backend cpu_backend, cuda_backend;

#endif
