/* arm - the table of arms and the parser of NAME,factor=value,... */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arm.h"

#define DROPOUT_BF16 0.1 /* SCIENCE 2: on attention and MLP outputs */

static const struct {
    const char *name;
    enum dtype master, compute;
    int stochastic, kahan;
    enum k_order_kind order;
    double dropout;
} arms[] = {
    {"fp32", DT_F32, DT_F32, 0, 0, ORDER_CANONICAL, 0},
    {"bf16", DT_BF16, DT_BF16, 0, 0, ORDER_SHUFFLED, DROPOUT_BF16},
    {"bf16-mixed", DT_F32, DT_BF16, 0, 0, ORDER_CANONICAL, 0},
    {"bf16-sr", DT_BF16, DT_BF16, 1, 0, ORDER_CANONICAL, 0},
    {"bf16-kahan", DT_BF16, DT_BF16, 0, 1, ORDER_CANONICAL, 0},
    {"fp16-mixed", DT_F32, DT_F16, 0, 0, ORDER_CANONICAL, 0},
};
#define N_ARMS ((int)(sizeof arms / sizeof arms[0]))

const char *dtype_name(enum dtype t)
{
    return t == DT_F32 ? "fp32" : t == DT_BF16 ? "bf16" : "fp16";
}

const char *arm_list(void)
{
    return "  fp32        fp32 throughout: the zero-noise arm\n"
           "  bf16        bf16 weights and compute, shuffled sums, dropout "
           "0.1\n"
           "  bf16-mixed  fp32 weights, bf16 compute\n"
           "  bf16-sr     bf16 weights and compute, stochastic rounding\n"
           "  bf16-kahan  bf16 weights with a bf16 compensation, bf16 "
           "compute\n"
           "  fp16-mixed  fp32 weights, fp16 compute with loss scaling\n";
}

void arm_help(struct buf *out)
{
    buf_printf(out, "Arms:\n%s\nFactors, set on top of an arm "
               "(bf16,dropout=0):\n%s", arm_list(),
               "  master    fp32, bf16, fp16: type of the weights that the "
               "optimizer keeps\n"
               "  compute   fp32, bf16, fp16: type of weights and activations "
               "in the passes\n"
               "  adam      fp32, bf16, fp16: type of the optimizer's moments\n"
               "  rounding  nearest, stochastic: how an update is rounded to "
               "the master's type\n"
               "  kahan     0, 1: a compensation beside the master weights\n"
               "  order     canonical, shuffled[:SEED], hardware: order of the "
               "sums\n"
               "  dropout   a number in [0, 1): share of attention and MLP "
               "outputs dropped in training\n"
               "  prefixes  shared, apart: whether samples that begin alike "
               "share those rows in training\n");
}

/* The value of one factor. */
struct field {
    const char *s;
    size_t n;
};

static int is(struct field f, const char *s)
{
    return f.n == strlen(s) && !memcmp(f.s, s, f.n);
}

static int refuse(struct field key, struct field v, const char *expected,
                  struct err *e)
{
    return err_set(e, ERR_USAGE, "arm: %.*s=%.*s: expected %s", (int)key.n,
                   key.s, (int)v.n, v.s, expected);
}

static int set_type(enum dtype *t, struct field key, struct field v,
                    struct err *e)
{
    for (int i = DT_F32; i <= DT_F16; i++) {
        if (is(v, dtype_name((enum dtype)i))) {
            *t = (enum dtype)i;
            return 0;
        }
    }
    return refuse(key, v, "fp32, bf16 or fp16", e);
}

static int set_order(struct arm *a, struct field key, struct field v,
                     struct err *e)
{
    char buf[32], *end;
    size_t at = strlen("shuffled:");

    a->order = (struct k_order){ORDER_CANONICAL, 0};
    a->order_from_seed = 0;
    if (is(v, "canonical"))
        return 0;
    if (is(v, "hardware")) {
        a->order.kind = ORDER_HARDWARE;
        return 0;
    }
    a->order.kind = ORDER_SHUFFLED;
    if (is(v, "shuffled")) {
        a->order_from_seed = 1;
        return 0;
    }
    if (v.n > at && v.n - at < sizeof buf &&
        !memcmp(v.s, "shuffled:", at) && v.s[at] >= '0' && v.s[at] <= '9') {
        memcpy(buf, v.s + at, v.n - at);
        buf[v.n - at] = 0;
        errno = 0;
        a->order.seed = strtoull(buf, &end, 10);
        if (!*end && !errno)
            return 0;
    }
    return refuse(key, v, "canonical, hardware, shuffled or shuffled:SEED",
                  e);
}

static int set_dropout(double *p, struct field key, struct field v,
                       struct err *e)
{
    char buf[64], *end;

    if (v.n > 0 && v.n < sizeof buf &&
        strspn(v.s, "0123456789.eE-+") >= v.n) {
        memcpy(buf, v.s, v.n);
        buf[v.n] = 0;
        *p = strtod(buf, &end);
        if (!*end && *p >= 0 && *p < 1)
            return 0;
    }
    return refuse(key, v, "a number in [0, 1)", e);
}

static int set_factor(struct arm *a, struct field key, struct field v,
                      struct err *e)
{
    if (is(key, "master"))
        return set_type(&a->master, key, v, e);
    if (is(key, "compute"))
        return set_type(&a->compute, key, v, e);
    if (is(key, "adam"))
        return set_type(&a->adam, key, v, e);
    if (is(key, "order"))
        return set_order(a, key, v, e);
    if (is(key, "dropout"))
        return set_dropout(&a->dropout, key, v, e);
    if (is(key, "rounding")) {
        a->stochastic = is(v, "stochastic");
        return a->stochastic || is(v, "nearest")
                   ? 0
                   : refuse(key, v, "nearest or stochastic", e);
    }
    if (is(key, "prefixes")) {
        a->apart = is(v, "apart");
        return a->apart || is(v, "shared")
                   ? 0
                   : refuse(key, v, "shared or apart", e);
    }
    if (is(key, "kahan")) {
        a->kahan = is(v, "1");
        return a->kahan || is(v, "0") ? 0 : refuse(key, v, "0 or 1", e);
    }
    return err_set(e, ERR_USAGE,
                   "arm: unknown factor '%.*s'; factors are master, compute, "
                   "adam, rounding, kahan, order, dropout, prefixes",
                   (int)key.n, key.s);
}

static int set_name(struct arm *a, struct field f, struct err *e)
{
    for (int i = 0; i < N_ARMS; i++) {
        if (!is(f, arms[i].name))
            continue;
        *a = (struct arm){.master = arms[i].master,
                          .compute = arms[i].compute,
                          .adam = DT_F32,
                          .stochastic = arms[i].stochastic,
                          .kahan = arms[i].kahan,
                          .order = {arms[i].order, 0},
                          .order_from_seed = arms[i].order == ORDER_SHUFFLED,
                          .dropout = arms[i].dropout};
        snprintf(a->name, sizeof a->name, "%s", arms[i].name);
        return 0;
    }
    return err_set(e, ERR_USAGE,
                   "arm: unknown arm '%.*s'; arms are fp32, bf16, "
                   "bf16-mixed, bf16-sr, bf16-kahan, fp16-mixed",
                   (int)f.n, f.s);
}

static int check(struct arm *a, struct err *e)
{
    a->loss_scaling = a->compute == DT_F16;
    a->apart |= a->dropout > 0; /* each sample has its own mask */
    if (a->master != DT_F32)
        return 0;
    if (a->kahan)
        return err_set(e, ERR_USAGE, "arm: kahan=1 compensates a half-type "
                                     "master, and master is fp32");
    if (a->stochastic)
        return err_set(e, ERR_USAGE, "arm: rounding=stochastic rounds to a "
                                     "half-type master, and master is fp32");
    return 0;
}

int arm_parse(struct arm *a, const char *text, struct err *e)
{
    struct field f = {text, strcspn(text, ",")};
    int r = set_name(a, f, e);

    while (r == 0 && f.s[f.n]) {
        struct field key, v;

        f.s += f.n + 1;
        f.n = strcspn(f.s, ",");
        key = (struct field){f.s, strcspn(f.s, "=")};
        if (key.n >= f.n)
            return err_set(e, ERR_USAGE,
                           "arm: '%.*s': expected factor=value", (int)f.n,
                           f.s);
        v = (struct field){f.s + key.n + 1, f.n - key.n - 1};
        r = set_factor(a, key, v, e);
    }
    return r < 0 ? r : check(a, e);
}

void arm_seed(struct arm *a, uint64_t seed)
{
    if (a->order_from_seed)
        a->order.seed = seed;
}

/* The shortest decimal that reads back as p. */
static void format_number(double p, char *buf, size_t n)
{
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(buf, n, "%.*g", digits, p);
        if (strtod(buf, NULL) == p)
            return;
    }
}

void arm_format(const struct arm *a, char *buf, size_t n)
{
    char order[40] = "canonical", p[40];

    format_number(a->dropout, p, sizeof p);
    if (a->order.kind == ORDER_HARDWARE)
        snprintf(order, sizeof order, "hardware");
    else if (a->order.kind == ORDER_SHUFFLED && a->order_from_seed)
        snprintf(order, sizeof order, "shuffled");
    else if (a->order.kind == ORDER_SHUFFLED)
        snprintf(order, sizeof order, "shuffled:%llu",
                 (unsigned long long)a->order.seed);
    snprintf(buf, n,
             "%s,master=%s,compute=%s,adam=%s,rounding=%s,kahan=%d,"
             "order=%s,dropout=%s,prefixes=%s",
             a->name, dtype_name(a->master), dtype_name(a->compute),
             dtype_name(a->adam), a->stochastic ? "stochastic" : "nearest",
             a->kahan, order, p, a->apart ? "apart" : "shared");
}
