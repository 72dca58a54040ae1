/* model - what the modelled processor says of itself */
#include "model.h"

struct x86_words model_words = {.max_leaf = 13,
                                .leaf1_ecx = 1u << 27,
                                .max_subleaf = 1,
                                .leaf7_ebx = 0xF0030000u,
                                .leaf7_1_eax = 1u << 5,
                                .xcr0 = 0xE7};

void model_x86_read(struct x86_words *w)
{
    *w = model_words;
}

int model_has_avx2(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
           __builtin_cpu_supports("bmi2");
}
