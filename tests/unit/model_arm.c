/* arms: the table of SCIENCE 2, overrides, seeds, what is refused, the help */
#include "t.h"
#include "../../lib/model/arm.h"

static struct arm a;
static struct err e;

static void the_table(void)
{
    static const struct {
        const char *name, *types, *rest;
    } t[] = {
        {"fp32", "fp32,compute=fp32,grads=fp32,adam=fp32,step=ulp",
         "nearest,kahan=0,order=canonical,dropout=0,prefixes=shared,shards=1"},
        {"bf16", "bf16,compute=bf16,grads=bf16,adam=bf16,step=foreach",
         "nearest,kahan=0,order=shuffled,dropout=model,prefixes=apart,shards=1"},
        {"bf16-weights", "bf16,compute=bf16,grads=fp32,adam=fp32,step=ulp",
         "nearest,kahan=0,order=shuffled,dropout=0,prefixes=shared,shards=1"},
        {"bf16-mixed", "fp32,compute=bf16,grads=fp32,adam=fp32,step=ulp",
         "nearest,kahan=0,order=canonical,dropout=0,prefixes=shared,shards=1"},
        {"verl", "fp32,compute=bf16,grads=fp32,adam=fp32,step=foreach",
         "nearest,kahan=0,order=canonical,dropout=0,prefixes=shared,shards=1"},
        {"bf16-sr", "bf16,compute=bf16,grads=fp32,adam=fp32,step=ulp",
         "stochastic,kahan=0,order=canonical,dropout=0,prefixes=shared,shards=1"},
        {"llmc-sr", "bf16,compute=bf16,grads=bf16,adam=fp32,step=ulp",
         "stochastic,kahan=0,order=canonical,dropout=0,prefixes=apart,shards=1"},
        {"bf16-kahan", "bf16,compute=bf16,grads=fp32,adam=fp32,step=ulp",
         "nearest,kahan=1,order=canonical,dropout=0,prefixes=shared,shards=1"},
        {"areal", "bf16,compute=bf16,grads=fp32,adam=bf16,step=ulp",
         "nearest,kahan=1,order=canonical,dropout=0,prefixes=shared,shards=1"},
        {"fp16-mixed", "fp32,compute=fp16,grads=fp32,adam=fp32,step=ulp",
         "nearest,kahan=0,order=canonical,dropout=0,prefixes=shared,shards=1"},
    };
    struct buf help = {0};

    arm_help(&help);
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        struct arm b;
        char want[ARM_TEXT], full[ARM_TEXT], again[ARM_TEXT];

        snprintf(want, sizeof want,
                 "%s,master=%s,head=compute,rollout=same,rounding=%s",
                 t[i].name, t[i].types, t[i].rest);
        T_EQ_INT(arm_parse(&a, t[i].name, &e), 0);
        arm_format(&a, full, sizeof full);
        T_EQ_STR(full, want);
        T_EQ_INT(arm_parse(&b, full, &e), 0);
        arm_format(&b, again, sizeof again);
        T_EQ_STR(again, full);
        T_EQ_INT(a.loss_scaling, !strcmp(t[i].name, "fp16-mixed"));
        snprintf(want, sizeof want, "\n  %s ", t[i].name);
        T_CHECKF(strstr(buf_str(&help), want), "--arm help lacks %s", want);
    }
    buf_free(&help);
}

static void the_help_says_every_factor(void)
{
    struct buf help = {0};
    char full[ARM_TEXT], *p;
    size_t line = 0;

    arm_help(&help);
    T_EQ_INT(arm_parse(&a, "fp32", &e), 0);
    arm_format(&a, full, sizeof full);
    for (p = strchr(full, ','); p; p = strchr(p + 1, ',')) {
        char want[64];

        snprintf(want, sizeof want, "\n  %.*s=", (int)strcspn(p + 1, "="),
                 p + 1);
        T_CHECKF(strstr(buf_str(&help), want), "--arm help lacks %s", want);
    }
    for (p = buf_str(&help); *p; p++) {
        line = *p == '\n' ? 0 : line + 1;
        T_CHECKF(line < 80, "a line of %zu columns", line);
    }
    buf_free(&help);
}

static void factors_override(void)
{
    char full[ARM_TEXT];

    T_EQ_INT(arm_parse(&a, "bf16,dropout=0", &e), 0);
    T_CHECK(a.dropout == 0 && !a.dropout_model && a.master == DT_BF16);
    T_EQ_INT(arm_parse(&a,
                       "fp32,master=bf16,rounding=stochastic,adam=bf16,"
                       "compute=fp16,order=shuffled:18446744073709551615,"
                       "dropout=2.5e-1,prefixes=apart",
                       &e),
             0);
    T_CHECK(a.order.k.seed == UINT64_MAX && a.order.draw);
    T_CHECK(a.loss_scaling && a.stochastic && a.dropout == 0.25 && a.apart);
    arm_seed(&a, 5);
    T_CHECK(a.order.k.seed == UINT64_MAX);
    arm_format(&a, full, sizeof full);
    T_EQ_STR(full, "fp32,master=bf16,compute=fp16,grads=fp32,adam=bf16,"
                   "step=ulp,head=compute,rollout=same,rounding=stochastic,"
                   "kahan=0,order=shuffled:18446744073709551615,dropout=0.25,"
                   "prefixes=apart,shards=1");
    T_EQ_INT(arm_parse(&a, "fp32,shards=4096", &e), 0);
    T_EQ_INT(a.shards, 4096);
    T_EQ_INT(arm_parse(&a, "bf16", &e), 0);
    arm_seed(&a, 5);
    T_CHECK(a.order.k.seed == 5 && a.order.k.kind == ORDER_SHUFFLED);
    T_EQ_INT(arm_parse(&a, "fp32,grads=bf16", &e), 0);
    T_CHECK(a.apart); /* a rounded sum has one part a sample */
}

static void the_longest_text_fits(void)
{
    char full[ARM_TEXT], again[ARM_TEXT];

    T_EQ_INT(arm_parse(&a,
                       "bf16-weights,rounding=stochastic,step=foreach,"
                       "head=compute,order=hardware:18446744073709551615,"
                       "rollout=bf16-weights+head=compute+order=shuffled:"
                       "18446744073709551614,dropout=0.10000000000000002,"
                       "shards=4096",
                       &e),
             0);
    arm_format(&a, full, sizeof full);
    T_CHECK(strlen(full) + 1 < sizeof full);
    T_EQ_INT(arm_parse(&a, full, &e), 0);
    arm_format(&a, again, sizeof again);
    T_EQ_STR(again, full);
    T_CHECK(strstr(full, "rollout=bf16-weights+compute=bf16+head=compute+"
                         "order=shuffled:18446744073709551614,"));
}

static void the_sampler_is_the_trainer_or_another(void)
{
    struct arm s;

    T_EQ_INT(arm_parse(&a, "fp32", &e), 0);
    T_CHECK(arm_same_sampler(&a));
    T_EQ_INT(arm_parse(&a, "fp32,rollout=fp32", &e), 0);
    T_CHECK(arm_same_sampler(&a));
    T_EQ_INT(arm_parse(&a, "fp32,rollout=bf16-mixed+head=fp32", &e), 0);
    T_CHECK(!arm_same_sampler(&a));
    s = arm_sampler(&a);
    T_CHECK(s.compute == DT_BF16 && s.head_fp32 && a.compute == DT_F32);
    T_EQ_INT(arm_parse(&a, "fp32,rollout=bf16", &e), 0);
    arm_seed(&a, 9);
    s = arm_sampler(&a);
    T_CHECK(s.order.k.kind == ORDER_SHUFFLED && s.order.k.seed == 9);
    T_CHECK(s.master == DT_F32 && a.order.k.kind == ORDER_CANONICAL);
}

static void a_draw_moves_the_noise_and_not_the_run(void)
{
    uint64_t one, two;

    T_EQ_INT(arm_parse(&a, "bf16-sr,order=shuffled:1", &e), 0);
    one = arm_noise_seed(&a, 7);
    T_CHECK(one != arm_noise_seed(&a, 8));
    T_EQ_INT(arm_parse(&a, "bf16-sr,order=hardware:2", &e), 0);
    two = arm_noise_seed(&a, 7);
    T_CHECK(one != two && one != 7 && two != 7);
    T_EQ_INT(arm_parse(&a, "bf16-sr,order=shuffled", &e), 0);
    arm_seed(&a, 7);
    T_CHECK(arm_noise_seed(&a, 7) == 7);
}

static void the_model_may_name_the_dropout(void)
{
    char full[ARM_TEXT];

    T_EQ_INT(arm_parse(&a, "fp32,dropout=model", &e), 0);
    arm_resolve(&a, 0);
    T_CHECK(a.dropout == 0 && !a.apart);
    arm_resolve(&a, 0.25);
    T_CHECK(a.dropout == 0.25 && a.apart);
    arm_format(&a, full, sizeof full);
    T_CHECK(strstr(full, ",dropout=model,"));
    T_EQ_INT(arm_parse(&a, "fp32,dropout=0.1", &e), 0);
    arm_resolve(&a, 0.25);
    T_CHECK(a.dropout == 0.1);
}

/* Checkpoints of version 0 record the arm without the newer factors. */
static void what_differs_is_named(void)
{
    static const char old_bf16[] =
        "bf16,master=bf16,compute=bf16,adam=fp32,rounding=nearest,kahan=0,"
        "order=shuffled,dropout=0.1,prefixes=apart";
    static const char old_fp32[] =
        "fp32,master=fp32,compute=fp32,adam=fp32,rounding=nearest,kahan=0,"
        "order=canonical,dropout=0,prefixes=shared";
    char now[ARM_TEXT], what[ARM_TEXT];

    T_EQ_INT(arm_parse(&a, "bf16", &e), 0);
    arm_format(&a, now, sizeof now);
    T_EQ_INT(arm_difference(old_bf16, now, what, sizeof what), 4);
    T_EQ_STR(what, "grads=fp32 and not bf16, adam=fp32 and not bf16, "
                   "step=ulp and not foreach, dropout=0.1 and not model");
    T_EQ_INT(arm_difference(now, now, what, sizeof what), 0);
    T_EQ_STR(what, "");
    T_EQ_INT(arm_parse(&a, "fp32", &e), 0);
    arm_format(&a, now, sizeof now);
    T_EQ_INT(arm_difference(old_fp32, now, what, sizeof what), 0);
    T_EQ_INT(arm_parse(&a, "bf16-weights,dropout=0.1", &e), 0);
    arm_format(&a, now, sizeof now);
    T_EQ_INT(arm_difference(old_bf16, now, what, sizeof what), 0);
    T_EQ_INT(arm_difference("", now, what, sizeof what), 5);
    T_EQ_INT(arm_parse(&a, "fp32,shards=8", &e), 0);
    arm_format(&a, now, sizeof now);
    T_EQ_INT(arm_difference(old_fp32, now, what, sizeof what), 1);
    T_EQ_STR(what, "shards=1 and not 8");
}

static void the_rest_is_refused(void)
{
    static const struct {
        const char *text, *why;
    } t[] = {
        {"fp64", "unknown arm 'fp64'; arms are fp32, bf16, bf16-weights, "},
        {"", "unknown arm ''"},
        {"bf16x", "unknown arm"},
        {"bf16,", "expected factor=value"},
        {"bf16,dropout", "expected factor=value"},
        {"bf16,dropout=0,", "expected factor=value"},
        {"bf16,,dropout=0", "expected factor=value"},
        {"bf16,drop=1", "unknown factor 'drop'; factors are master, compute"},
        {"bf16,dropout=1", "[0, 1)"},
        {"bf16,dropout=-0.1", "[0, 1)"},
        {"bf16,dropout=nan", "[0, 1)"},
        {"bf16,dropout=0.1x", "[0, 1)"},
        {"bf16,dropout=", "[0, 1), or model"},
        {"bf16,dropout=modell", "or model"},
        {"bf16,compute=int8", "fp32, bf16 or fp16"},
        {"bf16,compute=", "fp32, bf16 or fp16"},
        {"bf16,grads=fp16", "fp32 or bf16"},
        {"bf16,step=torch", "ulp, fused or foreach"},
        {"bf16,head=bf16", "compute or fp32"},
        {"bf16,rounding=up", "nearest or stochastic"},
        {"bf16,kahan=2", "0 or 1"},
        {"bf16,order=random", "shuffled[:N]"},
        {"bf16,order=shuffled:", "shuffled[:N]"},
        {"bf16,order=shuffled:-1", "shuffled[:N]"},
        {"bf16,order=canonical:1", "shuffled[:N]"},
        {"bf16,order=hardware:x", "hardware[:N]"},
        {"bf16,order=shuffled:18446744073709551616", "shuffled[:N]"},
        {"fp32,rollout=int8", "unknown arm 'int8'"},
        {"fp32,rollout=", "unknown arm ''"},
        {"fp32,rollout=bf16+adam=bf16", "compute, head and order"},
        {"fp32,rollout=bf16+rollout=same", "compute, head and order"},
        {"fp32,rollout=bf16+", "expected factor=value"},
        {"fp32,rollout=bf16+head=up", "head=up: expected compute or fp32"},
        {"fp32,shards=0", "from 1 to 4096"},
        {"fp32,shards=", "from 1 to 4096"},
        {"fp32,shards=-1", "from 1 to 4096"},
        {"fp32,shards=2x", "from 1 to 4096"},
        {"fp32,shards=4097", "from 1 to 4096"},
        {"fp32,shards=99999999999999999999", "from 1 to 4096"},
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
    T_RUN(the_help_says_every_factor);
    T_RUN(factors_override);
    T_RUN(the_longest_text_fits);
    T_RUN(the_sampler_is_the_trainer_or_another);
    T_RUN(a_draw_moves_the_noise_and_not_the_run);
    T_RUN(the_model_may_name_the_dropout);
    T_RUN(what_differs_is_named);
    T_RUN(the_rest_is_refused);
    T_DONE();
}
