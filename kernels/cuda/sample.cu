/* sample - tokens of each row from the softmax at a temperature
 *
 * A block has a draw. Without top-k and top-p: inverse CDF over ids ascending,
 * by blocks of SPAN ids. With them: the candidates within `cut` of the
 * largest logit, a prefix of the sorted order, are gathered and sorted; the
 * cut widens until they are enough. Candidates are distinct integers, so
 * neither the order of gathering nor the way of sorting shows. The walks in
 * double are one thread's.
 */
#include <stdlib.h>
#include "../candidates.h"
#include "head_dev.h"
#include "sample.h"

#define SORT_BYTES ((size_t)64 << 20)

struct job {
    const float *L;
    long V, ld, row0, room; /* room: candidates a row may have, 2^n >= V */
    long draw0;             /* of the launch */
    const int32_t *row;     /* of each draw; NULL: draw r is of row r */
    float it;
    int greedy;
    struct k_sample s;
    const float *u;
    int32_t *token; /* -1: the logits are not finite */
    float *logp;
    float *mass;    /* [rows][blocks of SPAN] */
    uint64_t *cand; /* [rows][room] */
    float *e;       /* [rows][room] */
};

/* The smallest id with z = m. */
DEV int32_t draw_greedy(const struct job *j, const float *l, float m,
                        int *best)
{
    if (threadIdx.x == 0)
        *best = 0x7FFFFFFF;
    __syncthreads();
    for (long v = (long)threadIdx.x; v < j->V; v += HEAD_NT)
        if (l[v] * j->it == m)
            atomicMin(best, (int)v);
    __syncthreads();
    return *best;
}

/* Thread 0 walks the n terms of a block of ids; 1 when the token is found. */
DEV int walk(const float *a, int n, long at, double before, double target,
             int *last)
{
    double c = before;

    for (int i = 0; i < n; i++) {
        if (!(a[i] > 0.0f))
            continue;
        *last = (int)(at + i);
        c += (double)a[i];
        if (c > target)
            return 1;
    }
    return 0;
}

DEV int32_t draw_all(const struct job *j, const float *l, float m, float u,
                     float *a, int *last, int *found)
{
    long blocks = (j->V + SPAN - 1) / SPAN;
    float *mass = j->mass + (long)blockIdx.x * blocks;
    double total = 0, before = 0, target;

    if (threadIdx.x == 0)
        *last = *found = 0;
    for (long b = 0; b < blocks; b++) {
        int n = span_at(b * SPAN, j->V);
        float s;

        for (int i = (int)threadIdx.x; i < n; i += HEAD_NT)
            a[i] = canon_exp(l[b * SPAN + i] * j->it - m);
        __syncthreads();
        s = lanes_add(0.0f, a, n);
        if (threadIdx.x < 32)
            s = warp_tree(s);
        if (threadIdx.x == 0)
            mass[b] = s;
        __syncthreads();
    }
    for (long b = 0; b < blocks; b++)
        total += (double)mass[b];
    target = (double)u * total;
    for (long b = 0; b < blocks; before += (double)mass[b], b++) {
        int n = span_at(b * SPAN, j->V);

        if (before + (double)mass[b] <= target && b < blocks - 1)
            continue;
        for (int i = (int)threadIdx.x; i < n; i += HEAD_NT)
            a[i] = canon_exp(l[b * SPAN + i] * j->it - m);
        __syncthreads();
        if (threadIdx.x == 0)
            *found = walk(a, n, b * SPAN, before, target, last);
        __syncthreads();
        if (*found)
            break;
        __syncthreads();
    }
    return *last;
}

/* Bitonic, ascending; n a power of two. */
DEV void sort_cands(uint64_t *v, long n)
{
    for (long k = 2; k <= n; k *= 2)
        for (long s = k / 2; s > 0; s /= 2) {
            for (long i = (long)threadIdx.x; i < n; i += HEAD_NT) {
                long o = i ^ s;

                if (o > i && ((i & k) == 0) == (v[i] > v[o])) {
                    uint64_t x = v[i];

                    v[i] = v[o];
                    v[o] = x;
                }
            }
            __syncthreads();
        }
}

/* Candidates with z >= floor, unsorted; how many. */
DEV long gather(const struct job *j, const float *l, float floor, uint64_t *v,
                int *count)
{
    __syncthreads();
    if (threadIdx.x == 0)
        *count = 0;
    __syncthreads();
    for (long i = (long)threadIdx.x; i < j->V; i += HEAD_NT) {
        float z = l[i] * j->it;

        if (z >= floor)
            v[atomicAdd(count, 1)] = cand_of(z, i);
    }
    __syncthreads();
    return *count;
}

DEV int32_t draw_sorted(const struct job *j, const float *l, float m, float S,
                        float u, int *count, int *token)
{
    long k = j->s.top_k > 0 && j->s.top_k < j->V ? j->s.top_k : j->V;
    uint64_t *v = j->cand + (long)blockIdx.x * j->room;
    float *e = j->e + (long)blockIdx.x * j->room;

    for (float cut = 4.0f;; cut *= 2.0f) {
        float floor = cut > 1e6f ? -CANON_INF : m - cut;
        long n = gather(j, l, floor, v, count), full = 1;

        if (k < j->V && n < k)
            continue;
        while (full < n)
            full *= 2;
        for (long i = n + (long)threadIdx.x; i < full; i += HEAD_NT)
            v[i] = ~(uint64_t)0;
        __syncthreads();
        sort_cands(v, full);
        n = n < k ? n : k;
        for (long i = (long)threadIdx.x; i < n; i += HEAD_NT)
            e[i] = canon_exp(l[cand_id(v[i])] * j->it - m);
        __syncthreads();
        if (threadIdx.x == 0) {
            double total = (double)S;

            if (k < j->V) {
                total = 0;
                for (long i = 0; i < k; i++)
                    total += (double)e[i];
            }
            *token = draw_prefix(v, e, n, &j->s, total, n == k, u);
        }
        __syncthreads();
        if (*token >= 0)
            return *token;
    }
}

KERNEL __launch_bounds__(HEAD_NT, 4) sample_rows(struct job j)
{
    __shared__ float a[SPAN], part[HEAD_NT / 32], slot;
    __shared__ int first, second;
    long r = j.draw0 + (long)blockIdx.x;
    const float *l = j.L + ((j.row ? j.row[r] : r) - j.row0) * j.ld;
    float m = row_max(l, j.V, j.it, part, &slot);
    float S = row_exp_sum(l, j.V, j.it, m, a, &slot);
    float lse = m + canon_log(S);
    int32_t id = -1;

    if (m > -CANON_INF && lse < CANON_INF) {
        if (j.greedy)
            id = draw_greedy(&j, l, m, &first);
        else if (j.s.top_p < 1.0f || j.s.top_k > 0)
            id = draw_sorted(&j, l, m, S, j.u[r], &first, &second);
        else
            id = draw_all(&j, l, m, j.u[r], a, &first, &second);
    }
    if (threadIdx.x == 0) {
        j.token[r] = id;
        j.logp[r] = id < 0 ? canon_float(0x7FC00000u) : l[id] * j.it - lse;
    }
}

/* Draws [d, d + draws), as many at a time as there is room to sort. */
static int draw_some(struct cuda *c, struct job j, long d, long draws)
{
    size_t V = (size_t)j.V, blocks = (V + SPAN - 1) / SPAN, each;
    int sorted = !j.greedy && (j.s.top_p < 1.0f || j.s.top_k > 0);
    long some;
    char *p;

    for (j.room = 1; j.room < j.V; j.room *= 2)
        ;
    each = sorted ? (size_t)j.room * 12 : blocks * 4;
    some = (long)(SORT_BYTES / each);
    some = cuda_min(some < 1 ? 1 : some, draws);
    p = (char *)CU(cuda_scratch)(c, S_SORT, (size_t)some * each);
    if (!p)
        return 0;
    j.mass = (float *)(void *)p;
    j.cand = (uint64_t *)(void *)p;
    j.e = (float *)(void *)(p + (size_t)some * (size_t)j.room * 8);
    for (long i = 0; i < draws; i += some) {
        j.draw0 = d + i;
        LAUNCH(c, sample_rows, (unsigned)cuda_min(some, draws - i), HEAD_NT, 0,
               j);
    }
    return 1;
}

const int32_t *CU(cuda_draw_rows)(struct cuda *c, void *dev,
                                  const int32_t *first, int T)
{
    size_t bytes = (size_t)first[T] * sizeof *first;
    int32_t *row = (int32_t *)malloc(bytes + 1);

    if (!row) {
        CU(cuda_fail)(c, ERR_IO, "cuda: out of host memory");
        return NULL;
    }
    for (int r = 0; r < T; r++)
        for (int32_t i = first[r]; i < first[r + 1]; i++)
            row[i] = r;
    CU(cuda_upload)(c, dev, row, bytes);
    free(row);
    return (const int32_t *)dev;
}

void CU(cuda_fetch_draws)(struct cuda *c, const float *dev, float *logp,
                          int32_t *token, size_t n, const int32_t *first)
{
    float *host = (float *)calloc(2 * n, sizeof *host);

    if (!host) {
        CU(cuda_fail)(c, ERR_IO, "cuda: out of host memory");
        return;
    }
    CU(cuda_download)(c, host, dev, 2 * n * sizeof *host);
    memcpy(logp, host, n * sizeof *logp);
    memcpy(token, host + n, n * sizeof *token);
    free(host);
    for (size_t i = 0, r = 0; i < n; i++) {
        r += !first || i == (size_t)first[r + 1];
        if (token[i] < 0) {
            CU(cuda_fail)(c, ERR_DATA, "head_sample: the logits of row %zu "
                          "are not finite", first ? r : i);
            token[i] = 0;
        }
    }
}

OP(void, head_sample)(struct kernels *k, enum dtype t, enum dtype lt, int32_t *token,
                      float *logp, const void *x, const struct k_weight *W,
                      const float *u, const int32_t *first, struct k_sample s, int T,
                      int V, int H)
{
    struct cuda *c = cuda_of(k);
    long chunk = head_chunk(V, T), ld = head_ld(V);
    size_t n = (size_t)(first ? first[T] : T);
    int greedy = !(s.temperature > 0.0f);
    float *dev, *L;
    struct job j;

    if (T <= 0)
        return;
    dev = (float *)CU(cuda_scratch)(c, S_ROWS, 4 * n * sizeof *dev);
    L = head_room(c, S_LOGITS, chunk, V);
    if (!dev || !L)
        return;
    memset(&j, 0, sizeof j);
    j.L = L;
    j.V = V;
    j.ld = ld;
    j.it = greedy ? 1.0f : 1.0f / s.temperature;
    j.greedy = greedy;
    j.s = s;
    j.logp = dev;
    j.token = (int32_t *)(void *)(dev + n);
    j.u = dev + 2 * n;
    if (u)
        CU(cuda_upload)(c, dev + 2 * n, u, n * sizeof *u);
    if (first) {
        j.row = CU(cuda_draw_rows)(c, dev + 3 * n, first, T);
        if (!j.row)
            return;
    }
    for (long r = 0; r < T; r += chunk) {
        long rows = cuda_min(chunk, T - r);
        size_t at = (size_t)r * (size_t)H * dtype_size(t);
        long d = first ? first[r] : r;
        long end = first ? first[r + rows] : r + rows;

        j.row0 = r;
        if (!CU(cuda_head_rows)(c, L, t, lt, (const char *)x + at, W, rows, V, H,
                           ld) ||
            !draw_some(c, j, d, end - d))
            return;
    }
    CU(cuda_fetch_draws)(c, dev, logp, token, n, first);
}
