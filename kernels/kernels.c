/* kernels - open a backend: the CPU at the widest instruction set that the
 * processor has, or CUDA where it was built in */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../lib/base/pool.h"
#include "cuda_sizes.h"
#include "kernels.h"

typedef int cpu_open_fn(struct kernels **k, int n_threads,
                        struct k_order order, struct err *e);
typedef void cpu_sizes_fn(struct k_sizes *s, int n_threads,
                          struct k_order order);
#ifdef HAVE_ISA_v1
cpu_open_fn cpu_open_v1, cpu_open_v3, cpu_open_v4;
cpu_sizes_fn cpu_sizes_v1, cpu_sizes_v3, cpu_sizes_v4;
#else
cpu_open_fn cpu_open_generic;
cpu_sizes_fn cpu_sizes_generic;
#endif
#ifdef HAVE_CUDA
enum { HAS_CUDA = 1 };
/* Fills *e with a reason and returns an error when there is no device. */
int cuda_open(struct kernels **k, struct k_order order, struct err *e);
int cuda_present(void);
#else
enum { HAS_CUDA = 0 };
static int cuda_open(struct kernels **k, struct k_order order, struct err *e)
{
    (void)k, (void)order;
    return err_set(e, ERR_USAGE, "device cuda: this build has no CUDA "
                   "backend (nvcc was not found when it was made)");
}

static int cuda_present(void)
{
    return 0;
}
#endif

struct level {
    const char *name;
    cpu_open_fn *open;
    cpu_sizes_fn *sizes;
};

#ifdef HAVE_ISA_v1
static const struct level levels[] = {
    {"x86-64-v4", cpu_open_v4, cpu_sizes_v4},
    {"x86-64-v3", cpu_open_v3, cpu_sizes_v3},
    {"x86-64", cpu_open_v1, cpu_sizes_v1},
};

static int has(int level)
{
    __builtin_cpu_init();
    if (level == 0)
        return __builtin_cpu_supports("avx512f") &&
               __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512cd") &&
               __builtin_cpu_supports("avx512dq") &&
               __builtin_cpu_supports("avx512vl");
    if (level == 1)
        return __builtin_cpu_supports("avx2") &&
               __builtin_cpu_supports("fma") &&
               __builtin_cpu_supports("bmi2");
    return 1;
}
#else
static const struct level levels[] = {
    {"generic", cpu_open_generic, cpu_sizes_generic},
};

static int has(int level)
{
    return level == 0;
}
#endif

enum { N_LEVELS = sizeof levels / sizeof *levels };

/* The widest level that the processor has, or that ULP_ISA names. */
static int find_level(const struct level **l, struct err *e)
{
    const char *want = getenv("ULP_ISA");
    int i;

    for (i = 0; i < N_LEVELS; i++) {
        if (want && *want && strcmp(want, levels[i].name))
            continue;
        if (has(i))
            break;
        if (want && *want)
            return err_set(e, ERR_USAGE, "ULP_ISA=%s: this processor has not "
                           "those instructions", want);
    }
    if (i == N_LEVELS)
        return err_set(e, ERR_USAGE, "ULP_ISA=%s: not one of the instruction "
                       "sets of this build", want ? want : "");
    *l = &levels[i];
    return 0;
}

static int cpu_open(struct kernels **k, int n_threads, struct k_order order,
                    struct err *e)
{
    const struct level *l;
    int r = find_level(&l, e);

    if (r)
        return r;
    if (order.kind == ORDER_HARDWARE)
        return err_set(e, ERR_USAGE, "order=hardware needs --device cuda: "
                       "the cpu has the canonical and shuffled orders");
    r = l->open(k, n_threads, order, e);
    if (r == 0)
        (*k)->variant = l->name;
    return r;
}

/* *device NULL or empty: auto. */
static int check_name(const char **device, struct err *e)
{
    const char *d = *device && **device ? *device : "auto";

    *device = d;
    if (strcmp(d, "auto") && strcmp(d, "cpu") && strcmp(d, "cuda"))
        return err_set(e, ERR_USAGE,
                       "device %s: expected auto, cpu or cuda", d);
    return 0;
}

int kernels_open(struct kernels **k, const char *device, int n_threads,
                 struct k_order order, struct err *e)
{
    struct err cuda = {0};
    int r = check_name(&device, e), is_auto;

    *k = NULL;
    if (r)
        return r;
    is_auto = !strcmp(device, "auto");
    if (!strcmp(device, "cpu") || (is_auto && !HAS_CUDA))
        return cpu_open(k, n_threads, order, e);
    if (cuda_open(k, order, &cuda) == 0)
        return 0;
    if (!is_auto) {
        if (e)
            *e = cuda;
        return -cuda.code;
    }
    if (order.kind == ORDER_HARDWARE)
        return err_set(e, ERR_USAGE, "order=hardware needs a CUDA device: %s",
                       cuda.msg);
    r = cpu_open(k, n_threads, order, e);
    if (r == 0)
        snprintf((*k)->why, sizeof (*k)->why, "%.190s", cuda.msg);
    return r;
}

int kernels_sizes(struct k_sizes *s, const char *device, int n_threads,
                  struct k_order order, struct err *e)
{
    const struct level *l;
    int r = check_name(&device, e);

    if (r)
        return r;
    if (!strcmp(device, "cuda") ||
        (!strcmp(device, "auto") && cuda_present())) {
        cuda_sizes(s, order);
        return 0;
    }
    r = find_level(&l, e);
    if (!r)
        l->sizes(s, pool_count(n_threads), order);
    return r;
}

void kernels_close(struct kernels **k)
{
    if (*k)
        (*k)->close(*k);
    *k = NULL;
}

void kernels_describe(const struct kernels *k, char *buf, size_t n)
{
    int m = snprintf(buf, n, "%s %s", k->name, k->variant);

    if (m >= 0 && (size_t)m < n && k->n_threads)
        snprintf(buf + m, n - (size_t)m, ", %d thread%s", k->n_threads,
                 k->n_threads == 1 ? "" : "s");
}
