/* arms: the table of SCIENCE 2, overrides, what is refused */
#include "t.h"
#include "../../lib/model/arm.h"

static struct arm a;
static struct err e;

static void the_table(void)
{
    static const struct {
        const char *name, *full;
    } t[] = {
        {"fp32", "fp32,master=fp32,compute=fp32,adam=fp32,rounding=nearest,"
                 "kahan=0,order=canonical,dropout=0"
                 ",prefixes=shared"},
        {"bf16", "bf16,master=bf16,compute=bf16,adam=fp32,rounding=nearest,"
                 "kahan=0,order=shuffled,dropout=0.1"
                 ",prefixes=apart"},
        {"bf16-mixed", "bf16-mixed,master=fp32,compute=bf16,adam=fp32,"
                       "rounding=nearest,kahan=0,order=canonical,dropout=0"
                 ",prefixes=shared"},
        {"bf16-sr", "bf16-sr,master=bf16,compute=bf16,adam=fp32,"
                    "rounding=stochastic,kahan=0,order=canonical,dropout=0"
                 ",prefixes=shared"},
        {"bf16-kahan", "bf16-kahan,master=bf16,compute=bf16,adam=fp32,"
                       "rounding=nearest,kahan=1,order=canonical,dropout=0"
                 ",prefixes=shared"},
        {"fp16-mixed", "fp16-mixed,master=fp32,compute=fp16,adam=fp32,"
                       "rounding=nearest,kahan=0,order=canonical,dropout=0"
                 ",prefixes=shared"},
    };

    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct arm b;
        char full[256], again[256];

        T_EQ_INT(arm_parse(&a, t[i].name, &e), 0);
        arm_format(&a, full, sizeof full);
        T_EQ_STR(full, t[i].full);
        T_EQ_INT(arm_parse(&b, full, &e), 0);
        arm_format(&b, again, sizeof again);
        T_EQ_STR(again, full);
        T_EQ_INT(a.loss_scaling, !strcmp(t[i].name, "fp16-mixed"));
        T_CHECK(strstr(arm_list(), t[i].name));
    }
}

static void factors_override(void)
{
    char full[256];

    T_EQ_INT(arm_parse(&a, "bf16,dropout=0", &e), 0);
    T_CHECK(a.dropout == 0 && a.master == DT_BF16);
    T_EQ_INT(arm_parse(&a, "fp32,master=bf16,rounding=stochastic,adam=bf16,"
                           "compute=fp16,order=shuffled:18446744073709551615,"
                           "dropout=2.5e-1,prefixes=apart", &e), 0);
    T_CHECK(a.order.seed == UINT64_MAX && !a.order_from_seed);
    T_CHECK(a.loss_scaling && a.stochastic && a.dropout == 0.25 && a.apart);
    arm_seed(&a, 5);
    T_CHECK(a.order.seed == UINT64_MAX);
    arm_format(&a, full, sizeof full);
    T_EQ_STR(full, "fp32,master=bf16,compute=fp16,adam=bf16,"
                   "rounding=stochastic,kahan=0,"
                   "order=shuffled:18446744073709551615,dropout=0.25,"
                   "prefixes=apart");
    T_EQ_INT(arm_parse(&a, "bf16", &e), 0);
    arm_seed(&a, 5);
    T_CHECK(a.order.seed == 5 && a.order.kind == ORDER_SHUFFLED);
}

static void the_rest_is_refused(void)
{
    static const struct {
        const char *text, *why;
    } t[] = {
        {"fp64", "unknown arm 'fp64'; arms are fp32, bf16, bf16-mixed"},
        {"", "unknown arm ''"},
        {"bf16x", "unknown arm"},
        {"bf16,", "expected factor=value"},
        {"bf16,dropout", "expected factor=value"},
        {"bf16,drop=1", "unknown factor 'drop'; factors are master"},
        {"bf16,dropout=1", "[0, 1)"},
        {"bf16,dropout=-0.1", "[0, 1)"},
        {"bf16,dropout=nan", "[0, 1)"},
        {"bf16,dropout=0.1x", "[0, 1)"},
        {"bf16,dropout=", "[0, 1)"},
        {"bf16,compute=int8", "fp32, bf16 or fp16"},
        {"bf16,rounding=up", "nearest or stochastic"},
        {"bf16,kahan=2", "0 or 1"},
        {"bf16,order=random", "shuffled:SEED"},
        {"bf16,order=shuffled:", "shuffled:SEED"},
        {"bf16,order=shuffled:-1", "shuffled:SEED"},
        {"bf16,order=shuffled:18446744073709551616", "shuffled:SEED"},
        {"fp32,kahan=1", "half-type master"},
        {"fp32,rounding=stochastic", "half-type master"},
    };

    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        T_EQ_INT(arm_parse(&a, t[i].text, &e), -ERR_USAGE);
        T_CHECKF(strstr(e.msg, t[i].why), "%s: %s", t[i].text, e.msg);
    }
}

int main(void)
{
    T_RUN(the_table);
    T_RUN(factors_override);
    T_RUN(the_rest_is_refused);
    T_DONE();
}
