/* kv - the key/value cache and attention against it
 *
 * In a page, for each layer and key/value head: panels of NR keys, then rows
 * of values, in the compute type (attend.c).
 */
#include <stdlib.h>
#include "../../lib/base/arena.h"
#include "../pages.h"
#include "attn.h"

enum { ROW_TASK = 24 };

/* rows > 1: consecutive rows of one slot, one head; rows = 1: `heads` heads
 * of one row, all of one key/value head. */
struct piece {
    int row, rows, head, heads;
    long first_page;
};

struct k_kv {
    struct pages p; /* first */
    struct piece *pieces; /* of the pass */
    long n_pieces, cap_pieces;
    double cost; /* of attention in one layer of it */
};

OP(struct k_kv *, kv_new)(struct kernels *k, enum dtype t, int layers,
                          struct k_attn_shape s, int n_slots, int max_len,
                          int n_pages, struct err *e)
{
    struct k_kv *kv = xcalloc(1, sizeof *kv);

    (void)e;
    pages_open(&kv->p, k, t, layers, s, n_slots, max_len, n_pages);
    kv->p.key_rows = NR; /* a panel */
    return kv;
}

OP(void, kv_free)(struct kernels *k, struct k_kv *kv)
{
    (void)k;
    if (!kv)
        return;
    pages_close(&kv->p);
    free(kv->pieces);
    free(kv);
}

/* ---- a pass ---- */

static void add_piece(struct k_kv *kv, struct piece p)
{
    if (kv->n_pieces == kv->cap_pieces) {
        kv->cap_pieces = kv->cap_pieces ? 2 * kv->cap_pieces : 64;
        kv->pieces = xrealloc(kv->pieces, (size_t)kv->cap_pieces,
                              sizeof *kv->pieces);
    }
    kv->pieces[kv->n_pieces++] = p;
}

static void cut(struct k_kv *kv, const struct kv_run *r)
{
    const struct k_attn_shape *s = &kv->p.s;
    int group = s->n_heads / s->n_kv_heads;

    for (int b = 0; b < r->rows; b += ROW_TASK) {
        int rows = r->rows - b < ROW_TASK ? r->rows - b : ROW_TASK;

        for (int h = 0, heads = 1; h < s->n_heads; h += heads) {
            int left = group - h % group, parts = (left + MR - 1) / MR;

            heads = rows > 1 ? 1 : (left + parts - 1) / parts;
            add_piece(kv, (struct piece){r->row + b, rows, h, heads,
                                         r->first_page});
        }
    }
}

OP(void, kv_rows)(struct kernels *k, struct k_kv *kv, const int32_t *slot,
                  const int32_t *pos, int T)
{
    struct err e = {0};

    kv->n_pieces = 0;
    kv->cost = 0;
    if (pages_rows(&kv->p, slot, pos, T, &e)) {
        cpu_fail(cpu_of(k), "%s", e.msg);
        return;
    }
    for (int i = 0; i < kv->p.pass.n_runs; i++)
        cut(kv, &kv->p.pass.run[i]);
    for (int i = 0; i < T; i++)
        kv->cost += 4.0 * (pos[i] + 1) * (kv->p.s.head_dim + 8) *
                    kv->p.s.n_heads;
}

/* ---- a layer ---- */

struct job {
    struct cpu *c;
    struct k_kv *kv;
    int layer;
    const void *qkv;
    void *o;
};

static long stride(const struct job *j)
{
    const struct k_attn_shape *s = &j->kv->p.s;

    return (long)(s->n_heads + 2 * s->n_kv_heads) * s->head_dim;
}

/* Bytes into a page: where the head's keys begin; its values. */
static size_t keys_in(const struct job *j, int head)
{
    return pages_head(&j->kv->p, j->layer, head) * dtype_size(j->kv->p.t);
}

static size_t values_in(const struct job *j, int head)
{
    return keys_in(j, head) +
           (size_t)(KV_PAGE * j->kv->p.row) * dtype_size(j->kv->p.t);
}

static void insert(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    const struct pages *p = &j->kv->p;
    long D = p->s.head_dim;

    (void)worker;
    for (long r = lo; r < hi; r++)
        for (int h = 0; h < p->s.n_kv_heads; h++) {
            char *page = (char *)(uintptr_t)p->pass.into[r];
            long at = (p->pass.limit[r] - 1) % KV_PAGE;
            long k = r * stride(j) + (p->s.n_heads + h) * D;

            NAME(put_key)(p->t, page + keys_in(j, h), at,
                          AT(j->qkv, p->t, k), (int)D);
            NAME(put_value)(p->t, page + values_in(j, h), at,
                            AT(j->qkv, p->t, k + p->s.n_kv_heads * D), (int)D);
        }
}

static void piece_rows(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    const struct pages *p = &j->kv->p;
    int D = p->s.head_dim, group = p->s.n_heads / p->s.n_kv_heads;

    for (long i = lo; i < hi; i++) {
        const struct piece *x = &j->kv->pieces[i];
        const int32_t *limit = p->pass.limit + x->row;
        int one = x->rows == 1;
        int32_t same[MR];
        struct attend a = {
            .t = p->t, .rows = x->rows, .ldq = stride(j),
            .ldo = (long)p->s.n_heads * D,
            .q = AT(j->qkv, p->t, x->row * stride(j) + x->head * D),
            .limit = limit, .pages = p->pass.table + x->first_page,
            .k_at = keys_in(j, x->head / group),
            .v_at = values_in(j, x->head / group),
            .head_dim = D, .scale = attn_scale(D),
            .o = AT_W(j->o, p->t,
                      ((long)x->row * p->s.n_heads + x->head) * D)};

        if (one) {
            for (int m = 0; m < x->heads; m++)
                same[m] = *limit;
            a.rows = x->heads;
            a.ldq = a.ldo = D;
            a.limit = same;
        }
        NAME(attend)(j->c, worker, &a);
    }
}

OP(void, attn_cached)(struct kernels *k, enum dtype t, void *o,
                      const void *qkv, struct k_kv *kv, int layer, int T)
{
    struct cpu *c = cpu_of(k);
    struct job j = {c, kv, layer, qkv, o};
    const struct pages *p = &kv->p;

    if (t != p->t || T != p->pass.T || layer < 0 || layer >= p->layers) {
        cpu_fail(c, "attn_cached: type %d, layer %d, %d rows; the cache "
                 "has type %d, %d layers, and kv_rows was given %d",
                 (int)t, layer, T, (int)p->t, p->layers, p->pass.T);
        return;
    }
    /* keys go to a line each */
    cpu_for(c, T, 16.0 * p->s.head_dim * p->s.n_kv_heads, insert, &j);
    if (kv->n_pieces)
        cpu_for(c, kv->n_pieces, kv->cost / (double)kv->n_pieces,
                piece_rows, &j);
}
