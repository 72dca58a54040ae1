/* cuda_memory - the CUDA backend's account of its memory in the simulator: it
 * is the device's, the plan agrees with it, it goes back, and where there is
 * not enough the message says so */
#include "../cudasim/cudasim.h"
#include "memory_rig.h"
#include "round_rig.h"

extern const struct arch arch_qwen3;

static const struct rig_case cases[] = {
    {"wide_head_fp32", "fp32", RIG_SHAPE(16, 1, 2, 1, 32, 600), 96, 32, 0, 1, 0,
     0},
    {"deep_fp32", "fp32", RIG_SHAPE(16, 4, 2, 2, 48, 40), 120, 40, 0, 0, 0, 0},
    {"bf16_recompute", "bf16", RIG_SHAPE(16, 6, 2, 1, 48, 40), 120, 40, 1, 0, 0,
     0},
    {"bf16_mixed", "bf16-mixed", RIG_SHAPE(24, 3, 3, 1, 48, 60), 100, 60, 0, 0,
     0, 0},
    {"qwen3", "fp32", RIG_OF(arch_qwen3, 128, 1, 2, 2, 48, 40), 60, 30, 0, 0, 0,
     0},
};
enum { N_CASES = sizeof cases / sizeof *cases };

static struct kernels *open_sim(const char *arm)
{
    struct kernels *k = NULL;
    struct arm a;
    struct err e = {0};

    if (arm_parse(&a, arm, &e) || kernels_open(&k, "cuda", 0, a.order.k, &e)) {
        t_fail(__FILE__, __LINE__, "%s", e.msg);
        exit(1);
    }
    return k;
}

static void the_plan_is_what_is_held(void)
{
    for (int i = 0; i < N_CASES; i += rig_sanitized() ? 3 : 1) {
        struct kernels *k = open_sim(cases[i].arm);
        struct k_memory m;

        rig_compare(&cases[i], k);
        k->memory(k, &m);
        T_EQ_INT(m.now, cudasim_in_use());
        T_EQ_INT(m.total - m.free, m.now);
        kernels_close(&k);
        T_EQ_INT(cudasim_in_use(), 0);
    }
}

static void who_waits_holds_weights_and_state_alone(void)
{
    const struct rig_case *x = &cases[3];
    struct kernels *k = open_sim(x->arm);
    struct plan_memory p;
    struct rig t;
    size_t opened, round;

    rig_open(&t, x, k);
    rig_plan(&p, x, &t.arm, &k->sizes);
    model_trim(t.m);
    opened = cudasim_in_use();
    rig_update(&t, x);
    round = cudasim_in_use();
    T_CHECK(round >= opened + p.m.grads + p.m.acts / 2);
    model_trim(t.m);
    /* and what norms are rounded up to, a few counters */
    T_CHECKF(cudasim_in_use() <= (p.waiting - p.pieces) * 102 / 100 &&
                 cudasim_in_use() >= p.waiting - p.pieces,
             "%zu bytes, planned %zu", cudasim_in_use(), p.waiting - p.pieces);
    rig_update(&t, x);
    T_EQ_INT(cudasim_in_use(), round);
    rig_close(&t);
    kernels_close(&k);
}

static void an_update_in_pieces_has_the_same_bits(void)
{
    struct kernels *k = open_sim("bf16-sr");

    rig_pieces(k);
    kernels_close(&k);
    T_EQ_INT(cudasim_in_use(), 0);
}

static void a_sampler_gives_memory_back_before_the_last_record(void)
{
    static const struct config c = RIG_SHAPE(16, 1, 2, 1, 32, 80);
    size_t rope = 256 * 8 * sizeof(float); /* made with the first pass */
    size_t weights, now[2][ROUNDS], most[ROUNDS];
    uint64_t drawn[2];

    for (int offload = 0; offload < 2; offload++) {
        struct kernels *k = open_sim("fp32");
        struct round_rig t;

        round_open(&t, k, &c, 0, offload); /* a device: always */
        k->trim(k);
        weights = cudasim_in_use();
        round_run(&t, now[offload], most);
        drawn[offload] = t.drawn;
        for (int i = 0; i < ROUNDS; i++)
            T_CHECK(most[i] > weights * 3 / 2);
        round_close(&t);
        kernels_close(&k);
        T_EQ_INT(cudasim_in_use(), 0);
    }
    for (int i = 0; i < ROUNDS; i++) {
        T_EQ_INT(now[0][i], weights + rope);
        T_CHECK(now[1][i] < rope + 4096); /* norms and biases */
    }
    T_CHECK(drawn[0] == drawn[1]);
}

/* Every limit, from where a model just opens to where an update passes, gives
 * an update or a message. */
static void out_of_memory_is_said_at_every_size(void)
{
    const struct rig_case *x = &cases[1];
    struct kernels *k = open_sim(x->arm);
    struct pack pack = {0};
    struct seqs q;
    struct rig t;
    struct k_memory m;
    size_t opened;
    float logp[128];
    int failed = 0;

    rig_open(&t, x, k);
    model_trim(t.m);
    opened = cudasim_in_use();
    rig_fill(&pack, x);
    q = pack_view(&pack, 0, pack.n);
    rig_update(&t, x);
    k->memory(k, &m);
    for (size_t step = (m.peak - opened) / 7, n = opened;; n += step) {
        struct err e = {0};

        model_trim(t.m);
        cudasim_set_memory(n);
        if (!model_forward(t.m, &q, 1, 1, 0, logp, NULL, &e) &&
            !model_backward(t.m, logp, &e))
            break;
        failed++;
        T_CHECKF(e.no_memory && e.code == ERR_IO &&
                     strstr(e.msg, "MiB asked for") &&
                     strstr(e.msg, "MiB held") && strstr(e.msg, "free of"),
                 "%s", e.msg);
        if (n > m.peak)
            break;
    }
    T_CHECKF(failed >= 4 && failed <= 8, "%d sizes failed", failed);
    cudasim_set_memory((size_t)1 << 30);
    pack_free(&pack);
    rig_close(&t);
    kernels_close(&k);
}

int main(void)
{
    T_RUN(the_plan_is_what_is_held);
    T_RUN(who_waits_holds_weights_and_state_alone);
    T_RUN(an_update_in_pieces_has_the_same_bits);
    T_RUN(a_sampler_gives_memory_back_before_the_last_record);
    T_RUN(out_of_memory_is_said_at_every_size);
    T_DONE();
}
