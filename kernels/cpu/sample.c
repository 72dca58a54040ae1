/* sample - tokens of each row from the softmax at a temperature
 *
 * Without top-k and top-p: inverse CDF over ids ascending, by blocks. With
 * them: over candidates by descending logit, then ascending id. The order of
 * every addition is in NUMERICS.md.
 */
#include <stdlib.h>
#include "../candidates.h"
#include "head.h"

enum { BLOCK = 1024, FEW_CANDS = 64 };

struct job {
    struct cpu *c;
    float *L;
    int32_t *token;
    float *logp;
    const float *u;
    const int32_t *first; /* of the first row's draws, or NULL */
    struct k_sample s;
    long V, ld, row0;
    int *bad; /* one per row */
};

/* Candidates differ by their ids, so that ascending order is one order. */
static void insert_cands(uint64_t *v, long n)
{
    for (long i = 1; i < n; i++) {
        uint64_t x = v[i];
        long at = i;

        for (; at > 0 && v[at - 1] > x; at--)
            v[at] = v[at - 1];
        v[at] = x;
    }
}

/* Stable radix sort by the logit; ids come in ascending and stay so. A pass
 * over the counts costs more than a few candidates do. */
static void sort_cands(uint64_t *v, uint64_t *tmp, long n)
{
    if (n <= FEW_CANDS) {
        insert_cands(v, n);
        return;
    }
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

/* e = exp(z - max); the mass of each block, and of all. ld is a multiple of
 * 32. */
static float exp_blocks(const float *z, float *e, long ld, float max,
                        float *mass)
{
    vf all[ROW_VS], lane[ROW_VS], m = vf_set1(max);

    for (int j = 0; j < ROW_VS; j++)
        all[j] = vf_set1(0.0f);
    for (long at = 0; at < ld; at += BLOCK) {
        long end = at + BLOCK < ld ? at + BLOCK : ld;

        for (int j = 0; j < ROW_VS; j++)
            lane[j] = vf_set1(0.0f);
        for (long i = at; i < end; i += 32)
            for (int j = 0; j < ROW_VS; j++) {
                vf x = vf_exp(vf_load(z + i + j * VW) - m);

                vf_store(e + i + j * VW, x);
                lane[j] += x;
                all[j] += x;
            }
        *mass++ = row_tree(lane);
    }
    return row_tree(all);
}

typedef double d8 __attribute__((vector_size(64)));
typedef float f8u __attribute__((vector_size(32), aligned(4), may_alias));

static double sum_64(const float *e)
{
    d8 s = __builtin_convertvector(*(const f8u *)e, d8);

    for (int i = 8; i < 64; i += 8)
        s += __builtin_convertvector(*(const f8u *)(e + i), d8);
    return ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
}

enum { NONE = -1, UNSURE = -2 };

/* What walk() finds, from sums in any order. Sums of at most BLOCK terms are
 * off by less than 2^-42 of the largest, whatever their order; where one comes
 * within four times that of the target, walk() decides. */
static long walk_fast(const float *e, long n, double c, double target,
                      double mass)
{
    double margin = (c + mass) * 0x1p-40, low = target - margin;
    long i = 0;

    if (!(c < low))
        return UNSURE;
    for (; i + 64 <= n; i += 64) {
        double next = c + sum_64(e + i);

        if (!(next < low))
            break;
        c = next;
    }
    for (; i < n; i++) {
        c += (double)e[i];
        if (!(c < low))
            return c > target + margin ? i : UNSURE;
    }
    return NONE;
}

/* The first of n whose sum, from c on and in order, exceeds the target. */
static long walk(const float *e, long n, double c, double target)
{
    for (long i = 0; i < n; i++) {
        c += (double)e[i];
        if (e[i] > 0.0f && c > target)
            return i;
    }
    return NONE;
}

static double mass_of(const float *mass, long V)
{
    double total = 0;

    for (long b = 0; b < (V + BLOCK - 1) / BLOCK; b++)
        total += (double)mass[b];
    return total;
}

/* Ids ascending. e: exp(z - max), zero past V; mass: of each block; total: of
 * all. */
static int32_t draw_all(const float *e, long V, float u, const float *mass,
                        double total)
{
    double before = 0, target = (double)u * total;
    int32_t last = 0;
    long n_blocks = (V + BLOCK - 1) / BLOCK;

    for (long b = 0; b < n_blocks; before += (double)mass[b], b++) {
        long at = b * BLOCK, n = V - at < BLOCK ? V - at : BLOCK, i;

        if (before + (double)mass[b] <= target && b < n_blocks - 1)
            continue;
        i = walk_fast(e + at, n, before, target, (double)mass[b]);
        if (i == UNSURE)
            i = walk(e + at, n, before, target);
        if (i != NONE)
            return (int32_t)(at + i);
        for (i = 0; i < n; i++)
            last = e[at + i] > 0.0f ? (int32_t)(at + i) : last;
    }
    return last;
}

/* Is one of 32 values at least `floor`? */
INLINE int any_from(const float *z, float floor)
{
    int any = 0;

    for (int i = 0; i < 32; i++)
        any |= z[i] >= floor;
    return any;
}

/* The candidates of n values, those from `floor` on; how many. ld: n made up
 * to a multiple of 32, by values of -inf. */
static long collect(const float *z, long n, long ld, float floor, uint64_t *v)
{
    long found = 0;

    for (long at = 0; at < ld; at += 32) {
        long end = at + 32 < n ? at + 32 : n;

        if (!any_from(z + at, floor))
            continue;
        for (long i = at; i < end; i++) {
            v[found] = cand_of(z[i], i);
            found += z[i] >= floor;
        }
    }
    return found;
}

/* Draws i to end. Candidates within `cut` of the largest logit are a prefix of
 * the sorted order; the cut widens until they are enough, which does not depend
 * on the uniform. v, tmp: V each; e: V. */
static void draw_sorted(const struct job *j, const float *z, float max,
                        float sum, long i, long end, uint64_t *v,
                        uint64_t *tmp, float *e)
{
    long k = j->s.top_k > 0 && j->s.top_k < j->V ? j->s.top_k : j->V;

    for (float cut = 4.0f;; cut *= 2.0f) {
        float floor = cut > 1e6f ? -CANON_INF : max - cut;
        double total = (double)sum;
        long n = collect(z, j->V, j->ld, floor, v);

        if (k < j->V && n < k)
            continue;
        sort_cands(v, tmp, n);
        n = n < k ? n : k;
        for (long c = 0; c < n; c++)
            e[c] = z[cand_id(v[c])];
        for (long c = 0; c < n; c++)
            e[c] = canon_exp(e[c] - max);
        if (k < j->V) {
            total = 0;
            for (long c = 0; c < k; c++)
                total += (double)e[c];
        }
        for (; i < end; i++) {
            j->token[i] = draw_prefix(v, e, n, &j->s, total, n == k, j->u[i]);
            if (j->token[i] < 0)
                break;
        }
        if (i == end)
            return;
    }
}

/* Room for one row; the masses of blocks lie after ld values. */
static void *row_room(const struct job *j, int worker)
{
    size_t V = (size_t)j->V, ld = (size_t)j->ld;

    if (j->s.top_p < 1.0f || j->s.top_k > 0)
        return cpu_worker(j->c, worker, W_ROW,
                          V * (2 * sizeof(uint64_t) + sizeof(float)));
    return cpu_worker(j->c, worker, W_ROW,
                      (ld + ld / BLOCK + 1) * sizeof(float));
}

/* The first draw of a row of the chunk. */
static long draws_at(const struct job *j, long r)
{
    return j->first ? j->first[j->row0 + r] : j->row0 + r;
}

static void draw_plain(const struct job *j, const float *e, long i, long end)
{
    double total = mass_of(e + j->ld, j->V);

    for (; i < end; i++)
        j->token[i] = draw_all(e, j->V, j->u[i], e + j->ld, total);
}

static void rows(void *ctx, long lo, long hi, int worker)
{
    const struct job *j = ctx;
    int greedy = !(j->s.temperature > 0.0f);
    int sorted = !greedy && (j->s.top_p < 1.0f || j->s.top_k > 0);
    float inv_t = greedy ? 1.0f : 1.0f / j->s.temperature;
    void *room = row_room(j, worker);
    size_t V = (size_t)j->V;
    uint64_t *v = room;
    float *e = room;

    for (long r = lo; room && r < hi; r++) {
        float *z = j->L + r * j->ld, sum, lse;
        float max = row_scale_max(z, j->V, inv_t);
        long i = draws_at(j, r), end = draws_at(j, r + 1);

        sum = greedy || sorted ? head_exp_sum(z, j->ld, max)
                               : exp_blocks(z, e, j->ld, max, e + j->ld);
        lse = max + canon_log(sum);
        j->bad[r] = !(max > -CANON_INF && lse < CANON_INF);
        if (j->bad[r])
            continue;
        if (greedy)
            j->token[i] = argmax(z, j->V, max);
        else if (sorted)
            draw_sorted(j, z, max, sum, i, end, v, v + V,
                        (float *)(void *)(v + 2 * V));
        else
            draw_plain(j, e, i, end);
        for (long d = i; d < end; d++) {
            if (greedy)
                j->token[d] = j->token[i];
            j->logp[d] = z[j->token[d]] - lse;
        }
    }
}

/* The logits of a row are not finite: its draws are NaN. */
static void refuse(const struct job *j, long r)
{
    cpu_fail(j->c, "head_sample: the logits of row %ld are not finite",
             j->row0 + r);
    for (long i = draws_at(j, r); i < draws_at(j, r + 1); i++) {
        j->token[i] = 0;
        j->logp[i] = canon_float(0x7FC00000u);
    }
}

OP(void, head_sample)(struct kernels *k, enum dtype t, enum dtype lt, int32_t *token,
                      float *logp, const void *x, const struct k_weight *W,
                      const float *u, const int32_t *first, struct k_sample s, int T,
                      int V, int H)
{
    struct cpu *c = cpu_of(k);
    long chunk = head_chunk(V, T);

    for (long r = 0; r < T; r += chunk) {
        long n = T - r < chunk ? T - r : chunk;
        struct job j = {.c = c, .token = token, .logp = logp, .u = u,
                        .first = first, .s = s, .V = V, .ld = head_ld(V),
                        .row0 = r};

        j.L = NAME(head_rows)(c, S_LOGITS, t, lt, x, W, r, n, V, H);
        j.bad = cpu_shared(c, S_TASKS, (size_t)n * sizeof *j.bad);
        if (!j.L || !j.bad)
            return;
        cpu_for(c, n, 12.0 * V, rows, &j);
        for (long i = 0; i < n; i++)
            if (j.bad[i])
                refuse(&j, i);
    }
}
