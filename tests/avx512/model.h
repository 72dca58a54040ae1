/* model - kernels/cpu.c over the model of AVX-512: its level x86-64-v4 is the
 * model, on every processor that has AVX2, and x86_read says avx512_bf16 unless
 * model_words says otherwise. */
#ifndef ULP_AVX512_MODEL_CPU_H
#define ULP_AVX512_MODEL_CPU_H
#include "../../kernels/x86.h"

extern struct x86_words model_words;
void model_x86_read(struct x86_words *w);
int model_has_avx2(void);

#ifdef MODEL_CPU /* compiling kernels/cpu.c */
#define cpu_open_v4 cpu_open_model
#define cpu_sizes_v4 cpu_sizes_model
#define x86_read model_x86_read
#define __builtin_cpu_supports(feature) model_has_avx2()
#endif

#endif
