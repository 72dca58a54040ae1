/* kv - the key/value cache and attention against it
 *
 * For each layer, slot and key/value head: panels of NR keys and rows of
 * values in the compute type, as attn lays them out, so that prefill, decode
 * and training share one register-block path.
 */
#include <stdlib.h>
#include <string.h>
#include "attn.h"

enum { ROW_TASK = 24 };

struct k_kv {
    enum dtype t;
    int layers, n_slots, max_len;
    struct k_attn_shape s;
    size_t head_bytes, k_bytes; /* of one (layer, slot, head); its keys */
    char *data;
};

OP(struct k_kv *, kv_new)(struct kernels *k, enum dtype t, int layers,
                          struct k_attn_shape s, int n_slots, int max_len,
                          struct err *e)
{
    struct k_kv *kv = calloc(1, sizeof *kv);
    size_t heads = (size_t)layers * (size_t)n_slots * (size_t)s.n_kv_heads;

    if (!kv) {
        err_set(e, ERR_IO, "cpu: out of memory");
        return NULL;
    }
    kv->t = t;
    kv->layers = layers;
    kv->n_slots = n_slots;
    kv->max_len = max_len;
    kv->s = s;
    kv->k_bytes = (size_t)PAD_NR((long)max_len) * (size_t)s.head_dim *
                  dtype_size(t);
    kv->head_bytes = kv->k_bytes + (size_t)max_len *
                                       (size_t)PAD_VW(s.head_dim) *
                                       dtype_size(t);
    kv->head_bytes = (kv->head_bytes + 63) / 64 * 64;
    kv->data = k->alloc(k, heads * kv->head_bytes, e);
    if (!kv->data) {
        free(kv);
        return NULL;
    }
    return kv;
}

OP(void, kv_free)(struct kernels *k, struct k_kv *kv)
{
    if (!kv)
        return;
    k->free(k, kv->data);
    free(kv);
}

static char *keys_of(const struct k_kv *kv, int layer, int slot, int head)
{
    size_t i = ((size_t)layer * (size_t)kv->n_slots + (size_t)slot) *
                   (size_t)kv->s.n_kv_heads + (size_t)head;

    return kv->data + i * kv->head_bytes;
}

OP(void, kv_fork)(struct kernels *k, struct k_kv *kv, int src, int dst,
                  int len)
{
    size_t size = dtype_size(kv->t);
    size_t nk = (size_t)PAD_NR((long)len) * (size_t)kv->s.head_dim * size;
    size_t nv = (size_t)len * (size_t)PAD_VW(kv->s.head_dim) * size;

    (void)k;
    if (src == dst)
        return;
    for (int l = 0; l < kv->layers; l++)
        for (int h = 0; h < kv->s.n_kv_heads; h++) {
            const char *from = keys_of(kv, l, src, h);
            char *to = keys_of(kv, l, dst, h);

            memcpy(to, from, nk);
            memcpy(to + kv->k_bytes, from + kv->k_bytes, nv);
        }
}

/* rows > 1: consecutive rows of one slot, one head; rows = 1: `heads` heads
 * of one row, all of one key/value head. */
struct piece {
    int row, rows, head, heads;
};

struct job {
    struct cpu *c;
    struct k_kv *kv;
    int layer;
    const int32_t *slot, *pos;
    const void *qkv;
    void *o;
    const struct piece *pieces;
    const int32_t *limits;
};

static long stride(const struct job *j)
{
    const struct k_attn_shape *s = &j->kv->s;

    return (long)(s->n_heads + 2 * s->n_kv_heads) * s->head_dim;
}

static void insert(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    const struct k_kv *kv = j->kv;
    int D = kv->s.head_dim;

    (void)worker;
    for (long r = lo; r < hi; r++)
        for (int h = 0; h < kv->s.n_kv_heads; h++) {
            char *kp = keys_of(kv, j->layer, j->slot[r], h);
            long k = r * stride(j) + (long)(kv->s.n_heads + h) * D;

            NAME(put_key)(kv->t, kp, j->pos[r], AT(j->qkv, kv->t, k), D);
            NAME(put_value)(kv->t, kp + kv->k_bytes, j->pos[r],
                            AT(j->qkv, kv->t,
                               k + (long)kv->s.n_kv_heads * D),
                            D);
        }
}

static void piece_rows(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    const struct k_kv *kv = j->kv;
    int D = kv->s.head_dim, group = kv->s.n_heads / kv->s.n_kv_heads;

    for (long i = lo; i < hi; i++) {
        const struct piece *p = &j->pieces[i];
        char *kp = keys_of(kv, j->layer, j->slot[p->row], p->head / group);
        int one = p->rows == 1;
        int32_t same[MR];
        struct attend a = {
            .t = kv->t, .rows = p->rows, .ldq = stride(j),
            .ldo = (long)kv->s.n_heads * D,
            .q = AT(j->qkv, kv->t, p->row * stride(j) + p->head * D),
            .limit = j->limits + p->row, .kp = kp, .vr = kp + kv->k_bytes,
            .head_dim = D, .scale = attn_scale(D),
            .o = AT_W(j->o, kv->t,
                      ((long)p->row * kv->s.n_heads + p->head) * D)};

        if (one) {
            for (int m = 0; m < p->heads; m++)
                same[m] = j->limits[p->row];
            a.rows = p->heads;
            a.ldq = a.ldo = D;
            a.limit = same;
        }
        NAME(attend)(j->c, worker, &a);
    }
}

/* Pieces of one run of rows [r, r + n) in one slot. */
static long cut(struct piece *p, const struct k_attn_shape *s, int r, int n)
{
    int group = s->n_heads / s->n_kv_heads;
    long m = 0;

    for (int b = 0; b < n; b += ROW_TASK) {
        int rows = n - b < ROW_TASK ? n - b : ROW_TASK;

        for (int h = 0; h < s->n_heads; h += rows > 1 ? 1 : 0) {
            int left = group - h % group;
            int heads = rows > 1 ? 1 : left < MR ? left : MR;

            p[m++] = (struct piece){r + b, rows, h, heads};
            if (rows == 1)
                h += heads;
        }
    }
    return m;
}

OP(void, attn_cached)(struct kernels *k, enum dtype t, void *o,
                      const void *qkv, struct k_kv *kv, int layer,
                      const int32_t *slot_host, const int32_t *pos_host,
                      int T)
{
    struct cpu *c = cpu_of(k);
    struct job j = {c, kv, layer, slot_host, pos_host, qkv, o, NULL, NULL};
    size_t max_pieces = (size_t)T * (size_t)kv->s.n_heads;
    struct piece *p = NAME(cpu_shared)(
        c, S_TASKS, max_pieces * sizeof *p + (size_t)T * sizeof(int32_t));
    int32_t *limits;
    double cost = 0;
    long n = 0;

    if (!p)
        return;
    if (t != kv->t) {
        NAME(cpu_fail)(c, "attn_cached: the cache was made for another type");
        return;
    }
    limits = (int32_t *)(void *)(p + max_pieces);
    for (int i = 0; i < T; i++) {
        if (slot_host[i] < 0 || slot_host[i] >= kv->n_slots ||
            pos_host[i] < 0 || pos_host[i] >= kv->max_len) {
            NAME(cpu_fail)(c, "attn_cached: row %d: slot %d position %d; the "
                           "cache has %d slots of %d", i, (int)slot_host[i],
                           (int)pos_host[i], kv->n_slots, kv->max_len);
            return;
        }
        limits[i] = pos_host[i] + 1;
        cost += 4.0 * limits[i] * (kv->s.head_dim + 8) * kv->s.n_heads;
    }
    for (int r = 0, e; r < T; r = e) {
        for (e = r + 1; e < T && slot_host[e] == slot_host[r]; e++)
            ;
        n += cut(p + n, &kv->s, r, e - r);
    }
    j.pieces = p;
    j.limits = limits;
    NAME(cpu_for)(c, T, 4.0 * kv->s.head_dim * kv->s.n_kv_heads, insert, &j);
    if (n)
        NAME(cpu_for)(c, n, cost / (double)n, piece_rows, &j);
}
