/* Sampling under order=hardware in the simulator: tokens against the contract
 * walked in double, their shares, and that the rest of the batch does not matter. */
#include "cuda_hw_head.h"

/* ---- sampling ---- */
static const double *sort_by;

static int by_logit(const void *a, const void *b)
{
    int x = *(const int *)a, y = *(const int *)b;

    return sort_by[x] != sort_by[y] ? (sort_by[x] < sort_by[y] ? 1 : -1)
                                    : (x > y) - (x < y);
}

/* Could `token` be drawn with u? Walks the contract in double, every sum
 * being uncertain by eps times the whole. */
static int plausible(const double *z, int V, double it, struct k_sample s,
                     double u, int token, double eps)
{
    int sorted = s.top_p < 1 || s.top_k > 0, n = V, *id;
    double m = -INFINITY, *F, lo, hi, all = 0;
    int place = 0, ok;

    id = malloc((size_t)V * sizeof *id);
    F = malloc((size_t)(V + 1) * sizeof *F);
    for (int v = 0; v < V; v++) {
        id[v] = v;
        m = fmax(m, z[v]);
    }
    sort_by = z;
    if (sorted)
        qsort(id, (size_t)V, sizeof *id, by_logit);
    F[0] = 0;
    for (int i = 0; i < V; i++) {
        F[i + 1] = F[i] + exp((z[id[i]] - m) * it);
        place = id[i] == token ? i : place;
    }
    all = F[V];
    if (s.top_k > 0 && s.top_k < V)
        n = s.top_k;
    lo = hi = F[n];
    if (s.top_p < 1) {
        double need = (double)s.top_p * F[n];
        int a = 1, b = 1;

        while (a < n && F[a] < need - eps * all)
            a++;
        while (b < n && F[b] < need + eps * all)
            b++;
        lo = F[a];
        hi = F[b];
        n = b;
    }
    /* where nothing is uncertain the place is told exactly */
    ok = id[place] == token && place < n && F[place] <= u * hi + eps * all &&
         F[place + 1] >= u * lo - eps * all;
    free(id);
    free(F);
    return ok;
}

static const struct k_sample modes[] = {
    {0, 1, 0}, {1, 1, 0},     {0.7f, 1, 0},   {1, 0.8f, 0},    {0.7f, 0.8f, 0},
    {1, 1, 5}, {1, 0.9f, 50}, {2, 0.999f, 0}, {1, 0.5f, 3000}, {1, 1, 1 << 20}};
enum { MODES = sizeof modes / sizeof *modes };

static void check_token(const struct head *m, int r, struct k_sample s, float u,
                        int token, float logp)
{
    double it = s.temperature > 0 ? (double)(1 / s.temperature) : 1;
    struct ref f = row_ref(m, r, it);
    double *z = malloc((size_t)m->V * sizeof *z), want;
    double eps = 3 * f.rel + m->V * 0x1p-42;

    for (int v = 0; v < m->V; v++)
        z[v] = z_at(m, r, v);
    if (s.temperature > 0) {
        T_CHECKF(plausible(z, m->V, it, s, (double)u, token, eps),
                 "row %d of %d, T %g p %g k %d u %.9g: token %d", r, m->V,
                 (double)s.temperature, (double)s.top_p, s.top_k, (double)u,
                 token);
    } else {
        int first = 0;

        while (z[first] * it != f.m)
            first++;
        T_EQ_INT(token, first);
    }
    want = z[token] * it - f.m - log(f.S);
    T_NEAR((double)logp, want, f.rel + 3 * 0x1p-24 * (log(f.S) + 1), 0x1p-23);
    free(z);
}

static void one_sample(const struct head *m, const struct hw_t *x,
                       struct k_sample s, int orders)
{
    int32_t tok[ROWS], tok0[ROWS];
    float logp[ROWS], logp0[ROWS], u[ROWS];

    for (int r = 0; r < ROWS; r++)
        u[r] = r == 0 ? 0 : r == 1 ? 0x1.fffffep-1f : (float)ref_uniform();
    for (int order = 0; order < orders; order++) {
        cudasim_set_order((enum cudasim_order)order, 8);
        hw_k->head_sample(hw_k, m->t, m->t, tok, logp, x->dev, m->W, u, NULL, s,
                          ROWS, m->V, H);
        if (order) {
            ref_same(how[order], tok, tok0, sizeof tok);
            ref_same(how[order], logp, logp0, sizeof logp);
        }
        memcpy(tok0, tok, sizeof tok);
        memcpy(logp0, logp, sizeof logp);
    }
    for (int r = 0; r < ROWS; r++)
        check_token(m, r, s, u[r], tok[r], logp[r]);
}

static void tokens_follow_the_contract(void)
{
    for (size_t i = 0; i < sizeof vocab / sizeof *vocab; i++)
        for (int t = 0; t < 3; t++) {
            struct head m = head_new(ref_types[t], vocab[i]);
            struct hw_t x = one_hot(m.t, 0, ROWS);

            /* large ones at a mode in three: the simulator is slow */
            for (int s = 0; s < MODES; s++)
                if (quick((int)i, t) && (vocab[i] < 300 || (s + t) % 3 == 0))
                    one_sample(&m, &x, modes[s], (s + (int)i) % 3 ? 1 : 3);
            hw_drop(&x);
            head_drop(&m);
        }
}

/* With evenly spread u each token comes as often as its probability says, to
 * within one at either end of its share. */
static void shares_are_the_probabilities(void)
{
    enum { N = 2000, V = 40, ROW = 5 /* no token is rare */ };
    struct head m = head_new(DT_BF16, V);
    void *same = ref_zeros(N * H * 2);
    int32_t tok[N];
    float logp[N], u[N];
    struct hw_t x;

    for (size_t i = 0; i < N; i++) {
        ref_put(DT_BF16, same, i * H + ROW, 1);
        u[i] = ((float)i + 0.5f) / N;
    }
    x = hw_of(DT_BF16, N * H, same);
    for (int s = 1; s < 8; s++) {
        double kept = 0, e[V] = {0};
        int count[V] = {0};

        hw_k->head_sample(hw_k, m.t, m.t, tok, logp, x.dev, m.W, u, NULL,
                          modes[s], N, V, H);
        for (int i = 0; i < N; i++)
            count[tok[i]]++;
        for (int v = 0; v < V; v++)
            if (count[v]) {
                e[v] = exp(z_at(&m, ROW, v) *
                           (double)(1 / modes[s].temperature));
                kept += e[v];
            }
        for (int v = 0; v < V; v++)
            T_CHECKF(fabs(count[v] - N * e[v] / kept) <= 1 + 0.01,
                     "mode %d: token %d came %d times of %d, expected %g", s, v,
                     count[v], (int)N, N * e[v] / kept);
    }
    hw_drop(&x);
    head_drop(&m);
}

/* ---- what surrounds a row does not matter ---- */
static void a_row_is_the_same_in_any_batch(void)
{
    struct head m = head_new(DT_BF16, 5003);
    struct hw_t all = one_hot(DT_BF16, 0, ROWS);
    struct hw_t out = hw_zeros(DT_F32, 4 * ROWS);
    float *dev = out.dev, u[ROWS], lp[ROWS], lp1;
    struct k_sample s = {0.7f, 0.8f, 0};
    int32_t *target, *tok = targets(m.V, ROWS, &target), got[ROWS], got1;
    double want[3];

    for (int r = 0; r < ROWS; r++)
        u[r] = (float)ref_uniform();
    hw_k->head_logp(hw_k, m.t, m.t, dev, dev + ROWS, dev + 2 * ROWS, all.dev,
                    m.W, target, 0.7f, ROWS, m.V, H);
    hw_k->head_sample(hw_k, m.t, m.t, got, lp, all.dev, m.W, u, NULL, s, ROWS,
                      m.V, H);
    hw_fetch(&out);
    for (int r = 0; r < ROWS; r++) {
        struct hw_t one = one_hot(DT_BF16, r, 1);

        for (int i = 0; i < 3; i++)
            want[i] = hw_at(&out, (size_t)(i * ROWS + r));
        hw_k->head_logp(hw_k, m.t, m.t, dev + 3 * ROWS, dev + 3 * ROWS + 1,
                        dev + 3 * ROWS + 2, one.dev, m.W, target + r, 0.7f, 1,
                        m.V, H);
        hw_k->head_sample(hw_k, m.t, m.t, &got1, &lp1, one.dev, m.W, u + r,
                          NULL, s, 1, m.V, H);
        hw_fetch(&out);
        for (int i = 0; i < 3; i++)
            T_CHECK(hw_at(&out, (size_t)(3 * ROWS + i)) == want[i]);
        T_EQ_INT(got1, got[r]);
        T_CHECK(lp1 == lp[r]);
        hw_drop(&one);
    }
    /* and the trainer's log-probability of a token is the sampler's */
    hw_k->upload(hw_k, target, got, sizeof got);
    hw_k->head_logp(hw_k, m.t, m.t, dev, dev + ROWS, NULL, all.dev, m.W, target,
                    0.7f, ROWS, m.V, H);
    hw_fetch(&out);
    ref_same("logp of sampled tokens", out.host, lp, sizeof lp);
    hw_drop(&all), hw_drop(&out);
    hw_k->free(hw_k, target);
    free(tok);
    head_drop(&m);
}

static void small_chunks_change_nothing(void)
{
    size_t bytes = cudasim_hw_head_bytes;
    struct head m = head_new(DT_F32, 5003);
    struct hw_t x = one_hot(DT_F32, 0, ROWS);

    cudasim_hw_head_bytes = 4 * 5056 * 4; /* four rows */
    one_sample(&m, &x, modes[1], 1);
    one_sample(&m, &x, modes[4], 1);
    cudasim_hw_head_bytes = bytes;
    hw_drop(&x);
    head_drop(&m);
}

/* ---- errors ---- */
/* Row 2 of three: a hidden value that is not finite, or logits all -inf. */
static void what_is_not_finite_is_an_error(void)
{
    static const double what[] = {NAN, INFINITY, -INFINITY};
    struct head m = head_new(DT_BF16, 33);
    struct hw_t x = one_hot(DT_BF16, 0, 3);
    float u[3] = {0.5f, 0.5f, 0.5f}, logp[3];
    struct err e = {0};
    int32_t tok[3];

    for (size_t v = 0; v < 33 * H; v++) /* x -inf is -inf for all ids */
        ref_put(DT_BF16, m.w.host, v, 1);
    hw_k->upload(hw_k, m.w.dev, m.w.host, m.w.n * 2);
    hw_k->weight_set(hw_k, m.W, m.w.dev, DT_BF16);
    for (int s = 0; s < MODES; s++)
        for (int bad = 0; bad < 3; bad++) {
            ref_put(DT_BF16, x.host, 2 * H, what[bad]);
            hw_k->upload(hw_k, x.dev, x.host, x.n * 2);
            hw_k->head_sample(hw_k, m.t, m.t, tok, logp, x.dev, m.W, u, NULL,
                              modes[s], 3, 33, H);
            T_EQ_INT(hw_k->sync(hw_k, &e), -ERR_DATA);
            T_EQ_STR(e.msg, "head_sample: the logits of row 2 are not finite");
            T_CHECK(tok[2] == 0 && isnan(logp[2]) && !isnan(logp[1]));
            T_EQ_INT(hw_k->sync(hw_k, &e), 0);
        }
    hw_drop(&x);
    head_drop(&m);
}

int main(void)
{
    RUN(tokens_follow_the_contract);
    RUN(shares_are_the_probabilities);
    RUN(a_row_is_the_same_in_any_batch);
    RUN(small_chunks_change_nothing);
    RUN(what_is_not_finite_is_an_error);
    T_DONE();
}
