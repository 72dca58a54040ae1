/* cpu - the CPU backend: compiled once for each instruction set level, opened
 * at the widest that the processor has
 *
 * order=hardware takes the widest level and avx512_bf16 (cpu/simd.h, vf_dot).
 */
#include <stdlib.h>
#include <string.h>
#include "registry.h"
#include "x86.h"

typedef int cpu_open_fn(struct kernels **k, int n_threads, int dots,
                        struct err *e);
typedef void cpu_sizes_fn(struct k_sizes *s);
#ifdef HAVE_ISA_v1
cpu_open_fn cpu_open_v1, cpu_open_v3, cpu_open_v4;
cpu_sizes_fn cpu_sizes_v1, cpu_sizes_v3, cpu_sizes_v4;
#else
cpu_open_fn cpu_open_generic;
cpu_sizes_fn cpu_sizes_generic;
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

/* The widest level that the processor has, or that ULP_ISA names; NULL fills
 * *e. */
static const struct level *find_level(struct err *e)
{
    const char *want = getenv("ULP_ISA");

    for (int i = 0; i < N_LEVELS; i++) {
        if (want && *want && strcmp(want, levels[i].name))
            continue;
        if (has(i))
            return &levels[i];
        if (want && *want) {
            err_set(e, ERR_USAGE, "ULP_ISA=%s: this processor has not those "
                    "instructions", want);
            return NULL;
        }
    }
    err_set(e, ERR_USAGE, "ULP_ISA=%s: not one of the instruction sets of "
            "this build", want ? want : "");
    return NULL;
}

static int probe(struct err *e)
{
    return find_level(e) ? 0 : -ERR_USAGE;
}

/* Has this level the code for vdpbf16ps, and this processor the instruction? */
static int order_here(enum k_order_kind order, struct err *e)
{
    const struct level *l = find_level(e);
    struct x86_words w;

    if (!l || order != ORDER_HARDWARE)
        return -ERR_USAGE;
    x86_read(&w);
    if (!x86_has_avx512_bf16(&w))
        return err_set(e, ERR_USAGE, "here: this processor lacks avx512_bf16");
    if (strcmp(l->name, "x86-64-v4"))
        return err_set(e, ERR_USAGE, "at %s: avx512_bf16 comes with x86-64-v4",
                       l->name);
    return 0;
}

static int open_level(struct kernels **k, int n_threads, struct k_order order,
                      struct err *e)
{
    const struct level *l = find_level(e);
    int dots = order.kind == ORDER_HARDWARE;
    int r = l ? l->open(k, n_threads, dots, e) : -ERR_USAGE;

    if (!r)
        (*k)->variant = dots ? "x86-64-v4 with avx512_bf16" : l->name;
    return r;
}

static int sizes(struct k_sizes *s, struct err *e)
{
    const struct level *l = find_level(e);

    if (!l)
        return -ERR_USAGE;
    l->sizes(s);
    return 0;
}

const struct backend cpu_backend = {
    .name = "cpu",
    .can = {.orders = 1 << ORDER_CANONICAL | 1 << ORDER_SHUFFLED,
            .alone = 1 << ORDER_CANONICAL | 1 << ORDER_SHUFFLED |
                     1 << ORDER_HARDWARE},
    .order_here = order_here,
    .probe = probe,
    .open = open_level,
    .sizes = sizes,
};
