/* Every operation of the CUDA backend in the simulator, against the CPU's,
 * byte for byte, over edge sizes, with blocks and threads in several orders;
 * its errors; a machine without a device. */
#include "kernels_ops.h"
#include "../cudasim/cudasim.h"

static struct kernels *open_sim(struct k_order o)
{
    struct kernels *k = NULL;
    struct err e = {0};

    if (kernels_open(&k, "cuda", 0, o, &e) != 0)
        t_fail(__FILE__, __LINE__, "open: %s", e.msg);
    return k;
}

static void compare(int c, struct k_order o)
{
    static struct ops_outs want, got;
    static const char *const how[] = {"threads forward", "threads in reverse",
                                      "threads at random"};
    struct kernels *cpu = ref_open("", 1, o.seed), *sim = open_sim(o);

    if (!cpu || !sim)
        return;
    cpu->order_nonce = sim->order_nonce = 9;
    for (int t = 0; t < 3; t++) {
        /* the whole takes minutes under a sanitizer */
        if (ref_sanitized() && (t != c % 3 || o.seed))
            continue;
        ops_run(cpu, ops_cases[c].fn, ref_types[t], &want);
        for (int i = 0; i < 3; i++) {
            /* each order at each type takes long for no more */
            if (i != (t + (o.seed != 0)) % 3 && (i != 2 || o.seed))
                continue;
            cudasim_set_order((enum cudasim_order)i, (uint64_t)t + 1);
            ops_run(sim, ops_cases[c].fn, ref_types[t], &got);
            ops_same(&want, &got, ref_types[t], how[i]);
            ops_drop_outs(&got);
        }
        ops_drop_outs(&want);
    }
    kernels_close(&cpu);
    kernels_close(&sim);
    T_EQ_INT(cudasim_in_use(), 0);
}

static int current;

static void canonical(void)
{
    struct k_order o = {ORDER_CANONICAL, 0};

    compare(current, o);
}

static void shuffled(void)
{
    struct k_order o = {ORDER_SHUFFLED, 77};

    compare(current, o);
}

static void errors_are_kept_for_sync(void)
{
    struct k_order o = {ORDER_CANONICAL, 0};
    struct kernels *k = open_sim(o);
    int32_t tok[3] = {1, 9, 2}, bad[2];
    float u[2] = {0.5f, 0.5f}, logp[2];
    struct k_sample s = {1, 1, 0};
    struct err e = {0};
    struct k_weight *W;
    float nan[8] = {0, 0, 0, 0, 0, 0, 0, 0};
    void *y, *dev, *x;

    ops_k = k;
    W = ops_weight(DT_F32, 5, 4, 1);
    y = ops_alloc(64);
    dev = ops_up(tok, sizeof tok);
    k->embed(k, DT_F32, y, dev, W, 3, 4);
    T_EQ_INT(k->sync(k, &e), -ERR_DATA);
    T_EQ_STR(e.msg, "embed: token 9 at row 1; the vocabulary has 5");
    T_EQ_INT(k->sync(k, &e), 0);
    nan[5] = NAN;
    x = ops_up(nan, sizeof nan);
    k->head_sample(k, DT_F32, DT_F32, bad, logp, x, W, u, NULL, s, 2, 5, 4);
    T_EQ_INT(k->sync(k, &e), -ERR_DATA);
    T_EQ_STR(e.msg, "head_sample: the logits of row 1 are not finite");
    T_EQ_INT(k->sync(k, &e), 0);
    ops_free(y), ops_free(dev), ops_free(x);
    k->weight_free(k, W);
    kernels_close(&k);
    T_EQ_INT(cudasim_in_use(), 0);
}

static void out_of_memory_says_what_there_is(void)
{
    struct k_order o = {ORDER_CANONICAL, 0};
    struct kernels *k;
    struct err e = {0};

    cudasim_set_memory((size_t)64 << 20);
    k = open_sim(o);
    T_CHECK(!k->alloc(k, (size_t)100 << 20, &e));
    T_CHECKF(strstr(e.msg, "100 MiB asked for") &&
                 strstr(e.msg, "MiB free of 64"),
             "%s", e.msg);
    cudasim_set_memory((size_t)1 << 30);
    kernels_close(&k);
}

static void says_why_there_is_no_device(void)
{
    struct k_order o = {ORDER_CANONICAL, 0};
    struct kernels *k = NULL;
    struct err e = {0};

    cudasim_set_devices(0, 0);
    T_EQ_INT(kernels_open(&k, "cuda", 0, o, &e), -ERR_IO);
    T_EQ_STR(e.msg, "device cuda: this machine has no NVIDIA driver");
    cudasim_set_devices(0, 13000);
    T_EQ_INT(kernels_open(&k, "cuda", 0, o, &e), -ERR_IO);
    T_EQ_STR(e.msg, "device cuda: no device: no CUDA-capable device is "
                    "detected");
    cudasim_set_devices(1, 13000);
    T_CHECK(!k);
}

int main(void)
{
    char name[64];

    for (current = 0; current < OPS_N_CASES; current++) {
        snprintf(name, sizeof name, "%s_canonical", ops_cases[current].name);
        t_run(name, canonical);
        snprintf(name, sizeof name, "%s_shuffled", ops_cases[current].name);
        if (ops_cases[current].shuffles)
            t_run(name, shuffled);
    }
    t_run("every_operation_is_in_a_case", ops_every_operation);
    T_RUN(errors_are_kept_for_sync);
    T_RUN(out_of_memory_says_what_there_is);
    T_RUN(says_why_there_is_no_device);
    T_DONE();
}
