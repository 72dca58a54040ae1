/* plan - the working memory of a pass, and what a run would take */
#include "impl.h"

/* Pieces begin at multiples of 256 bytes, as device allocations do. */
static size_t take(size_t *end, size_t bytes)
{
    size_t at = *end;

    *end = at + (bytes + 255) / 256 * 256;
    return at;
}

/* n copies at a distance of *step when kept; else one copy and step 0. */
static size_t take_n(size_t *end, size_t *step, size_t bytes, int n, int keep)
{
    size_t at = *end;

    *step = keep ? (bytes + 255) / 256 * 256 : 0;
    for (int i = 0; i < (keep ? n : 1); i++)
        (void)take(end, bytes);
    return at;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

void acts_layout(struct acts *a, const struct config *c, enum dtype t,
                 struct acts_shape s)
{
    size_t size = dtype_size(t), T = (size_t)s.T, R = (size_t)s.R;
    size_t H = (size_t)c->hidden * size, F = (size_t)c->ffn * size;
    size_t Q = (size_t)c->heads * (size_t)c->head_dim * size;
    size_t KV = (size_t)c->kv_heads * (size_t)c->head_dim * size;
    size_t E = (size_t)s.E, end = 0, wide, rows = larger(T, R);
    int L = c->layers, all = s.keep == KEEP_ALL;

    *a = (struct acts){0};
    layout_places(&a->rows, s);
    a->ints = take(&end, 4 * a->rows.n);
    a->row_id = take(&end, s.keep ? 8 * T : 0);
    a->live_id = take(&end, s.keep ? 8 * R : 0);
    a->x = take_n(&end, &a->x_step, rows * H, L + 1, s.keep != KEEP_NOTHING);
    a->mid = a->x; /* in place */
    if (s.keep)
        a->mid = take_n(&end, &a->mid_step, rows * H, L, all);
    a->qkv = take_n(&end, &a->qkv_step, T * (Q + 2 * KV), L, all);
    a->ao = take_n(&end, &a->ao_step, rows * Q, L, all);
    a->lse = take_n(&end, &a->lse_step, 4 * larger(T, E) * (size_t)c->heads, L,
                    all);
    a->gu = take_n(&end, &a->gu_step, 2 * rows * F, L, all);
    a->norm = take(&end, rows * H);
    a->rstd = take(&end, 4 * rows);
    a->proj = take(&end, rows * H);
    a->act = take(&end, rows * F);
    a->w_qkv = take(&end, E * (Q + 2 * KV));
    wide = larger(E, s.live ? T : 0);
    a->w_ao = take(&end, wide * Q);
    a->head_n = take(&end, R * H);
    a->head_rstd = take(&end, 4 * R);
    a->logp = take(&end, 4 * R);
    a->head_lse = take(&end, 4 * R);
    a->entropy = take(&end, 4 * R);
    if (s.keep) {
        a->dlogp = take(&end, 4 * R);
        a->d_x = take(&end, rows * H);
        a->d_n = take(&end, rows * H);
        a->d_wide = take(&end, rows * larger(2 * F, Q + 2 * KV));
        a->d_mid = take(&end, rows * larger(F, Q));
        a->w_dao = take(&end, wide * Q);
        a->w_dqkv = take(&end, E * (Q + 2 * KV));
    }
    a->bytes = end;
}

static size_t largest(size_t a, size_t b)
{
    return a > b ? a : b;
}

void model_plan(struct model_plan *p, const struct config *c,
                const struct arm *a, int tokens, int max_len, int slots)
{
    size_t size = dtype_size(a->compute), L = (size_t)c->layers;
    size_t H = (size_t)c->hidden, F = (size_t)c->ffn, V = (size_t)c->vocab;
    size_t Q = (size_t)c->heads * (size_t)c->head_dim;
    size_t KV = (size_t)c->kv_heads * (size_t)c->head_dim;
    size_t matrices = L * (H * (Q + 2 * KV) + Q * H + 3 * F * H);
    size_t vectors = L * (2 * H + (c->qkv_bias ? Q + 2 * KV : 0)) + H;
    struct acts act;

    acts_layout(&act, c, a->compute, (struct acts_shape){
                                      .T = tokens, .R = tokens, .S = tokens,
                                      .keep = KEEP_ALL});
    p->n_params = matrices + vectors + V * H * (c->tied ? 1 : 2);
    p->weight_bytes = p->n_params * size;
    p->train_weight_bytes = (p->n_params + matrices + V * H) * size;
    p->grad_bytes = dtype_size(a->grads) *
                    (p->n_params + (c->tied ? V * H : 0));
    if (a->grads != DT_F32) /* grads.c: sums of one matrix and one vector */
        p->grad_bytes += 6 * largest(V * H, F * H * 2) +
                         4 * largest(H, c->qkv_bias ? Q + 2 * KV : 0);
    p->act_bytes = act.bytes;
    p->kv_bytes = 2 * L * KV * (size_t)max_len * (size_t)slots * size;
    p->flops_per_token = 2.0 * (double)(matrices + V * H) +
                         4.0 * (double)(L * Q) * (double)max_len;
}
