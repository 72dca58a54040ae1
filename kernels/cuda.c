/* cuda - the CUDA backend, where nvcc was found; what it takes is known in every
 * build, so that a card can be planned for on any machine */
#include "attn.h"
#include "head.h"
#include "linear.h"
#include "ops.h"
#include "registry.h"
#include "rmsnorm.h"
#include "sumsq.h"

#ifdef HAVE_CUDA
int cuda_probe(struct err *e);
int cuda_open(struct kernels **k, int n_threads, struct k_order order,
              struct err *e);
#define ABSENT NULL
#else
#define cuda_probe NULL
#define cuda_open NULL
#define ABSENT "this build has no CUDA backend (nvcc was not found when it "  \
               "was made)"
#endif

static size_t scratch(const struct k_sizes *s, const struct k_pass *p)
{
    struct scratch_plan z = {.s = s, .p = p};

#define ASK(op, scratch, hw) K_IF(scratch)(cuda_##op##_scratch(&z);)
    K_OPS(ASK)
#undef ASK
    return scratch_total(&z) +
           (s->order.kind == ORDER_HARDWARE ? CUDA_WORKSPACE : 0);
}

static size_t weight(const struct k_sizes *s, enum dtype t, int N, int K,
                     int uses)
{
    (void)s;
    (void)uses; /* every product reads the rows as they lie */
    return (size_t)N * (size_t)K * dtype_size(t);
}

static int sizes(struct k_sizes *s, struct err *e)
{
    (void)e;
    s->n_threads = 0;
    s->weight = weight;
    s->scratch = scratch;
    return 0;
}

const struct backend cuda_backend = {
    .name = "cuda",
    .can = {.orders = 1 << ORDER_CANONICAL | 1 << ORDER_SHUFFLED |
                      1 << ORDER_HARDWARE,
            .alone = 1 << ORDER_CANONICAL | 1 << ORDER_SHUFFLED,
            .own_memory = 1, .views = 1},
    .absent = ABSENT,
    .probe = cuda_probe,
    .open = cuda_open,
    .sizes = sizes,
};
