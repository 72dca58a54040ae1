/* sample - one token per row from the softmax at a temperature
 *
 * Without top-k and top-p: inverse CDF over ids ascending, by blocks. With
 * them: over candidates by descending logit, then ascending id. The order of
 * every addition is in NUMERICS.md.
 */
#include <stdlib.h>
#include "head.h"

enum { BLOCK = 1024 };

struct cand {
    float z;
    int32_t id;
};

struct job {
    struct cpu *c;
    float *L;
    int32_t *token;
    float *logp;
    const float *u;
    struct k_sample s;
    long V, ld, row0;
    int *bad; /* one per row */
};

static int by_logit(const void *pa, const void *pb)
{
    const struct cand *a = pa, *b = pb;

    if (a->z != b->z)
        return a->z > b->z ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static int32_t argmax(const float *z, long V, float max)
{
    for (long v = 0; v < V; v++)
        if (z[v] == max)
            return (int32_t)v;
    return 0;
}

/* Ids ascending. e: exp(z - max), zero past V; ld a multiple of 32. */
static int32_t draw_all(const float *e, long V, long ld, float u)
{
    double total = 0, before = 0, target, c;
    int32_t last = 0;
    long b, n_blocks = (ld + BLOCK - 1) / BLOCK;
    float mass[4096];
    int keep = n_blocks <= 4096;

    for (b = 0; b < n_blocks; b++) {
        long at = b * BLOCK, n = ld - at < BLOCK ? ld - at : BLOCK;
        float lane[32] = {0}, m;

        for (long i = 0; i < n; i += 32)
            for (int j = 0; j < 32; j++)
                lane[j] += e[at + i + j];
        m = canon_tree(lane);
        if (keep)
            mass[b] = m;
        total += (double)m;
    }
    target = (double)u * total;
    for (b = 0; b < n_blocks; b++) {
        long at = b * BLOCK, n = V - at < BLOCK ? V - at : BLOCK;
        double m = 0;

        if (keep && before + (double)mass[b] <= target && b < n_blocks - 1) {
            before += (double)mass[b];
            continue;
        }
        c = before;
        for (long i = 0; i < n; i++) {
            if (!(e[at + i] > 0.0f))
                continue;
            last = (int32_t)(at + i);
            c += (double)e[at + i];
            if (c > target)
                return last;
        }
        m = keep ? (double)mass[b] : c - before;
        before += m;
    }
    return last;
}

/* The kept prefix of n sorted candidates, drawn from. -1: more candidates
 * are needed to reach top_p. total is the mass top_p is a part of. */
static int32_t draw_prefix(const struct cand *v, long n, float max,
                           const struct k_sample *s, double total, int all,
                           float u)
{
    double need = (double)s->top_p * total, c = 0, target;
    long kept = 0;

    while (kept < n) {
        c += (double)canon_exp(v[kept].z - max);
        kept++;
        if (s->top_p < 1.0f && c >= need)
            break;
    }
    if (kept == n && !all && !(s->top_p < 1.0f && c >= need))
        return -1;
    target = (double)u * c;
    c = 0;
    for (long i = 0; i < kept; i++) {
        c += (double)canon_exp(v[i].z - max);
        if (c > target)
            return v[i].id;
    }
    return v[kept - 1].id;
}

static int32_t draw_sorted(const struct job *j, const float *z, float max,
                           float sum, float u, struct cand *v)
{
    long k = j->s.top_k > 0 && j->s.top_k < j->V ? j->s.top_k : j->V;

    for (float cut = 4.0f;; cut *= 2.0f) {
        int everything = cut > 1e6f;
        float floor = everything ? -CANON_INF : max - cut;
        double total = (double)sum;
        long n = 0;
        int32_t id;

        for (long i = 0; i < j->V; i++)
            if (z[i] >= floor)
                v[n++] = (struct cand){z[i], (int32_t)i};
        if (k < j->V && n < k)
            continue;
        qsort(v, (size_t)n, sizeof *v, by_logit);
        if (k < j->V) {
            total = 0;
            for (long i = 0; i < k; i++)
                total += (double)canon_exp(v[i].z - max);
            n = k;
        }
        id = draw_prefix(v, n, max, &j->s, total, n == k, u);
        if (id >= 0)
            return id;
    }
}

static void rows(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    int greedy = !(j->s.temperature > 0.0f);
    int sorted = !greedy && (j->s.top_p < 1.0f || j->s.top_k > 0);
    float inv_t = greedy ? 1.0f : 1.0f / j->s.temperature;
    struct cand *v = NULL;

    if (sorted) {
        v = NAME(cpu_worker)(j->c, worker, W_ROW, (size_t)j->V * sizeof *v);
        if (!v)
            return;
    }
    for (long r = lo; r < hi; r++) {
        float *z = j->L + r * j->ld, max, sum, lse, zt;
        int32_t id;

        head_scale(z, j->V, inv_t);
        max = row_max(z, j->ld);
        sum = head_exp_sum(z, j->ld, max);
        lse = max + canon_log(sum);
        j->bad[r] = !(max > -CANON_INF && lse < CANON_INF);
        if (j->bad[r])
            continue;
        if (greedy)
            id = argmax(z, j->V, max);
        else if (sorted)
            id = draw_sorted(j, z, max, sum, j->u[r], v);
        else
            id = -1;
        if (id >= 0) {
            zt = z[id];
        } else {
            /* exp goes over z: read the chosen z back from its row after */
            float *e = NAME(cpu_worker)(j->c, worker, W_ROW2,
                                        (size_t)j->ld * sizeof *e);

            if (!e)
                return;
            for (long i = 0; i < j->ld; i++)
                e[i] = canon_exp(z[i] - max);
            id = draw_all(e, j->V, j->ld, j->u[r]);
            zt = z[id];
        }
        j->token[r] = id;
        j->logp[r] = zt - lse;
    }
}

OP(void, head_sample)(struct kernels *k, enum dtype t, int32_t *token,
                      float *logp, const void *x, const struct k_weight *W,
                      const float *u, struct k_sample s, int T, int V, int H)
{
    struct cpu *c = cpu_of(k);
    long chunk = head_chunk(V, T);

    for (long r = 0; r < T; r += chunk) {
        long n = T - r < chunk ? T - r : chunk;
        struct job j = {.c = c, .token = token + r, .logp = logp + r,
                        .u = u ? u + r : NULL, .s = s, .V = V,
                        .ld = PAD32(V), .row0 = r};

        j.L = NAME(head_rows)(c, S_LOGITS, t, x, W, r, n, V, H);
        j.bad = NAME(cpu_shared)(c, S_TASKS, (size_t)n * sizeof *j.bad);
        if (!j.L || !j.bad)
            return;
        NAME(cpu_for)(c, n, 12.0 * V, rows, &j);
        for (long i = 0; i < n; i++)
            if (j.bad[i]) {
                NAME(cpu_fail)(c, "head_sample: the logits of row %ld are "
                               "not finite", r + i);
                token[r + i] = 0;
                logp[r + i] = canon_float(0x7FC00000u);
            }
    }
}
