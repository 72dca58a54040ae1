/* The head and sampling of order=hardware in the simulator, against float64.
 *
 * Rows of x are one-hot, so that any product makes exactly the logits that
 * the test chose, rounded already: what is measured is the kernels behind it.
 * Bounds: a term 2^d, d = (l - m) / (T ln 2), has a relative error of at most
 * 2^-22 (ex2.approx) + 6 |d| 2^-24 (difference, product and its constant);
 * sums are of at most 8 terms, then one for each 256 of a warp's ids (perhaps
 * scaled down by such a factor each time), then of the threads by trees.
 */
#include "../../kernels/cuda/hw_head.h"
#include "cuda_hw.h"

enum { H = 8, ROWS = 11 };
extern size_t cudasim_hw_head_bytes;

static const int vocab[] = {1, 7, 33, 257, 2049, 5003};
static const char *const how[] = {"forward", "in reverse", "at random"};

/* One model's head at a vocabulary: row h of z is what row h of x gives. */
struct head {
    enum dtype t;
    int V;
    struct hw_t w; /* [V][H], z transposed */
    struct k_weight *W;
};

static double z_at(const struct head *m, int r, int v)
{
    return hw_at(&m->w, (size_t)v * H + (size_t)(r % H));
}

/* Eight kinds of rows. */
static double z_of(int h, int v, int V, int peak)
{
    switch (h) {
    case 0: return 2 * ref_normal();
    case 1: return 1.5;                        /* flat */
    case 2: return v == peak ? 30 : ref_normal();
    case 3: return 40.0 * v / V - 20;          /* a new maximum each time */
    case 4: return 20 - 40.0 * v / V;
    case 5: return floor(4 * ref_uniform());   /* many ties */
    case 6: return 40 * ref_normal();          /* most terms vanish */
    default: return v % 97 == 3 ? 5.0 : -5.0;
    }
}

static struct head head_new(enum dtype t, int V)
{
    struct head m = {t, V, {0}, NULL};
    void *w = malloc((size_t)V * H * dtype_size(t));

    for (int h = 0; h < H; h++) {
        int peak = (int)(ref_uniform() * V);

        for (int v = 0; v < V; v++)
            ref_put(t, w, (size_t)v * H + (size_t)h, z_of(h, v, V, peak));
    }
    m.w = hw_of(t, (size_t)V * H, w);
    m.W = ref_weight(hw_k, t, V, H, m.w.dev);
    return m;
}

static void head_drop(struct head *m)
{
    hw_k->weight_free(hw_k, m->W);
    hw_drop(&m->w);
}

/* Rows r, r + 1, ... of T, one-hot. */
static struct hw_t one_hot(enum dtype t, int r, int T)
{
    void *x = ref_zeros((size_t)(T * H) * dtype_size(t));

    for (int i = 0; i < T; i++)
        ref_put(t, x, (size_t)(i * H + (r + i) % H), 1);
    return hw_of(t, (size_t)(T * H), x);
}

/* float64 of a row at it = 1 / T, with its bound. */
struct ref {
    double m, S, entropy, spread; /* spread: mean of |z - m| */
    double rel;                   /* of S */
};

static struct ref row_ref(const struct head *m, int r, double it)
{
    struct ref f = {-INFINITY, 0, 0, 0, 0};

    for (int v = 0; v < m->V; v++)
        f.m = fmax(f.m, z_at(m, r, v) * it);
    for (int v = 0; v < m->V; v++) {
        double d = z_at(m, r, v) * it - f.m;

        f.S += exp(d);
        f.spread -= exp(d) * d;
    }
    f.spread /= f.S;
    f.entropy = log(f.S) + f.spread;
    f.rel = 0x1p-22 + 9 * f.spread * 0x1p-24 +
            (8 + 10 + (m->V / 256 + 1) * 5) * 0x1p-24;
    return f;
}

/* ---- log-probabilities ---- */
static void check_logp(const struct head *m, const int32_t *target,
                       struct hw_t *out, float it)
{
    double want[3][ROWS], bound[3][ROWS];

    for (int r = 0; r < ROWS; r++) {
        struct ref f = row_ref(m, r, (double)it);
        double lse = f.m + log(f.S);

        want[0][r] = z_at(m, r, target[r]) * (double)it - lse;
        want[1][r] = lse;
        want[2][r] = f.entropy;
        bound[0][r] = f.rel + 3 * 0x1p-24 * (log(f.S) + 1);
        bound[1][r] = bound[0][r];
        /* the terms of Q have the error of S and of d besides */
        bound[2][r] = 3 * f.rel * (1 + f.spread) + bound[0][r];
    }
    hw_close("logp", &out[0], want[0], bound[0]);
    hw_close("lse", &out[1], want[1], bound[1]);
    hw_close("entropy", &out[2], want[2], bound[2]);
    for (int r = 0; r < ROWS; r++)
        T_CHECKF(hw_at(&out[0], (size_t)r) <= 0, "logp over 0");
}

static int32_t *targets(int V, int T, int32_t **dev)
{
    int32_t *t = malloc((size_t)T * 4);

    for (int i = 0; i < T; i++)
        t[i] = (int32_t)(ref_uniform() * V);
    *dev = hw_alloc((size_t)T * 4);
    hw_k->upload(hw_k, *dev, t, (size_t)T * 4);
    return t;
}

static void one_logp(enum dtype t, int V, float temperature)
{
    struct head m = head_new(t, V);
    struct hw_t x = one_hot(t, 0, ROWS), out[3];
    int32_t *dev, *tok = targets(V, ROWS, &dev);
    float before[3][ROWS];

    for (int o = 0; o < 3; o++)
        out[o] = hw_zeros(DT_F32, ROWS);
    for (int order = 0; order < 3; order++) {
        cudasim_set_order((enum cudasim_order)order, 5);
        hw_k->head_logp(hw_k, t, out[0].dev, out[1].dev, out[2].dev, x.dev,
                        m.W, dev, temperature, ROWS, V, H);
        for (int o = 0; o < 3; o++) {
            hw_fetch(&out[o]);
            if (order)
                ref_same(how[order], out[o].host, before[o],
                         sizeof before[o]);
            memcpy(before[o], out[o].host, sizeof before[o]);
        }
    }
    check_logp(&m, tok, out, 1 / temperature);
    for (int o = 0; o < 3; o++)
        hw_drop(&out[o]);
    hw_drop(&x);
    hw_k->free(hw_k, dev);
    free(tok);
    head_drop(&m);
}

static void head_logp_is_float64s(void)
{
    for (size_t i = 0; i < sizeof vocab / sizeof *vocab; i++)
        for (int t = 0; t < 3; t++)
            one_logp(ref_types[t], vocab[i], i % 2 ? 0.7f : 1);
}

/* ---- gradients ---- */
struct grads {
    double *g, *eg; /* [ROWS][V]: gradient of the logit and its bound */
};

static void grads_of(struct grads *o, const struct head *m,
                     const int32_t *target, const struct hw_t *dlogp,
                     const struct hw_t *lse, double it)
{
    for (int r = 0; r < ROWS; r++)
        for (int v = 0; v < m->V; v++) {
            double d = z_at(m, r, v) * it - hw_at(lse, (size_t)r);
            double p = exp(d), g = hw_at(dlogp, (size_t)r) * it;
            double ep = p * (0x1p-22 + 4 * fabs(d) * 0x1p-24);
            size_t i = (size_t)(r * m->V + v);

            o->g[i] = ((v == target[r]) - p) * g;
            o->eg[i] = fabs(g) * ep + 3 * 0x1p-24 * fabs(o->g[i]);
            o->eg[i] += hw_rounding(m->t, fabs(o->g[i]) + o->eg[i]);
        }
}

static void check_grads(const struct head *m, const struct grads *o,
                        struct hw_t *dx, struct hw_t *dW, const double *dW0)
{
    size_t n = dW->n > dx->n ? dW->n : dx->n;
    double *want = calloc(n, sizeof *want);
    double *bound = calloc(n, sizeof *bound);

    for (int r = 0; r < ROWS; r++)
        for (int h = 0; h < H; h++) {
            size_t at = (size_t)(r * H + h);

            want[at] = bound[at] = 0;
            for (int v = 0; v < m->V; v++) {
                size_t i = (size_t)(r * m->V + v);
                double w = hw_at(&m->w, (size_t)(v * H + h));

                want[at] += o->g[i] * w;
                bound[at] += o->eg[i] * fabs(w) +
                             m->V * 0x1p-24 * fabs(o->g[i] * w);
            }
        }
    hw_close("dx", dx, want, bound);
    for (size_t i = 0; i < dW->n; i++) {
        int h = (int)i % H, v = (int)i / H;

        want[i] = dW0[i];
        bound[i] = 0;
        for (int r = h; r < ROWS; r += H) {
            size_t at = (size_t)(r * m->V + v);

            want[i] += o->g[at];
            bound[i] += o->eg[at] + 0x1p-22 * fabs(want[i]);
        }
    }
    hw_close("dW", dW, want, bound);
    free(want);
    free(bound);
}

static void one_bwd(enum dtype t, int V, float temperature)
{
    struct head m = head_new(t, V);
    size_t n = (size_t)V * H;
    struct hw_t x = one_hot(t, 0, ROWS), dx = hw_zeros(t, ROWS * H);
    struct hw_t dW = hw_random(DT_F32, n, 0.1);
    struct hw_t dlogp = hw_random(DT_F32, ROWS, 1);
    struct hw_t lse = hw_zeros(DT_F32, ROWS), logp = hw_zeros(DT_F32, ROWS);
    double *dW0 = malloc(n * sizeof *dW0);
    int32_t *dev, *tok = targets(V, ROWS, &dev);
    struct grads o = {calloc(ROWS * (size_t)V, sizeof(double)),
                      calloc(ROWS * (size_t)V, sizeof(double))};

    for (size_t i = 0; i < n; i++)
        dW0[i] = hw_at(&dW, i);
    hw_k->head_logp(hw_k, t, logp.dev, lse.dev, NULL, x.dev, m.W, dev,
                    temperature, ROWS, V, H);
    hw_k->head_bwd(hw_k, t, dx.dev, dW.dev, dlogp.dev, lse.dev, x.dev, m.W,
                   dev, temperature, ROWS, V, H);
    hw_fetch(&lse);
    grads_of(&o, &m, tok, &dlogp, &lse, (double)(1 / temperature));
    check_grads(&m, &o, &dx, &dW, dW0);
    hw_drop(&x), hw_drop(&dx), hw_drop(&dW), hw_drop(&dlogp);
    hw_drop(&lse), hw_drop(&logp);
    hw_k->free(hw_k, dev);
    free(tok), free(dW0), free(o.g), free(o.eg);
    head_drop(&m);
}

static void head_bwd_is_float64s(void)
{
    for (size_t i = 0; i < sizeof vocab / sizeof *vocab; i++)
        for (int t = 0; t < 3; t++) {
            cudasim_set_order((enum cudasim_order)(((int)i + t) % 3), 2);
            one_bwd(ref_types[t], vocab[i], i % 2 ? 1 : 0.8f);
        }
}

/* ---- KL ---- */
static void one_kl(enum dtype ta, enum dtype tb, int V, float temperature)
{
    struct head a = head_new(ta, V), b = head_new(tb, V);
    struct hw_t xa = one_hot(ta, 0, ROWS), xb = one_hot(tb, 0, ROWS);
    struct hw_t kl = hw_zeros(DT_F32, ROWS);
    double want[ROWS], bound[ROWS], it = (double)(1 / temperature);

    hw_k->head_kl(hw_k, ta, tb, kl.dev, xa.dev, a.W, H, xb.dev, b.W, H,
                  temperature, ROWS, V);
    for (int r = 0; r < ROWS; r++) {
        struct ref f = row_ref(&a, r, it), g = row_ref(&b, r, it);
        double size = 0; /* mean of |da| + |db| */

        want[r] = log(g.S) - log(f.S);
        for (int v = 0; v < V; v++) {
            double da = z_at(&a, r, v) * it - f.m, p = exp(da) / f.S;
            double db = z_at(&b, r, v) * it - g.m;

            want[r] += p * (da - db);
            size += p * (fabs(da) + fabs(db));
        }
        bound[r] = (f.rel + g.rel) * (2 + 3 * size);
    }
    hw_close("kl", &kl, want, bound);
    hw_drop(&xa), hw_drop(&xb), hw_drop(&kl);
    head_drop(&a);
    head_drop(&b);
}

static void head_kl_is_float64s(void)
{
    for (size_t i = 0; i < sizeof vocab / sizeof *vocab; i++)
        for (int t = 0; t < 3; t++) {
            cudasim_set_order((enum cudasim_order)(((int)i + t) % 3), 3);
            one_kl(ref_types[t], ref_types[(t + (int)i) % 3], vocab[i],
                   i % 2 ? 1 : 0.6f);
        }
}

static void kl_of_a_model_to_itself_is_nearly_zero(void)
{
    struct head a = head_new(DT_BF16, 5003);
    struct hw_t x = one_hot(DT_BF16, 0, ROWS), kl = hw_zeros(DT_F32, ROWS);

    hw_k->head_kl(hw_k, DT_BF16, DT_BF16, kl.dev, x.dev, a.W, H, x.dev, a.W,
                  H, 1, ROWS, a.V);
    hw_fetch(&kl);
    for (size_t r = 0; r < ROWS; r++) /* differences are exact zeros */
        T_EQ_INT(hw_at(&kl, r) == 0, 1);
    hw_drop(&x), hw_drop(&kl);
    head_drop(&a);
}

static void head_logits_are_rounded(void)
{
    for (int t = 0; t < 3; t++) {
        struct head m = head_new(ref_types[t], 257);
        struct hw_t x = one_hot(m.t, 0, ROWS);
        struct hw_t out = hw_zeros(DT_F32, ROWS * 257);

        hw_k->head_logits(hw_k, m.t, out.dev, x.dev, m.W, ROWS, m.V, H);
        hw_fetch(&out);
        for (int i = 0; i < ROWS * 257; i++)
            T_CHECK(hw_at(&out, (size_t)i) == z_at(&m, i / 257, i % 257));
        hw_drop(&x), hw_drop(&out);
        head_drop(&m);
    }
}

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
    ok = id[place] == token && place < n &&
         F[place] <= u * hi + eps * all &&
         F[place + 1] >= u * lo - eps * all;
    free(id);
    free(F);
    return ok;
}

static const struct k_sample modes[] = {
    {0, 1, 0},      {1, 1, 0},      {0.7f, 1, 0},      {1, 0.8f, 0},
    {0.7f, 0.8f, 0}, {1, 1, 5},     {1, 0.9f, 50},     {2, 0.999f, 0},
    {1, 0.5f, 3000}, {1, 1, 1 << 20}};
enum { MODES = sizeof modes / sizeof *modes };

static void check_token(const struct head *m, int r, struct k_sample s,
                        float u, int token, float logp)
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
    T_NEAR((double)logp, want, f.rel + 3 * 0x1p-24 * (log(f.S) + 1),
           0x1p-23);
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
        hw_k->head_sample(hw_k, m->t, tok, logp, x->dev, m->W, u, s, ROWS,
                          m->V, H);
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

            for (int s = 0; s < MODES; s++)
                if (!ref_sanitized() || (s + t) % 3 == 0)
                    one_sample(&m, &x, modes[s],
                               (s + t + (int)i) % 3 ? 1 : 3);
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

        hw_k->head_sample(hw_k, m.t, tok, logp, x.dev, m.W, u, modes[s], N,
                          V, H);
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
                     "mode %d: token %d came %d times of %d, expected %g", s,
                     v, count[v], (int)N, N * e[v] / kept);
    }
    hw_drop(&x);
    head_drop(&m);
}

/* ---- what surrounds a row does not matter ---- */
static void a_row_is_the_same_in_any_company(void)
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
    hw_k->head_logp(hw_k, m.t, dev, dev + ROWS, dev + 2 * ROWS, all.dev, m.W,
                    target, 0.7f, ROWS, m.V, H);
    hw_k->head_sample(hw_k, m.t, got, lp, all.dev, m.W, u, s, ROWS, m.V, H);
    hw_fetch(&out);
    for (int r = 0; r < ROWS; r++) {
        struct hw_t one = one_hot(DT_BF16, r, 1);

        for (int i = 0; i < 3; i++)
            want[i] = hw_at(&out, (size_t)(i * ROWS + r));
        hw_k->head_logp(hw_k, m.t, dev + 3 * ROWS, dev + 3 * ROWS + 1,
                        dev + 3 * ROWS + 2, one.dev, m.W, target + r, 0.7f, 1,
                        m.V, H);
        hw_k->head_sample(hw_k, m.t, &got1, &lp1, one.dev, m.W, u + r, s, 1,
                          m.V, H);
        hw_fetch(&out);
        for (int i = 0; i < 3; i++)
            T_CHECK(hw_at(&out, (size_t)(3 * ROWS + i)) == want[i]);
        T_EQ_INT(got1, got[r]);
        T_CHECK(lp1 == lp[r]);
        hw_drop(&one);
    }
    /* and the trainer's log-probability of a token is the sampler's */
    hw_k->upload(hw_k, target, got, sizeof got);
    hw_k->head_logp(hw_k, m.t, dev, dev + ROWS, NULL, all.dev, m.W, target,
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

    cudasim_hw_head_bytes = 4 * 5056 * 4; /* four rows of the largest */
    one_logp(DT_F32, 5003, 1);
    one_bwd(DT_F32, 5003, 0.9f);
    one_bwd(DT_BF16, 5003, 1);
    one_kl(DT_F32, DT_BF16, 5003, 1);
    one_sample(&m, &x, modes[1], 1);
    one_sample(&m, &x, modes[4], 1);
    cudasim_hw_head_bytes = bytes;
    hw_drop(&x);
    head_drop(&m);
}

static void chunks_are_even_and_bounded(void)
{
    long V = 151936; /* 152000 with the rest of the last 128 bytes */

    T_EQ_INT(hw_head_ld(V), 151936);
    T_EQ_INT(hw_head_rows(HW_HEAD_BYTES, 2, V, 512), 512);
    T_EQ_INT(hw_head_rows(HW_HEAD_BYTES, 2, V, 1766), 1766);
    T_EQ_INT(hw_head_rows(HW_HEAD_BYTES, 2, V, 1767), 896); /* two halves */
    T_EQ_INT(hw_head_rows(HW_HEAD_BYTES, 2, V, 16384), 1664);
    T_EQ_INT(hw_head_rows(HW_HEAD_BYTES, 4, 1 << 21, 100), 64);
    T_EQ_INT(hw_head_rows(1000, 4, 1 << 21, 100), 1);
    T_EQ_INT(hw_head_ld(1), 64);
    for (long T = 1; T < 5000; T += 7)
        T_CHECK(hw_head_scratch(DT_BF16, V, T) <= HW_HEAD_BYTES);
}

/* ---- errors ---- */
static void errors_are_kept_for_sync(void)
{
    struct head m = head_new(DT_BF16, 33);
    struct hw_t x = one_hot(DT_BF16, 0, 3), out = hw_zeros(DT_F32, 3);
    struct hw_t lse = hw_zeros(DT_F32, 3);
    int32_t target[3] = {1, 33, 2}, *dev = hw_alloc(sizeof target), tok[3];
    float u[3] = {0.5f, 0.5f, 0.5f}, logp[3];
    struct k_weight *none;
    struct err e = {0};

    hw_k->upload(hw_k, dev, target, sizeof target);
    hw_k->head_logp(hw_k, m.t, out.dev, lse.dev, NULL, x.dev, m.W, dev, 1, 3,
                    33, H);
    T_EQ_INT(hw_k->sync(hw_k, &e), -ERR_DATA);
    T_EQ_STR(e.msg, "head_logp: target 33 at row 1; the vocabulary has 33");
    for (int s = 0; s < MODES; s++)
        for (int bad = 0; bad < 3; bad++) {
            static const double what[] = {NAN, INFINITY, -INFINITY};

            /* one value of the row, or all of them */
            for (int h = 0; h < (bad == 2 ? H : 1); h++)
                ref_put(DT_BF16, x.host, (size_t)(2 * H + h), what[bad]);
            for (size_t v = 0; bad == 2 && v < 33 * H; v++)
                ref_put(DT_BF16, m.w.host, v, 1);
            hw_k->upload(hw_k, x.dev, x.host, x.n * 2);
            hw_k->upload(hw_k, m.w.dev, m.w.host, m.w.n * 2);
            hw_k->weight_set(hw_k, m.W, m.w.dev, DT_BF16);
            hw_k->head_sample(hw_k, m.t, tok, logp, x.dev, m.W, u, modes[s],
                              3, 33, H);
            T_EQ_INT(hw_k->sync(hw_k, &e), -ERR_DATA);
            T_EQ_STR(e.msg, "head_sample: the logits of row 2 are not finite");
            T_CHECK(tok[2] == 0 && isnan(logp[2]));
            T_CHECK(!isnan(logp[1]));
            T_EQ_INT(hw_k->sync(hw_k, &e), 0);
        }
    none = hw_k->weight_new(hw_k, DT_BF16, 33, H, WEIGHT_ROWS, &e);
    hw_k->head_logits(hw_k, m.t, out.dev, x.dev, none, 1, 3, H);
    T_EQ_INT(hw_k->sync(hw_k, &e), -ERR_DATA);
    hw_k->head_bwd(hw_k, m.t, x.dev, out.dev, out.dev, lse.dev, x.dev, none,
                   dev, 1, 1, 3, H);
    T_EQ_INT(hw_k->sync(hw_k, &e), -ERR_DATA);
    hw_k->weight_free(hw_k, none);
    hw_drop(&x), hw_drop(&out), hw_drop(&lse);
    hw_k->free(hw_k, dev);
    head_drop(&m);
}

static void (*body)(void);

static void opened(void)
{
    if (!hw_sim())
        return;
    body();
    hw_done();
}

#define RUN(fn) (body = fn, t_run(#fn, opened))

int main(void)
{
    RUN(head_logp_is_float64s);
    RUN(head_bwd_is_float64s);
    RUN(head_kl_is_float64s);
    RUN(kl_of_a_model_to_itself_is_nearly_zero);
    RUN(head_logits_are_rounded);
    RUN(tokens_follow_the_contract);
    RUN(shares_are_the_probabilities);
    RUN(a_row_is_the_same_in_any_company);
    RUN(small_chunks_change_nothing);
    RUN(errors_are_kept_for_sync);
    T_RUN(chunks_are_even_and_bounded);
    T_DONE();
}
