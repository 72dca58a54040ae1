/* train_scaler - the loss scale of fp16-mixed is torch's GradScaler
 *
 * torch_scaler.h has the scale and the skipped steps of 9500 updates of torch
 * (growth, two overflows in a row, and one that the growth itself leads to), and
 * hashes of weights and moments (make_torch_scaler.py beside it).
 */
#include "../../kernels/canon.h"
#include "../../lib/train/adamw.h"
#include "../golden/train/torch_scaler.h"
#include "t.h"
#include "torch_values.h"

enum { N = SCALER_VALUES };

/* What autograd returns through an fp16 product, of the scaled loss. */
static void gradient(int step, double scale, float g[N])
{
    for (int i = 0; i < N; i++)
        g[i] = value(1000003u * (uint64_t)step, i, 0) * 0.25f;
    if (step == 700 || step == 701)
        g[step % N] = 2000;
    for (int i = 0; i < N; i++)
        g[i] = canon_widen_f16(canon_round_f16(g[i] * (float)scale));
}

static uint64_t state(const struct adamw *a)
{
    uint64_t h = fnv(FNV, a->master, DT_F32, N);

    return fnv(fnv(h, a->m, DT_F32, N), a->v, DT_F32, N);
}

static struct adamw *open_one(struct kernels *k, const struct params *p)
{
    static const struct adamw_opts o = {0.9, 0.999, 1e-8, 0.01, 0, 3, 0, 0, 0};
    struct adamw *a = NULL;
    struct arm arm;
    struct err e = {0};
    float w[N];

    for (int i = 0; i < N; i++)
        w[i] = value(1, i, 0) * 0x1p-6f;
    if (arm_parse(&arm, "fp16-mixed,step=foreach", &e) ||
        adamw_open(&a, k, p, &arm, &o, &e) || adamw_set_master(a, w, &e))
        t_fail(__FILE__, __LINE__, "%s", e.msg);
    return a;
}

static void growth_backoff_and_skips_are_torchs(void)
{
    struct param v = {.name = "w", .rows = N, .n = N, .decay = 1};
    struct params p = {.n = 1, .v = &v, .n_values = N};
    struct k_order order = {ORDER_CANONICAL, 0};
    struct kernels *k = NULL;
    struct adamw *a;
    struct err e = {0};
    double scale = 65536;
    uint64_t skipped = 0;
    int row = 0, hash = 0;

    T_EQ_INT(kernels_open(&k, "cpu", 1, order, &e), 0);
    a = open_one(k, &p);
    for (int s = 1; s <= SCALER_STEPS; s++) {
        struct adamw_result r;
        float g[N];

        gradient(s, a->loss_scale, g);
        T_EQ_INT(adamw_update(a, g, 1e-3, &r, &e), 0);
        T_CHECK(!r.skipped || !r.changed);
        if (row < SCALER_ROWS && scaler_rows[row].step == s) {
            scale = scaler_rows[row].scale;
            skipped = (uint64_t)scaler_rows[row++].skipped;
        }
        T_CHECKF(a->loss_scale == scale && a->skipped == skipped,
                 "step %d: scale %g, %d skipped; torch %g, %d", s,
                 a->loss_scale, (int)a->skipped, scale, (int)skipped);
        if (hash < SCALER_HASHES && scaler_hashes[hash].step == s)
            T_CHECKF(state(a) == scaler_hashes[hash++].hash,
                     "step %d: other bits than torch's", s);
    }
    T_CHECK(row == SCALER_ROWS && hash == SCALER_HASHES);
    T_EQ_INT(a->updates + a->skipped, SCALER_STEPS);
    adamw_close(&a);
    kernels_close(&k);
}

int main(void)
{
    T_RUN(growth_backoff_and_skips_are_torchs);
    T_DONE();
}
