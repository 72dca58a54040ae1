/* train_keeping - an update that leaves the weights as they were in the memory
 * of its gradients: the same update, bit for bit, and those weights
 */
#include "../../lib/train/adamw.h"
#include "t.h"

/* The first is more than what is kept at a time, the second less. */
enum { N_FIRST = (1 << 18) + 4101, N_SECOND = 50, N = N_FIRST + N_SECOND };

static struct param tensors[2];
static const struct params all = {.n = 2, .v = tensors, .n_values = N};
static float start[N], grad[N];

static void fill(void)
{
    uint32_t s = 1;

    strcpy(tensors[0].name, "first");
    tensors[0].n = N_FIRST;
    tensors[0].decay = 1;
    strcpy(tensors[1].name, "second");
    tensors[1].n = N_SECOND;
    tensors[1].offset = N_FIRST;
    for (int i = 0; i < N; i++) {
        s = s * 1664525u + 1013904223u;
        start[i] = (float)(int32_t)s * 0x1p-36f;
        s = s * 1664525u + 1013904223u;
        grad[i] = (float)(int32_t)s * 0x1p-40f;
    }
}

struct run {
    struct adamw *a;
    void *g;
    size_t got;
    const char *before;
    int differs;
};

static void open_run(struct run *r, struct kernels *k, const struct arm *arm,
                     int offload)
{
    const struct adamw_opts o = {.beta1 = 0.9,
                                 .beta2 = 0.999,
                                 .eps = 1e-8,
                                 .weight_decay = 0.01,
                                 .grad_clip = 1,
                                 .seed = 3,
                                 .offload = offload};
    struct err e = {0};

    memset(r, 0, sizeof *r);
    T_EQ_INT(adamw_open(&r->a, k, &all, arm, &o, &e), 0);
    T_EQ_INT(adamw_set_master(r->a, start, &e), 0);
    r->g = k->alloc(k, N * sizeof(float), &e);
}

static void close_run(struct run *r, struct kernels *k)
{
    k->free(k, r->g);
    adamw_close(&r->a);
}

/* The weights are those at r->before. */
static int hold(void *ctx, const void *p, size_t n, struct err *e)
{
    struct run *r = ctx;

    (void)e;
    r->differs |= memcmp(r->before + r->got, p, n) != 0;
    r->got += n;
    return 0;
}

static int copy(void *ctx, const void *p, size_t n, struct err *e)
{
    char **to = ctx;

    (void)e;
    memcpy(*to, p, n);
    *to += n;
    return 0;
}

static int same(const struct run *x, const struct run *y)
{
    size_t moment = N * dtype_size(x->a->arm.adam);

    return !memcmp(x->a->master, y->a->master,
                   N * dtype_size(x->a->arm.master)) &&
           !memcmp(x->a->m, y->a->m, moment) &&
           !memcmp(x->a->v, y->a->v, moment) &&
           (!x->a->comp || !memcmp(x->a->comp, y->a->comp, 2 * N));
}

static void check(struct kernels *k, const char *name, int offload)
{
    struct arm arm;
    struct run x, y;
    struct adamw_result rx, ry;
    struct err e = {0};
    enum dtype t;
    char *was = malloc(N * sizeof(float)), *to = was;

    T_EQ_INT(arm_parse(&arm, name, &e), 0);
    t = arm_sampler(&arm).compute;
    T_CHECKF(adamw_can_keep(&arm, t, 1, 0), "%s", name);
    open_run(&x, k, &arm, offload);
    open_run(&y, k, &arm, offload);
    for (int i = 0; i < 2; i++) { /* the second has moments before it */
        to = was;
        T_EQ_INT(adamw_compute_weights(x.a, t, copy, &to, &e), 0);
        k->cast(k, x.g, arm.grads, grad, DT_F32, N);
        k->cast(k, y.g, arm.grads, grad, DT_F32, N);
        T_EQ_INT(adamw_update(x.a, x.g, 1e-3, &rx, &e), 0);
        T_EQ_INT(adamw_update_keeping(y.a, y.g, t, 1e-3, &ry, &e), 0);
        T_CHECKF(rx.norm == ry.norm && rx.changed == ry.changed &&
                     rx.changed > 0,
                 "%s", name);
        T_CHECKF(same(&x, &y), "%s, offload %d: another update", name, offload);
        T_CHECKF(!memcmp(y.g, was, N * dtype_size(t)),
                 "%s, offload %d: other weights before", name, offload);
    }
    y.before = was;
    T_EQ_INT(adamw_compute_weights(y.a, t, hold, &y, &e), 0);
    T_CHECKF(y.differs && y.got == N * dtype_size(t), "%s: nothing moved",
             name);
    close_run(&x, k);
    close_run(&y, k);
    free(was);
}

static void the_update_is_the_same_and_the_weights_before_are_kept(void)
{
    static const char *const arms[] = {"fp32",
                                       "bf16,order=canonical",
                                       "bf16-mixed",
                                       "verl",
                                       "bf16-sr",
                                       "bf16-kahan",
                                       "fp16-mixed",
                                       "areal",
                                       "fp32,rollout=bf16-mixed"};
    struct k_order order = {ORDER_CANONICAL, 0};
    struct kernels *k = NULL;
    struct err e = {0};

    fill();
    T_EQ_INT(kernels_open(&k, "cpu", 2, order, &e), 0);
    for (size_t i = 0; i < sizeof arms / sizeof *arms; i++)
        for (int offload = 0; offload < 2; offload++)
            check(k, arms[i], offload);
    kernels_close(&k);
}

static void wider_weights_than_gradients_are_not_kept(void)
{
    struct arm arm;
    struct err e = {0};

    T_EQ_INT(arm_parse(&arm, "bf16,rollout=fp32", &e), 0);
    T_CHECK(!adamw_can_keep(&arm, arm_sampler(&arm).compute, 1, 0));
    T_EQ_INT(arm_parse(&arm, "fp32", &e), 0);
    T_CHECK(!adamw_can_keep(&arm, DT_F32, 2, 0));
    T_CHECK(!adamw_can_keep(&arm, DT_F32, 1, 1));
}

int main(void)
{
    T_RUN(the_update_is_the_same_and_the_weights_before_are_kept);
    T_RUN(wider_weights_than_gradients_are_not_kept);
    T_DONE();
}
