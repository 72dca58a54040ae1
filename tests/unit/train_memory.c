/* train_memory - what --plan says of memory is what the CPU backend holds */
#include "memory_rig.h"

static const struct rig_case cases[] = {
    {"wide_head_fp32", "fp32", RIG_SHAPE(64, 3, 4, 2, 160, 3000), 1024, 96,
     0, 1},
    {"wide_head_bf16", "bf16", RIG_SHAPE(64, 3, 4, 2, 160, 3000), 1024, 96,
     0, 1},
    {"deep_fp32", "fp32", RIG_SHAPE(64, 8, 4, 4, 192, 300), 2048, 128, 0, 1},
    {"deep_fp32_recompute", "fp32", RIG_SHAPE(64, 8, 4, 4, 192, 300), 2048,
     128, 1, 1},
    {"deep_bf16", "bf16", RIG_SHAPE(64, 8, 4, 4, 192, 300), 2048, 128, 0, 2},
    {"deep_bf16_recompute", "bf16", RIG_SHAPE(64, 8, 4, 4, 192, 300), 2048,
     128, 1, 2},
    {"long_bf16_mixed", "bf16-mixed", RIG_SHAPE(96, 4, 6, 2, 256, 500), 1500,
     700, 0, 2},
    {"long_bf16_mixed_recompute", "bf16-mixed",
     RIG_SHAPE(96, 4, 6, 2, 256, 500), 1500, 700, 1, 1},
    {"short_fp32", "fp32", RIG_SHAPE(128, 4, 4, 2, 384, 700), 700, 24, 0, 2},
    {"kahan", "bf16-kahan", RIG_SHAPE(128, 4, 4, 2, 384, 700), 700, 48, 0, 1},
    {"fp16_mixed", "fp16-mixed", RIG_SHAPE(128, 4, 4, 2, 384, 700), 700, 48,
     0, 1},
};

static void the_plan_is_what_is_held(void)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct kernels *k;
        struct k_memory m;
        struct arm a;
        struct err e = {0};

        T_EQ_INT(arm_parse(&a, cases[i].arm, &e), 0);
        T_EQ_INT(kernels_open(&k, "cpu", cases[i].threads, a.order, &e), 0);
        rig_compare(&cases[i], k);
        k->trim(k);
        k->memory(k, &m);
        T_EQ_INT(m.now, 0);
        kernels_close(&k);
    }
}

int main(void)
{
    T_RUN(the_plan_is_what_is_held);
    T_DONE();
}
