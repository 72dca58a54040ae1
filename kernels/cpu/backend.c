/* backend - the CPU's table of operations */
#include "cpu.h"

static void fill(struct kernels *k)
{
#define SET(op, ...) k->op = NAME(op_##op);
    K_OPS(SET)
#undef SET
    k->weight_rows = NAME(weight_rows);
}

static size_t scratch(const struct k_sizes *s, const struct k_pass *p)
{
    struct scratch_plan z = {.s = s, .p = p};

#define ASK(op, scratch, hw) K_IF(scratch)(NAME(op##_scratch)(&z);)
    K_OPS(ASK)
#undef ASK
    return scratch_total(&z);
}

void NAME(cpu_sizes)(struct k_sizes *s)
{
    s->weight = NAME(weight_bytes);
    s->scratch = scratch;
}

int NAME(cpu_open)(struct kernels **k, int n_threads, int dots,
                   struct err *e)
{
    struct cpu *c;
    int r = cpu_context(&c, n_threads, e);

    if (r)
        return r;
    fill(&c->k);
    c->dots = dots && HAS_DOTS;
    *k = &c->k;
    return 0;
}
