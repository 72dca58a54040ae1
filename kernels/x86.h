/* x86 - what an x86 processor says of itself and what its system keeps of it
 *
 * Of avx512_bf16, which order=hardware on a CPU needs; the levels of cpu.c are
 * asked of the compiler's library.
 */
#ifndef ULP_KERNELS_X86_H
#define ULP_KERNELS_X86_H
#include <stdint.h>

struct x86_words {
    uint32_t max_leaf;    /* CPUID 0: EAX */
    uint32_t leaf1_ecx;   /* CPUID 1: ECX */
    uint32_t max_subleaf; /* CPUID 7, 0: EAX */
    uint32_t leaf7_ebx;   /* CPUID 7, 0: EBX */
    uint32_t leaf7_1_eax; /* CPUID 7, 1: EAX */
    uint64_t xcr0;        /* XGETBV 0, where there is one */
};

/* Those of this processor; 0 where a leaf or XGETBV is missing, and on other
 * architectures. */
void x86_read(struct x86_words *w);

/* Does it have vdpbf16ps on 512-bit registers, and does the system keep their
 * state? (Intel SDM 1, 15.2 and 15.4; AMD64 APM 3, E.3.6) */
static inline int x86_has_avx512_bf16(const struct x86_words *w)
{
    const uint32_t osxsave = 1u << 27;
    const uint64_t state = 0xE6; /* xmm, upper ymm, k, upper zmm, zmm 16-31 */
    const uint32_t need = 1u << 16   /* avx512f */
                          | 1u << 17 /* dq */
                          | 1u << 28 /* cd */
                          | 1u << 30 /* bw */
                          | 1u << 31 /* vl */;

    return w->max_leaf >= 7 && (w->leaf1_ecx & osxsave) &&
           (w->xcr0 & state) == state && (w->leaf7_ebx & need) == need &&
           w->max_subleaf >= 1 && (w->leaf7_1_eax >> 5 & 1);
}

#endif
