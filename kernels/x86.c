/* x86 - CPUID and XGETBV */
#include "x86.h"
#include <string.h>
#ifdef __x86_64__
#include <cpuid.h>

static uint64_t xgetbv(void)
{
    uint32_t lo, hi;

    __asm__ volatile("xgetbv" : "=a"(lo), "=d"(hi) : "c"(0));
    return (uint64_t)hi << 32 | lo;
}

void x86_read(struct x86_words *w)
{
    uint32_t a, b, c, d;

    memset(w, 0, sizeof *w);
    w->max_leaf = (uint32_t)__get_cpuid_max(0, NULL);
    if (w->max_leaf < 1)
        return;
    __cpuid(1, a, b, c, d);
    w->leaf1_ecx = c;
    if (c >> 27 & 1)
        w->xcr0 = xgetbv();
    if (w->max_leaf < 7)
        return;
    __cpuid_count(7, 0, a, b, c, d);
    w->max_subleaf = a;
    w->leaf7_ebx = b;
    if (w->max_subleaf < 1)
        return;
    __cpuid_count(7, 1, a, b, c, d);
    w->leaf7_1_eax = a;
}
#else
void x86_read(struct x86_words *w)
{
    memset(w, 0, sizeof *w);
}
#endif
