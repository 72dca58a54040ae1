/* Attention of order=hardware in the simulator: forward and backward against
 * float64 under a bound for each element, together with the canonical
 * kernels, over lengths at the edges of tiles; the same bits in any batch
 * in the batch and any order of threads; no work for rows without a query;
 * tiles uploaded once a batch. */
#include "cuda_hw.h"

enum { MOST_SEQS = 8 };

struct batch {
    struct k_attn_shape s;
    int32_t start[MOST_SEQS + 1], *dev;
    const int32_t *from; /* of k_seqs */
    int n, T;
    struct hw_t qkv, d_o, o, lse, dqkv;
};

static void attn_open(struct batch *b, enum dtype t, struct k_attn_shape s,
                      const int *len, double scale)
{
    size_t h = (size_t)(s.n_heads * s.head_dim), T, row;

    memset(b, 0, sizeof *b);
    b->s = s;
    for (; len[b->n]; b->n++)
        b->start[b->n + 1] = b->start[b->n] + len[b->n];
    b->T = b->start[b->n];
    T = (size_t)b->T;
    row = (size_t)((s.n_heads + 2 * s.n_kv_heads) * s.head_dim);
    b->dev = hw_alloc(sizeof b->start);
    hw_k->upload(hw_k, b->dev, b->start, sizeof b->start);
    b->qkv = hw_random(t, T * row, scale);
    b->d_o = hw_random(t, T * h, 1);
    b->o = hw_zeros(t, T * h);
    b->lse = hw_zeros(DT_F32, T * (size_t)s.n_heads);
    b->dqkv = hw_zeros(t, T * row);
}

static void attn_close(struct batch *b)
{
    hw_drop(&b->qkv);
    hw_drop(&b->d_o);
    hw_drop(&b->o);
    hw_drop(&b->lse);
    hw_drop(&b->dqkv);
    hw_k->free(hw_k, b->dev);
}

static void forward(struct kernels *k, struct batch *b)
{
    struct k_seqs q = {b->n, b->dev, b->start, b->from};

    k->attn(k, b->qkv.t, b->o.dev, b->lse.dev, b->qkv.dev, b->s, q, b->T);
}

static void backward(struct kernels *k, struct batch *b)
{
    struct k_seqs q = {b->n, b->dev, b->start, b->from};

    k->attn_bwd(k, b->qkv.t, b->dqkv.dev, b->d_o.dev, b->o.dev, b->qkv.dev,
                b->lse.dev, b->s, q, b->T);
}

/* ---- float64 ----
 * What may be lost. A product of tensor cores adds 8 terms and the
 * accumulator a step, each cut at the 24th bit of the largest, and the sum
 * again: 10 2^-23 of the sum of |terms| a step (tests/unit/cuda_mma.c); the
 * canonical chain loses less. So a sum of n terms: */
static double sum_loss(long n)
{
    return (double)((n + 15) / 16 * 2) * 10 * 0x1p-23;
}

/* A weight e^(s - m), with s off by ds: the exponent is a rounded m / ln 2, a
 * fused product and ex2, off by less than 2^-22; relative. */
static double weight_loss(double ds, double s, double m)
{
    return 1.01 * ds + (2 + fabs(s) + fabs(m)) * 0x1p-22;
}

/* ex2 gives 0 for less. */
static const double LEAST = 0x1p-126;

/* One query row of one head, and its keys. */
struct row {
    const struct batch *b;
    int first, i, head, keys; /* of the sequence; in it */
    double *s, *ds, *p;       /* [keys] scores, their loss, weights */
};

static size_t at_of(const struct row *r, int j, int what)
{
    const struct k_attn_shape *s = &r->b->s;
    int group = s->n_heads / s->n_kv_heads;
    int h = what == 0   ? r->head
            : what == 1 ? s->n_heads + r->head / group
                        : s->n_heads + s->n_kv_heads + r->head / group;

    return (size_t)(((r->first + j) * (s->n_heads + 2 * s->n_kv_heads) + h) *
                    s->head_dim);
}

static size_t o_of(const struct row *r)
{
    return (size_t)(((r->first + r->i) * r->b->s.n_heads + r->head) *
                    r->b->s.head_dim);
}

static void scores(struct row *r)
{
    int D = r->b->s.head_dim;

    for (int j = 0; j < r->keys; j++) {
        double s = 0, size = 0;

        for (int d = 0; d < D; d++) {
            double x = hw_at(&r->b->qkv, at_of(r, r->i, 0) + (size_t)d) *
                       hw_at(&r->b->qkv, at_of(r, j, 1) + (size_t)d);

            s += x;
            size += fabs(x);
        }
        r->s[j] = s / sqrt(D);
        r->ds[j] = sum_loss(D) * size / sqrt(D);
    }
}

struct want {
    double *v, *loss;
};

static struct want want_new(size_t n)
{
    struct want w = {calloc(n, sizeof(double)), calloc(n, sizeof(double))};

    return w;
}

static void want_check(const char *what, struct hw_t *got, struct want *w)
{
    hw_close(what, got, w->v, w->loss);
    free(w->v);
    free(w->loss);
}

static void row_forward(struct row *r, struct want *o, struct want *lse)
{
    double m = -INFINITY, S = 0, off = 0;
    enum dtype t = r->b->qkv.t;
    size_t at = (size_t)((r->first + r->i) * r->b->s.n_heads + r->head);

    scores(r);
    for (int j = 0; j < r->keys; j++)
        m = fmax(m, r->s[j]);
    for (int j = 0; j < r->keys; j++)
        S += r->p[j] = exp(r->s[j] - m);
    for (int j = 0; j < r->keys; j++) {
        r->p[j] /= S;
        r->ds[j] = weight_loss(r->ds[j], r->s[j], m);
        off += r->p[j] * r->ds[j];
    }
    off += r->keys * 0x1p-24;
    lse->v[at] = m + log(S);
    lse->loss[at] = off + fabs(m) * 0x1p-23 + 0x1p-22;
    for (int d = 0; d < r->b->s.head_dim; d++) {
        double x = 0, size = 0, loss = 0;

        for (int j = 0; j < r->keys; j++) {
            double v = hw_at(&r->b->qkv, at_of(r, j, 2) + (size_t)d);

            x += r->p[j] * v;
            size += r->p[j] * fabs(v);
            /* a weight is rounded to the type where m gives it 1 */
            loss += (r->p[j] * r->ds[j] + hw_rounding(t, r->p[j]) + LEAST) *
                    fabs(v);
        }
        o->v[o_of(r) + (size_t)d] = x;
        o->loss[o_of(r) + (size_t)d] = loss + off * fabs(x) +
                                       (sum_loss(r->keys) + 0x1p-22) * size;
    }
}

/* From the stored o and lse. Sums over rows: loss of adding comes after. */
static void row_backward(struct row *r, struct want *g, double *size)
{
    const struct batch *b = r->b;
    enum dtype t = b->qkv.t;
    int D = b->s.head_dim;
    double lse = hw_at(&b->lse,
                       (size_t)((r->first + r->i) * b->s.n_heads + r->head));
    double delta = 0, delta_size = 0, scale = 1 / sqrt(D);

    scores(r);
    for (int d = 0; d < D; d++) {
        double x = hw_at(&b->d_o, o_of(r) + (size_t)d) *
                   hw_at(&b->o, o_of(r) + (size_t)d);

        delta += x;
        delta_size += fabs(x);
    }
    for (int j = 0; j < r->keys; j++) {
        double p = exp(r->s[j] - lse), dp = 0, dp_size = 0, ds, ds_loss;
        double loss = weight_loss(r->ds[j], r->s[j], lse);

        for (int d = 0; d < D; d++) {
            double x = hw_at(&b->d_o, o_of(r) + (size_t)d) *
                       hw_at(&b->qkv, at_of(r, j, 2) + (size_t)d);

            dp += x;
            dp_size += fabs(x);
        }
        ds = p * (dp - delta);
        ds_loss = p * (sum_loss(D) * (dp_size + delta_size)) +
                  (loss + 0x1p-22) * fabs(ds) + LEAST * fabs(dp - delta);
        ds_loss += hw_rounding(t, fabs(ds) + ds_loss);
        for (int d = 0; d < D; d++) {
            size_t q = at_of(r, r->i, 0) + (size_t)d;
            size_t k = at_of(r, j, 1) + (size_t)d;
            size_t v = at_of(r, j, 2) + (size_t)d;
            double Q = hw_at(&b->qkv, q) * scale;
            double K = hw_at(&b->qkv, k) * scale;
            double dO = hw_at(&b->d_o, o_of(r) + (size_t)d);

            g->v[q] += ds * K;
            g->loss[q] += ds_loss * fabs(K);
            size[q] += fabs(ds * K);
            g->v[k] += ds * Q;
            g->loss[k] += ds_loss * fabs(Q);
            size[k] += fabs(ds * Q);
            g->v[v] += p * dO;
            g->loss[v] += (p * loss + hw_rounding(t, p) + LEAST) * fabs(dO);
            size[v] += fabs(p * dO);
        }
    }
}

typedef void row_fn(struct row *r, struct want *a, void *b);

static void forward_row(struct row *r, struct want *a, void *b)
{
    row_forward(r, a, b);
}

static void backward_row(struct row *r, struct want *a, void *b)
{
    row_backward(r, a, b);
}

static void each_row(const struct batch *b, row_fn *fn, struct want *x, void *y)
{
    double *p = malloc(3 * (size_t)b->T * sizeof *p);

    for (int i = 0; i < b->n; i++)
        for (int r = b->start[i] + (b->from ? b->from[i] : 0);
             r < b->start[i + 1]; r++)
            for (int h = 0; h < b->s.n_heads; h++) {
                struct row row = {
                    b, b->start[i], r - b->start[i], h, r - b->start[i] + 1,
                    p, p + b->T,    p + 2 * b->T};

                fn(&row, x, y);
            }
    free(p);
}

static void forward_check(const char *what, struct batch *b)
{
    struct want o = want_new(b->o.n), lse = want_new(b->lse.n);

    each_row(b, forward_row, &o, &lse);
    want_check(what, &b->o, &o);
    want_check(what, &b->lse, &lse);
}

/* o and lse on the host are what the backward was given. */
static void backward_check(const char *what, struct batch *b)
{
    struct want g = want_new(b->dqkv.n);
    double *size = calloc(b->dqkv.n, sizeof *size);
    long most = 0;

    for (int i = 0; i < b->n; i++) {
        long n = b->start[i + 1] - b->start[i];

        most = n > most ? n : most;
    }
    most *= b->s.n_heads / b->s.n_kv_heads; /* terms of dk and dv */
    each_row(b, backward_row, &g, size);
    for (size_t i = 0; i < b->dqkv.n; i++)
        g.loss[i] += size[i] * (sum_loss(most) + 0x1p-22);
    free(size);
    want_check(what, &b->dqkv, &g);
}

static void one(enum dtype t, int heads, int kv_heads, int D, const int *len,
                double scale)
{
    struct k_attn_shape s = {heads, kv_heads, D};
    struct batch b;
    char what[64];

    attn_open(&b, t, s, len, scale);
    snprintf(what, sizeof what, "forward %d/%d of %d, %d..", heads, kv_heads, D,
             len[0]);
    forward(hw_k, &b);
    forward_check(what, &b);
    backward(hw_k, &b);
    snprintf(what, sizeof what, "backward %d/%d of %d, %d..", heads, kv_heads,
             D, len[0]);
    backward_check(what, &b);
    attn_close(&b);
}

static void agrees_with_float64(void)
{
    static const int edges[] = {1, 15, 16, 17, 0}, tile[] = {63, 64, 65, 0};
    static const int two[] = {130, 33, 0}, three[] = {257, 0};
    static const int small[] = {18, 33, 0};

    if (!hw_sim())
        return;
    one(DT_BF16, 4, 2, 64, edges, 1);
    one(DT_F16, 4, 2, 128, edges, 1);
    cudasim_set_order(CUDASIM_RANDOM, 3);
    one(DT_F16, 1, 1, 64, tile, 1);
    one(DT_BF16, 2, 1, 128, tile, 1);
    cudasim_set_order(CUDASIM_REVERSE, 0);
    one(DT_BF16, 2, 1, 64, two, 1);
    one(DT_F16, 1, 1, 128, two, 1);
    cudasim_set_order(CUDASIM_FORWARD, 0);
    if (!ref_sanitized()) { /* where these take half a minute */
        one(DT_F16, 1, 1, 64, three, 1);
        one(DT_BF16, 1, 1, 128, three, 1);
    }
    one(DT_F16, 7, 1, 128, small, 1);
    one(DT_BF16, 14, 2, 64, small, 1);
    hw_done();
}

/* Scores of hundreds: nearly all weight on one key, the others' underflow. */
static void saturated_scores_stay_right(void)
{
    static const int len[] = {70, 17, 0};

    if (!hw_sim())
        return;
    one(DT_BF16, 2, 1, 64, len, 8);
    one(DT_F16, 1, 1, 128, len, 6);
    one(DT_F16, 1, 1, 64, len, 0.01);
    hw_done();
}

/* Columns up to 64 or 128 are zeros; what is no multiple of 8, longer, or
 * fp32, is for the canonical kernels. */
static void other_head_dims_are_served(void)
{
    static const int len[] = {35, 20, 0};
    static const int dims[] = {16, 32, 80, 96, 24, 10, 136};

    if (!hw_sim())
        return;
    for (int i = 0; i < 7; i++)
        one(i % 2 ? DT_F16 : DT_BF16, 2, 1, dims[i], len, 1);
    one(DT_F32, 2, 1, 64, len, 1);
    hw_done();
}

/* Either forward with either backward: o and lse mean the same. */
static void works_with_the_canonical_kernels(void)
{
    static const int len[] = {50, 66, 0};
    static const struct k_attn_shape s = {2, 1, 64};
    struct k_order o = {ORDER_CANONICAL, 0};
    struct kernels *canon = NULL;
    struct err e = {0};
    struct batch b;

    if (!hw_sim() || kernels_open(&canon, "cuda", 0, o, &e) != 0)
        return;
    for (int i = 0; i < 2; i++) {
        attn_open(&b, i ? DT_F16 : DT_BF16, s, len, 1);
        forward(canon, &b);
        forward_check("canonical forward", &b);
        backward(hw_k, &b);
        backward_check("after a canonical forward", &b);
        forward(hw_k, &b);
        forward_check("forward", &b);
        backward(canon, &b);
        backward_check("canonical backward", &b);
        attn_close(&b);
    }
    kernels_close(&canon);
    hw_done();
}

/* ---- queries from a row on ---- */
/* `byte` in n bytes of each row of v before `from`, on the device. */
static void fill_before(struct batch *b, struct hw_t *v, size_t n, int byte)
{
    size_t row = v->n / (size_t)b->T * dtype_size(v->t);
    char *bytes = memset(malloc(n), byte, n);

    for (int i = 0; i < b->n; i++)
        for (int r = 0; r < b->from[i]; r++)
            hw_k->upload(hw_k, (char *)v->dev + (size_t)(b->start[i] + r) * row,
                         bytes, n);
    free(bytes);
}

/* n bytes of each row of v before `from`, as fetched, are `byte`. */
static void is_before(struct batch *b, const struct hw_t *v, size_t n, int byte)
{
    size_t row = v->n / (size_t)b->T * dtype_size(v->t), other = 0;
    const unsigned char *p = v->host;

    for (int i = 0; i < b->n; i++)
        for (int r = 0; r < b->from[i]; r++)
            for (size_t x = 0; x < n; x++)
                other += p[(size_t)(b->start[i] + r) * row + x] != byte;
    T_EQ_INT(other, 0);
}

/* Rows without a query cost nothing: their q is NaN, and so would be any sum
 * that they come into; their o and lse are NaN and stay so. */
static void asked_from(struct kernels *k, enum dtype t, struct k_attn_shape s,
                       const int *len, const int32_t *row)
{
    struct batch b;
    size_t z = dtype_size(t), h = (size_t)(s.n_heads * s.head_dim) * z;
    char what[64];

    attn_open(&b, t, s, len, 1);
    b.from = row;
    fill_before(&b, &b.qkv, h, 0xFF);
    fill_before(&b, &b.o, h, 0xFF);
    fill_before(&b, &b.lse, 4 * (size_t)s.n_heads, 0xFF);
    fill_before(&b, &b.d_o, h, 0);
    memset(b.dqkv.host, 0xFF, b.dqkv.n * z);
    hw_k->upload(hw_k, b.dqkv.dev, b.dqkv.host, b.dqkv.n * z);
    forward(k, &b);
    backward(k, &b);
    hw_fetch(&b.o);
    hw_fetch(&b.lse);
    is_before(&b, &b.o, h, 0xFF);
    is_before(&b, &b.lse, 4 * (size_t)s.n_heads, 0xFF);
    snprintf(what, sizeof what, "of %d, %d from %d", s.head_dim, len[0],
             row[0]);
    backward_check(what, &b);
    is_before(&b, &b.dqkv, h, 0);
    fill_before(&b, &b.o, h, 0); /* as float64 has it */
    fill_before(&b, &b.lse, 4 * (size_t)s.n_heads, 0);
    forward_check(what, &b);
    attn_close(&b);
}

static void queries_from_a_row_on(void)
{
    static const int len[] = {66, 17, 131, 20, 0}, short_len[] = {70, 33, 0};
    static const int32_t row[] = {65, 0, 129, 9}, all[] = {64, 17, 70, 20};
    static const int32_t short_row[] = {65, 1};
    static const struct k_attn_shape two = {2, 1, 64}, one_head = {1, 1, 128};
    static const struct k_attn_shape pairs = {4, 2, 24}, big = {2, 1, 128};
    struct k_order o = {ORDER_CANONICAL, 0};
    struct kernels *canon = NULL;
    struct err e = {0};

    if (!hw_sim() || kernels_open(&canon, "cuda", 0, o, &e) != 0)
        return;
    asked_from(hw_k, DT_BF16, two, len, row);
    cudasim_set_order(CUDASIM_RANDOM, 5);
    asked_from(hw_k, DT_F16, pairs, short_len, short_row);
    cudasim_set_order(CUDASIM_REVERSE, 0);
    if (!ref_sanitized())
        asked_from(hw_k, DT_BF16, one_head, len, all);
    cudasim_set_order(CUDASIM_FORWARD, 0);
    asked_from(hw_k, DT_F16, big, short_len, short_row);
    asked_from(canon, DT_BF16, pairs, short_len, short_row);
    kernels_close(&canon);
    hw_done();
}

/* ---- bits ---- */
static void fetch(struct batch *b)
{
    forward(hw_k, b);
    backward(hw_k, b);
    hw_fetch(&b->o);
    hw_fetch(&b->lse);
    hw_fetch(&b->dqkv);
}

/* Rows of sequence `in` of a are those of b's only one. */
static void same_rows(const char *what, const struct hw_t *a, int in,
                      const struct batch *of, const struct hw_t *b)
{
    size_t row = a->n / (size_t)of->T * dtype_size(a->t);

    ref_same(what, (const char *)a->host + (size_t)of->start[in] * row, b->host,
             b->n * dtype_size(b->t));
}

static void the_rest_of_the_batch_changes_no_bit(void)
{
    static const int len[] = {20, 131, 1, 66, 0};
    static const struct k_attn_shape s = {2, 1, 64};
    struct batch all, one_seq;

    if (!hw_sim())
        return;
    attn_open(&all, DT_BF16, s, len, 1);
    fetch(&all);
    for (int i = 0; i < all.n; i++) {
        int alone[] = {len[i], 0};
        size_t row = (size_t)(4 * 64 * 2), h = (size_t)(2 * 64 * 2);
        size_t at = (size_t)all.start[i];

        attn_open(&one_seq, DT_BF16, s, alone, 1);
        hw_k->copy(hw_k, one_seq.qkv.dev, (char *)all.qkv.dev + at * row,
                   (size_t)len[i] * row);
        hw_k->copy(hw_k, one_seq.d_o.dev, (char *)all.d_o.dev + at * h,
                   (size_t)len[i] * h);
        fetch(&one_seq);
        same_rows("o", &all.o, i, &all, &one_seq.o);
        same_rows("lse", &all.lse, i, &all, &one_seq.lse);
        same_rows("dqkv", &all.dqkv, i, &all, &one_seq.dqkv);
        attn_close(&one_seq);
    }
    attn_close(&all);
    hw_done();
}

static void order_of_threads_changes_no_bit(void)
{
    static const int len[] = {129, 30, 0};

    for (int D = 64; D <= (ref_sanitized() ? 64 : 128); D += 64) {
        struct k_attn_shape s = {1, 1, D};
        struct batch b;
        void *was[3] = {NULL, NULL, NULL};
        struct hw_t *v[3] = {&b.o, &b.lse, &b.dqkv};

        if (!hw_sim())
            return;
        attn_open(&b, D == 64 ? DT_F16 : DT_BF16, s, len, 1);
        for (int i = 0; i < 3; i++) {
            cudasim_set_order((enum cudasim_order)i, 11);
            fetch(&b);
            for (int x = 0; x < 3; x++) {
                size_t n = v[x]->n * dtype_size(v[x]->t);

                if (i == 0)
                    was[x] = memcpy(malloc(n), v[x]->host, n);
                else
                    ref_same("another order", was[x], v[x]->host, n);
            }
        }
        for (int x = 0; x < 3; x++)
            free(was[x]);
        cudasim_set_order(CUDASIM_FORWARD, 0);
        attn_close(&b);
        hw_done();
    }
}

/* ---- tiles ---- */
static void uploads_of(struct kernels *k)
{
    static const int len[] = {9, 40, 0};
    static const struct k_attn_shape s = {1, 1, 64};
    int32_t from[2] = {0, 0};
    struct batch b;
    size_t before;

    attn_open(&b, DT_BF16, s, len, 1);
    before = cudasim_copies();
    forward(k, &b);
    backward(k, &b);
    T_CHECK(cudasim_copies() - before <= 2);
    before = cudasim_copies();
    for (int layer = 0; layer < 3; layer++) {
        forward(k, &b);
        backward(k, &b);
    }
    T_EQ_INT(cudasim_copies() - before, 0);
    b.start[1] = 30; /* other sequences in the same array */
    before = cudasim_copies();
    forward(k, &b);
    forward_check("other sequences", &b);
    T_CHECK(cudasim_copies() > before);
    k->trim(k);
    forward(k, &b);
    forward_check("after trim", &b);
    b.from = from;
    before = cudasim_copies();
    forward(k, &b);
    T_EQ_INT(cudasim_copies() - before, 0); /* from row 0 on: all */
    from[1] = 3;
    fill_before(&b, &b.o, 64 * 2, 0);
    fill_before(&b, &b.lse, 4, 0);
    before = cudasim_copies();
    forward(k, &b);
    forward_check("other queries", &b);
    T_CHECK(cudasim_copies() > before);
    attn_close(&b);
}

static void tiles_are_uploaded_once(void)
{
    struct k_order o = {ORDER_CANONICAL, 0};
    struct kernels *canon = NULL;
    struct err e = {0};

    if (!hw_sim() || kernels_open(&canon, "cuda", 0, o, &e) != 0)
        return;
    uploads_of(hw_k);
    uploads_of(canon);
    kernels_close(&canon);
    hw_done();
}

/* Values that are not finite stay in their sequence. */
static void a_nan_stays_in_its_sequence(void)
{
    static const int len[] = {40, 40, 40, 0};
    static const struct k_attn_shape s = {1, 1, 64};
    size_t row = 3 * 64;
    struct batch b;

    if (!hw_sim())
        return;
    attn_open(&b, DT_BF16, s, len, 1);
    for (size_t i = 40 * row; i < 80 * row; i++)
        ((uint16_t *)b.qkv.host)[i] = 0x7FC0;
    hw_k->upload(hw_k, b.qkv.dev, b.qkv.host, b.qkv.n * 2);
    fetch(&b);
    for (int r = 0; r < 120; r++) {
        int nan_o = 0, nan_g = 0;

        for (size_t d = 0; d < 64; d++)
            nan_o += isnan(hw_at(&b.o, (size_t)r * 64 + d));
        for (size_t d = 0; d < row; d++)
            nan_g += isnan(hw_at(&b.dqkv, (size_t)r * row + d));
        T_EQ_INT(nan_o, r / 40 == 1 ? 64 : 0);
        T_CHECKF(r / 40 == 1 ? nan_g > 0 : nan_g == 0, "row %d has %d NaN", r,
                 nan_g);
    }
    attn_close(&b);
    hw_done();
}

int main(void)
{
    T_RUN(agrees_with_float64);
    T_RUN(saturated_scores_stay_right);
    T_RUN(other_head_dims_are_served);
    T_RUN(works_with_the_canonical_kernels);
    T_RUN(queries_from_a_row_on);
    T_RUN(the_rest_of_the_batch_changes_no_bit);
    T_RUN(order_of_threads_changes_no_bit);
    T_RUN(tiles_are_uploaded_once);
    T_RUN(a_nan_stays_in_its_sequence);
    T_DONE();
}
