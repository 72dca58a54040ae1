/* Every operation on every instruction set of this processor, and on one
 * thread and three: one set of bits. */
#include "kernels_ops.h"

/* The case on one of them; 0: this processor or build has it not. */
static int run(const char *isa, int threads, uint64_t shuffle, int c,
               enum dtype t, struct ops_outs *o)
{
    struct kernels *k = ref_open(isa, threads, shuffle);

    if (!k)
        return 0;
    k->order_nonce = 9;
    ops_run(k, ops_cases[c].fn, t, o);
    kernels_close(&k);
    return 1;
}

static int compare(int c, enum dtype t, uint64_t shuffle)
{
    static struct ops_outs want, got;
    char how[64];
    int seen = 0;

    run("", 1, shuffle, c, t, &want);
    for (int isa = 0; isa < REF_N_ISAS; isa++)
        for (int threads = 1; threads <= 3; threads += 2) {
#ifdef ISA_ALONE /* which the first of them is compared with */
            if (threads == 1 || strcmp(ref_isas[isa], ISA_ALONE))
                continue;
#endif
            /* without FMA under a sanitizer all this takes minutes */
            if (ref_sanitized() &&
                (threads == 1 || (isa + (int)t) % 3 || (shuffle && isa == 0)))
                continue;
            if (!run(ref_isas[isa], threads, shuffle, c, t, &got))
                continue;
            seen++;
            snprintf(how, sizeof how, "%s, %d threads", ref_isas[isa], threads);
            ops_same(&want, &got, t, how);
            ops_drop_outs(&got);
        }
    ops_drop_outs(&want);
    return seen;
}

static void all(uint64_t shuffle)
{
    int seen = 0;

    for (int c = 0; c < OPS_N_CASES; c++)
        for (int t = 0; t < 3; t++)
            if (!shuffle || ops_cases[c].shuffles)
                seen += compare(c, ref_types[t], shuffle);
#ifndef ISA_ALONE
    T_CHECK(seen >= (ref_sanitized() ? 1 : 6));
#else
    T_CHECK(seen);
#endif
}

static void canonical_bits_everywhere(void)
{
    all(0);
}

static void shuffled_bits_everywhere(void)
{
    all(77);
}

int main(void)
{
    T_RUN(canonical_bits_everywhere);
    T_RUN(shuffled_bits_everywhere);
    t_run("every_operation_is_in_a_case", ops_every_operation);
    T_DONE();
}
