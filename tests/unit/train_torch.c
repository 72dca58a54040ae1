/* train_torch - step=fused and step=foreach: the bits of torch.optim.AdamW
 *
 * torch_steps.h has hashes of torch's weights and moments after 1, 10, 100 and
 * 300 steps, by ATEN_CPU_CAPABILITY (make_torch_steps.py beside it). The same
 * weights and gradients are made here. Then what torch does around the step:
 * clip_grad_norm_ of bf16 gradients; and each arm's other types.
 */
#include "../../kernels/canon.h"
#include "../../lib/train/adamw.h"
#include "../golden/train/torch_clip.h"
#include "t.h"
#include "torch_values.h"

enum { MOST = 1035, LAST = 300 };

static const struct row {
    int kind; /* enum k_step */
    enum dtype t;
    int lanes, n, hard;
    double lr, decay;
    uint64_t hash[4]; /* after 1, 10, 100, 300 steps */
} rows[] = {
#include "../golden/train/torch_steps.h"
};
static const int at[4] = {1, 10, 100, LAST};

static struct kernels *cpu;

static struct adamw *open_row(const struct row *r, const struct params *p,
                              const char *arm)
{
    struct adamw_opts o = {0.9, 0.999, 1e-8, r->decay, 0, 3, 0, r->lanes, 0};
    struct adamw *a = NULL;
    struct arm parsed;
    struct err e = {0};

    if (arm_parse(&parsed, arm, &e) || adamw_open(&a, cpu, p, &parsed, &o, &e))
        t_fail(__FILE__, __LINE__, "%s", e.msg);
    return a;
}

/* The hash after each of at[]; arm: of that row's types and step. */
static void run(const struct row *r, const char *arm, uint64_t hash[4])
{
    struct param v = {.name = "w", .rows = r->n, .n = (size_t)r->n};
    struct params p = {.n = 1, .v = &v, .n_values = (size_t)r->n};
    struct adamw *a = open_row(r, &p, arm);
    float w[MOST], wide[MOST];
    uint16_t half[MOST];
    struct err e = {0};

    v.decay = 1;
    for (int i = 0; i < r->n; i++)
        w[i] = value(1, i, r->hard) * 0x1p-6f;
    T_EQ_INT(adamw_set_master(a, w, &e), 0);
    for (int s = 1, k = 0; s <= LAST; s++) {
        struct adamw_result res;

        for (int i = 0; i < r->n; i++) {
            wide[i] = value(1000003u * (uint64_t)s, i, r->hard);
            half[i] = canon_round_bf16(wide[i]);
        }
        T_EQ_INT(adamw_update(a, r->t == DT_F32 ? (void *)wide : (void *)half,
                              r->lr, &res, &e),
                 0);
        if (s != at[k])
            continue;
        hash[k] = fnv(FNV, a->master, r->t, r->n);
        hash[k] = fnv(hash[k], a->m, r->t, r->n);
        hash[k] = fnv(hash[k], a->v, r->t, r->n);
        k++;
    }
    adamw_close(&a);
}

static void row_arm(const struct row *r, char *arm, size_t n)
{
    const char *t = dtype_name(r->t);

    snprintf(arm, n, "fp32,master=%s,grads=%s,adam=%s,step=%s", t, t, t,
             r->kind == STEP_FUSED ? "fused" : "foreach");
}

static void three_hundred_steps_have_torchs_bits(void)
{
    int n = sizeof rows / sizeof *rows;

    for (int i = 0; i < n; i++) {
        const struct row *r = &rows[i];
        uint64_t hash[4];
        char arm[128];

        row_arm(r, arm, sizeof arm);
        run(r, arm, hash);
        for (int k = 0; k < 4; k++)
            T_CHECKF(hash[k] == r->hash[k],
                     "%s, %d lanes, %d values, hard %d: other bits than "
                     "torch's after %d steps",
                     arm, r->lanes, r->n, r->hard, at[k]);
    }
    T_CHECKF(n >= 48, "%d rows", n);
}

/* What a run does is what torch does on a processor with vectors, wherever a
 * tensor has no rest. */
static void a_run_is_torch_with_vectors(void)
{
    int n = 0;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct row r = rows[i];
        uint64_t hash[4];
        char arm[128];

        if (r.lanes <= 0 || (r.kind == STEP_FUSED && r.n % r.lanes))
            continue;
        r.lanes = 0;
        row_arm(&r, arm, sizeof arm);
        run(&r, arm, hash);
        T_CHECKF(!memcmp(hash, rows[i].hash, sizeof hash), "%s, %d values", arm,
                 r.n);
        n++;
    }
    T_CHECK(n > 12);
}

/* In fp32 fused and foreach are one arithmetic, but for a rest of values; in
 * bf16 they are not. */
static void the_steps_are_not_one(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t j = i + 1; j < sizeof rows / sizeof *rows; j++)
            if (rows[i].n == rows[j].n && rows[i].hard == rows[j].hard &&
                rows[i].n > 1000 && rows[i].t == DT_BF16 &&
                rows[j].t == DT_BF16 && rows[i].kind != rows[j].kind)
                T_CHECKF(rows[i].hash[3] != rows[j].hash[3], "%zu, %zu", i, j);
}

/* torch_clip.h: tensors of bf16 gradients, and what clip_grad_norm_(max) makes
 * of them. One step with beta1 = 0 stores the clipped gradient as m. */
static void bf16_gradients_are_clipped_as_torchs(void)
{
    struct param v[CLIP_TENSORS];
    struct params p = {.n = CLIP_TENSORS, .v = v, .n_values = CLIP_VALUES};
    size_t offset = 0;
    struct err e = {0};

    memset(v, 0, sizeof v);
    for (int i = 0; i < CLIP_TENSORS; i++) {
        snprintf(v[i].name, sizeof v[i].name, "t%d", i);
        v[i].n = (size_t)clip_sizes[i];
        v[i].rows = clip_sizes[i];
        v[i].offset = offset;
        offset += v[i].n;
    }
    T_EQ_INT(offset, CLIP_VALUES);
    for (int c = 0; c < CLIP_CASES; c++) {
        struct adamw_opts o = {0, 0.999, 1e-8, 0, clip_cases[c].max,
                               3, 0,     0,    0};
        struct adamw_result res;
        struct adamw *a = NULL;
        struct arm arm;
        int differ = 0;

        T_EQ_INT(arm_parse(&arm, "bf16", &e), 0);
        T_EQ_INT(adamw_open(&a, cpu, &p, &arm, &o, &e), 0);
        T_EQ_INT(adamw_update(a, clip_cases[c].before, 1e-6, &res, &e), 0);
        T_CHECKF(res.norm == clip_cases[c].norm,
                 "case %d: norm %.9g, torch "
                 "%.9g",
                 c, res.norm, clip_cases[c].norm);
        for (int i = 0; i < CLIP_VALUES; i++)
            differ += ((uint16_t *)a->m)[i] != clip_cases[c].after[i];
        T_CHECKF(!differ, "case %d: %d values differ", c, differ);
        adamw_close(&a);
    }
}

int main(void)
{
    struct k_order order = {ORDER_CANONICAL, 0};
    struct err e = {0};

    if (kernels_open(&cpu, "cpu", 1, order, &e)) {
        printf("not ok kernels_open: %s\n", e.msg);
        return 1;
    }
    T_RUN(three_hundred_steps_have_torchs_bits);
    T_RUN(a_run_is_torch_with_vectors);
    T_RUN(the_steps_are_not_one);
    T_RUN(bf16_gradients_are_clipped_as_torchs);
    kernels_close(&cpu);
    T_DONE();
}
