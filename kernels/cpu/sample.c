/* sample - one token per row from the softmax at a temperature
 *
 * Without top-k and top-p: inverse CDF over ids ascending, by blocks. With
 * them: over candidates by descending logit, then ascending id. The order of
 * every addition is in NUMERICS.md.
 */
#include <stdlib.h>
#include "head.h"

enum { BLOCK = 1024 };

struct job {
    struct cpu *c;
    float *L;
    int32_t *token;
    float *logp;
    const float *u;
    struct k_sample s;
    long V, ld;
    int *bad; /* one per row */
};

/* Candidates as integers that ascend as logits descend, ids below. -0 and +0
 * are one logit. */
INLINE uint64_t cand_of(float z, long id)
{
    uint32_t u = canon_bits(z + 0.0f);

    u = u & 0x80000000u ? u : ~(u | 0x80000000u);
    return (uint64_t)u << 32 | (uint32_t)id;
}

INLINE int32_t cand_id(uint64_t c)
{
    return (int32_t)(uint32_t)c;
}

/* Stable radix sort by the logit; ids come in ascending and stay so. */
static void sort_cands(uint64_t *v, uint64_t *tmp, long n)
{
    for (int shift = 32; shift < 64; shift += 8) {
        uint32_t at[257] = {0};
        uint64_t *s = v;

        for (long i = 0; i < n; i++)
            at[(v[i] >> shift & 255) + 1]++;
        for (int d = 0; d < 256; d++)
            at[d + 1] += at[d];
        for (long i = 0; i < n; i++)
            tmp[at[v[i] >> shift & 255]++] = v[i];
        v = tmp;
        tmp = s;
    }
}

static int32_t argmax(const float *z, long V, float max)
{
    for (long v = 0; v < V; v++)
        if (z[v] == max)
            return (int32_t)v;
    return 0;
}

static float block_mass(const float *e, long n)
{
    float lane[32] = {0};

    for (long i = 0; i < n; i += 32)
        for (int j = 0; j < 32; j++)
            lane[j] += e[i + j];
    return row_tree(lane);
}

/* Ids ascending. e: exp(z - max), zero past V; ld a multiple of 32; mass has
 * room for ld / BLOCK + 1. */
static int32_t draw_all(const float *e, long V, long ld, float u, float *mass)
{
    double total = 0, before = 0, target, c;
    int32_t last = 0;
    long n_blocks = (ld + BLOCK - 1) / BLOCK;

    for (long b = 0; b < n_blocks; b++) {
        long at = b * BLOCK;

        mass[b] = block_mass(e + at, ld - at < BLOCK ? ld - at : BLOCK);
        total += (double)mass[b];
    }
    target = (double)u * total;
    for (long b = 0; b < n_blocks; before += (double)mass[b], b++) {
        long at = b * BLOCK, n = V - at < BLOCK ? V - at : BLOCK;

        if (before + (double)mass[b] <= target && b < n_blocks - 1)
            continue;
        c = before;
        for (long i = 0; i < n; i++) {
            if (!(e[at + i] > 0.0f))
                continue;
            last = (int32_t)(at + i);
            c += (double)e[at + i];
            if (c > target)
                return last;
        }
    }
    return last;
}

/* The kept prefix of n sorted candidates with masses e, drawn from. -1: more
 * candidates are needed to reach top_p. total is the mass top_p is a part
 * of. */
static int32_t draw_prefix(const uint64_t *v, const float *e, long n,
                           const struct k_sample *s, double total, int all,
                           float u)
{
    double need = (double)s->top_p * total, c = 0, target;
    long kept = 0;

    while (kept < n) {
        c += (double)e[kept++];
        if (s->top_p < 1.0f && c >= need)
            break;
    }
    if (kept == n && !all && !(s->top_p < 1.0f && c >= need))
        return -1;
    target = (double)u * c;
    c = 0;
    for (long i = 0; i < kept; i++) {
        c += (double)e[i];
        if (c > target)
            return cand_id(v[i]);
    }
    return cand_id(v[kept - 1]);
}

/* Candidates within `cut` of the largest logit are a prefix of the sorted
 * order; the cut widens until they are enough. v, tmp: V each; e: V. */
static int32_t draw_sorted(const struct job *j, const float *z, float max,
                           float sum, float u, uint64_t *v, uint64_t *tmp,
                           float *e)
{
    long k = j->s.top_k > 0 && j->s.top_k < j->V ? j->s.top_k : j->V;

    for (float cut = 4.0f;; cut *= 2.0f) {
        float floor = cut > 1e6f ? -CANON_INF : max - cut;
        double total = (double)sum;
        long n = 0;
        int32_t id;

        for (long i = 0; i < j->V; i++) {
            v[n] = cand_of(z[i], i);
            n += z[i] >= floor;
        }
        if (k < j->V && n < k)
            continue;
        sort_cands(v, tmp, n);
        n = n < k ? n : k;
        for (long i = 0; i < n; i++)
            e[i] = z[cand_id(v[i])];
        for (long i = 0; i < n; i++)
            e[i] = canon_exp(e[i] - max);
        if (k < j->V) {
            total = 0;
            for (long i = 0; i < k; i++)
                total += (double)e[i];
        }
        id = draw_prefix(v, e, n, &j->s, total, n == k, u);
        if (id >= 0)
            return id;
    }
}

/* The token of one row of z; -1 without memory. */
static int32_t choose(const struct job *j, const float *z, float max,
                      float sum, float u, int worker)
{
    size_t blocks = (size_t)j->ld / BLOCK + 1;
    size_t V = (size_t)j->V;
    uint64_t *v;
    float *e;

    if (j->s.top_p < 1.0f || j->s.top_k > 0) {
        v = NAME(cpu_worker)(j->c, worker, W_ROW,
                             V * (2 * sizeof *v + sizeof *e));
        return v ? draw_sorted(j, z, max, sum, u, v, v + V,
                               (float *)(void *)(v + 2 * V))
                 : -1;
    }
    e = NAME(cpu_worker)(j->c, worker, W_ROW,
                         ((size_t)j->ld + blocks) * sizeof *e);
    if (!e)
        return -1;
    for (long i = 0; i < j->ld; i++)
        e[i] = canon_exp(z[i] - max);
    return draw_all(e, j->V, j->ld, u, e + j->ld);
}

static void rows(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    int greedy = !(j->s.temperature > 0.0f);
    float inv_t = greedy ? 1.0f : 1.0f / j->s.temperature;

    for (long r = lo; r < hi; r++) {
        float *z = j->L + r * j->ld, max, sum, lse;
        int32_t id;

        head_scale(z, j->V, inv_t);
        max = row_max(z, j->ld);
        sum = head_exp_sum(z, j->ld, max);
        lse = max + canon_log(sum);
        j->bad[r] = !(max > -CANON_INF && lse < CANON_INF);
        if (j->bad[r])
            continue;
        id = greedy ? argmax(z, j->V, max)
                    : choose(j, z, max, sum, j->u[r], worker);
        if (id < 0)
            return;
        j->token[r] = id;
        j->logp[r] = z[id] - lse;
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
                        .ld = PAD32(V)};

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
