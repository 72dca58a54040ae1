/* train_memory - what --plan says of memory is what the CPU backend holds */
#include "memory_rig.h"

extern const struct arch arch_qwen3;
#include "round_rig.h"

static const struct rig_case cases[] = {
    {"wide_head_fp32", "fp32", RIG_SHAPE(64, 3, 4, 2, 160, 3000), 1024, 96, 0,
     0, 1, 0},
    {"wide_head_bf16", "bf16", RIG_SHAPE(64, 3, 4, 2, 160, 3000), 1024, 96, 0,
     0, 1, 0},
    {"deep_fp32", "fp32", RIG_SHAPE(64, 8, 4, 4, 192, 300), 2048, 128, 0, 0, 1,
     0},
    {"deep_fp32_recompute", "fp32", RIG_SHAPE(64, 8, 4, 4, 192, 300), 2048, 128,
     1, 0, 1, 0},
    {"deep_bf16", "bf16", RIG_SHAPE(64, 8, 4, 4, 192, 300), 2048, 128, 0, 0, 2,
     0},
    {"deep_bf16_recompute", "bf16", RIG_SHAPE(64, 8, 4, 4, 192, 300), 2048, 128,
     1, 0, 2, 0},
    {"long_bf16_mixed", "bf16-mixed", RIG_SHAPE(96, 4, 6, 2, 256, 500), 1500,
     700, 0, 0, 2, 0},
    {"long_bf16_mixed_recompute", "bf16-mixed",
     RIG_SHAPE(96, 4, 6, 2, 256, 500), 1500, 700, 1, 0, 1, 0},
    {"short_fp32", "fp32", RIG_SHAPE(128, 4, 4, 2, 384, 700), 700, 24, 0, 0, 2,
     0},
    {"kahan_offload", "bf16-kahan", RIG_SHAPE(128, 4, 4, 2, 384, 700), 700, 48,
     0, 1, 1, 0},
    {"fp16_mixed", "fp16-mixed", RIG_SHAPE(128, 4, 4, 2, 384, 700), 700, 48, 0,
     0, 1, 0},
    {"deep_fp32_shards", "fp32,shards=8", RIG_SHAPE(64, 8, 4, 4, 192, 300),
     2048, 128, 0, 0, 2, 0},
    {"short_bf16_shards", "bf16,shards=3", RIG_SHAPE(128, 4, 4, 2, 384, 700),
     700, 24, 0, 0, 1, 0},
    {"qwen3_fp32", "fp32", RIG_OF(arch_qwen3, 64, 6, 4, 2, 96, 300), 1024, 96,
     0, 0, 2, 0},
    {"branching_fp32", "fp32", RIG_SHAPE(64, 8, 4, 4, 192, 300), 2048, 128, 0,
     0, 1, 96},
    {"branching_bf16_mixed_recompute", "bf16-mixed",
     RIG_SHAPE(96, 4, 6, 2, 256, 500), 1500, 128, 1, 0, 2, 96},
};

static void the_plan_is_what_is_held(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases;
         i += rig_sanitized() ? 5 : 1) {
        struct kernels *k;
        struct k_memory m;
        struct arm a;
        struct err e = {0};

        T_EQ_INT(arm_parse(&a, cases[i].arm, &e), 0);
        T_EQ_INT(kernels_open(&k, "cpu", cases[i].threads, a.order.k, &e), 0);
        rig_compare(&cases[i], k);
        k->trim(k);
        k->memory(k, &m);
        T_EQ_INT(m.now, 0);
        kernels_close(&k);
    }
}

/* 400 rows of 151936 logits are 232 MiB; both directions hold a few rows of
 * them at once. */
static void logits_of_a_large_vocabulary_are_never_whole(void)
{
    enum { V = 151936, H = 16 };
    const int T = rig_sanitized() ? 120 : 400;
    struct k_order canonical = {ORDER_CANONICAL, 0};
    struct k_pass pass = {.t = DT_F32,
                          .lt = DT_F32,
                          .T = T,
                          .R = T,
                          .longest = T,
                          .n_seqs = 1,
                          .hidden = H,
                          .ffn = H,
                          .vocab = V,
                          .attn = {1, 1, H},
                          .n_params = V * H,
                          .backward = 1};
    size_t bound = (size_t)80 << 20;
    static const char *const devices[] = {"cpu", "cuda"};
    struct kernels *k;
    struct k_memory m;
    struct k_weight *W;
    struct k_sizes s;
    struct err e = {0};
    float *x, *dW, *row, *w;
    int32_t *target;

    for (int i = 0; i < 2; i++) {
        T_EQ_INT(kernels_sizes(&s, devices[i], 2, canonical, &e), 0);
        T_CHECKF(s.scratch(&s, &pass) < bound, "%s: %zu bytes", devices[i],
                 s.scratch(&s, &pass));
    }
    T_EQ_INT(kernels_open(&k, "cpu", 2, canonical, &e), 0);
    W = k->weight_new(k, DT_F32, V, H, WEIGHT_FORWARD | WEIGHT_BACKWARD, &e);
    w = k->alloc(k, sizeof *w * V * H, &e);
    x = k->alloc(k, sizeof *x * 2 * (size_t)T * H, &e); /* and its gradient */
    dW = k->alloc(k, sizeof *dW * V * H, &e);
    row = k->alloc(k, sizeof *row * 3 * (size_t)T, &e);
    target = k->alloc(k, sizeof *target * (size_t)T, &e);
    for (int i = 0; i < T * H; i++)
        x[i] = (float)(i % 17) / 17;
    k->weight_set(k, W, w, DT_F32);
    k->head_logp(k, DT_F32, DT_F32, row, row + T, NULL, x, W, target, 1, T, V,
                 H);
    k->head_bwd(k, DT_F32, DT_F32, x + T * H, dW, row + 2 * T, row + T, x, W,
                target, 1, 1, T, V, H);
    T_EQ_INT(k->sync(k, &e), 0);
    T_NEAR(row[T - 1], -log(V), 1e-4, 0); /* all weights 0: all alike */
    k->memory(k, &m);
    T_CHECKF(m.scratch < bound, "%zu bytes of scratch", m.scratch);
    k->free(k, w);
    k->free(k, x);
    k->free(k, dW);
    k->free(k, row);
    k->free(k, target);
    k->weight_free(k, W);
    kernels_close(&k);
}

static size_t status_bytes(const char *key)
{
    char line[256];
    size_t kib = 0, n = strlen(key);
    FILE *f = fopen("/proc/self/status", "r");

    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, key, n))
            kib = (size_t)strtoull(line + n + 1, NULL, 10);
    if (f)
        fclose(f);
    return kib << 10;
}

/* What the kernel counts: beside the account the C library's own, thread
 * stacks, and large buffers in whole pages of 2 MiB: 8 MiB are allowed. */
static void the_process_grows_by_what_is_planned(void)
{
    const struct rig_case *x = &cases[2];
    struct plan_memory p;
    struct kernels *k;
    struct rig t;
    struct arm a;
    struct err e = {0};
    size_t before, most;
    FILE *f = fopen("/proc/self/clear_refs", "w");

    if (!f || fputs("5", f) < 0 || fclose(f)) {
        T_CHECK(!"the peak can be reset");
        return;
    }
    before = status_bytes("VmRSS");
    T_EQ_INT(arm_parse(&a, x->arm, &e), 0);
    T_EQ_INT(kernels_open(&k, "cpu", x->threads, a.order.k, &e), 0);
    rig_plan(&p, x, &a, &k->sizes);
    rig_open(&t, x, k);
    rig_update(&t, x);
    most = status_bytes("VmHWM") - before;
    if (getenv("SHOW"))
        printf("process grew by %zu, planned %zu\n", most, p.training);
    T_CHECKF((double)most <= 1.1 * (double)p.training + (8 << 20) &&
                 (double)most >= 0.9 * (double)p.training,
             "%zu bytes, planned %zu", most, p.training);
    rig_close(&t);
    kernels_close(&k);
}

static int can_reset_peak(void)
{
    FILE *f = fopen("/proc/self/clear_refs", "w");

    if (f)
        fclose(f);
    return f != NULL;
}

static void an_update_in_pieces_has_the_same_bits(void)
{
    struct k_order canonical = {ORDER_CANONICAL, 0};
    struct kernels *k;
    struct err e = {0};

    T_EQ_INT(kernels_open(&k, "cpu", 2, canonical, &e), 0);
    rig_pieces(k);
    kernels_close(&k);
}

static void a_sampler_gives_memory_back_before_the_last_record(void)
{
    static const struct config c = RIG_SHAPE(32, 2, 2, 1, 64, 300);
    struct k_order canonical = {ORDER_CANONICAL, 0};
    size_t weights[3], now[3][ROUNDS], most[ROUNDS];
    size_t rope = 256 * 16 * sizeof(float); /* made with the first pass */
    uint64_t drawn[3];

    for (int i = 0; i < 3; i++) { /* keeps all; releases; offloads too */
        struct kernels *k;
        struct k_memory m;
        struct round_rig t;
        struct err e = {0};

        T_EQ_INT(kernels_open(&k, "cpu", 2, canonical, &e), 0);
        round_open(&t, k, &c, i == 1, i == 2);
        k->trim(k);
        k->memory(k, &m);
        weights[i] = m.now;
        round_run(&t, now[i], most);
        drawn[i] = t.drawn;
        round_close(&t);
        kernels_close(&k);
    }
    for (int i = 0; i < ROUNDS; i++) {
        T_CHECK(now[0][i] > weights[0] * 3 / 2);
        T_EQ_INT(now[1][i], weights[1] + rope);
        T_CHECK(now[2][i] < rope + 4096); /* norms and biases */
        T_CHECK(most[i] > weights[2] * 3 / 2);
    }
    T_CHECK(drawn[0] == drawn[1] && drawn[0] == drawn[2]);
}

static void the_samplers_cache_is_planned_in_pages(void)
{
    static const int lengths[][2] = {{63, 1}, {64, 1}, {65, 2}, {129, 3}};
    static const struct config c = RIG_SHAPE(96, 3, 4, 2, 64, 300);
    struct k_order canonical = {ORDER_CANONICAL, 0};
    size_t page = 3 * 2 * 2 * KV_PAGE * 32 * sizeof(float); /* 24 take 32 */
    struct k_sizes s;
    struct arm a;
    struct err e = {0};

    T_EQ_INT(arm_parse(&a, "fp32", &e), 0);
    T_EQ_INT(kernels_sizes(&s, "cpu", 1, canonical, &e), 0);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct plan_shape o = {
            .micro_batch = 256, .longest = lengths[i][0], .batch = 5};
        struct plan_memory p;

        plan_memory(&p, &c, &a, &s, o);
        T_EQ_INT(p.sampler_cache, 5 * (size_t)lengths[i][1] * page);
    }
}

int main(void)
{
    if (rig_sanitized() || !can_reset_peak())
        T_SKIP("the_process_grows_by_what_is_planned",
               "a sanitizer, or no /proc/self/clear_refs");
    else /* first: what was freed is not given back */
        T_RUN(the_process_grows_by_what_is_planned);
    T_RUN(the_plan_is_what_is_held);
    T_RUN(an_update_in_pieces_has_the_same_bits);
    T_RUN(a_sampler_gives_memory_back_before_the_last_record);
    T_RUN(the_samplers_cache_is_planned_in_pages);
    T_RUN(logits_of_a_large_vocabulary_are_never_whole);
    T_DONE();
}
