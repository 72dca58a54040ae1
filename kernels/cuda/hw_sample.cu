/* hw_sample - one token per row from the softmax at a temperature, under
 * order=hardware
 *
 * A block has a row, and reads it once for its sums (hw_row.h). Greedy is done
 * then. Plain sampling picks the warp whose ids hold u of the mass, and reads
 * those ids (a sixteenth of a large vocabulary) again. With top-k or top-p
 * the candidates near the largest logit are gathered and sorted in shared
 * memory; where they are too many or not enough, the cut is found by
 * comparing keys three bits a reading, in any distribution.
 *
 * Masses are integers, 2^d in units of 2^-42: their sums are exact, in any
 * order. The kept set and the order of the draw are those of the canonical
 * head_sample; a sum that falls within rounding of a threshold may go the
 * other way.
 */
#include <stdlib.h>
#include "hw_row.h"

enum { CANDS = 2048, MOST_IDS = 1 << 21, CUTS = 7 };

#define ONE 4398046511104.0f /* 2^42: MOST_IDS of them fit 64 bits */
typedef unsigned long long mass;

struct draw_job {
    const void *L;
    enum dtype t;
    int greedy;
    struct k_sample s;
    long V, ld;
    float it, c;    /* 1 / T, 1 / (T ln 2) */
    const float *u; /* these of the first row of L */
    int32_t *token; /* -1: the logits are not finite */
    float *logp;
};

/* One row as a block sees it. */
struct draw_row {
    const char *l;
    enum dtype t;
    long V;
    float c, u;
    struct row_sums s;
};

struct draw_shared {
    struct row_shared row;
    mass part[ROW_WARPS * CUTS], sum;
    int count;
    int32_t id;
};

/* ---- sums over the threads of a block ---- */
/* Of the threads before this one; *total of all. */
DEV mass block_before(mass x, mass *part, mass *total)
{
    int lane = (int)threadIdx.x % 32, warp = (int)threadIdx.x / 32;
    mass s = x, before;

    for (int i = 1; i < 32; i *= 2) {
        mass o = __shfl_up_sync(FULL, s, i);

        s += lane >= i ? o : 0;
    }
    __syncthreads(); /* part may still be read */
    if (lane == 31)
        part[warp] = s;
    __syncthreads();
    before = s - x;
    *total = 0;
    for (int w = 0; w < (int)blockDim.x / 32; w++) {
        before += w < warp ? part[w] : 0;
        *total += part[w];
    }
    return before;
}

/* Of n values each; part has room for n of each warp. */
DEV void block_sums(mass *f, int n, mass *part)
{
    int lane = (int)threadIdx.x % 32, warp = (int)threadIdx.x / 32;

    __syncthreads();
#pragma unroll
    for (int j = 0; j < n; j++) {
        for (int i = 16; i > 0; i /= 2)
            f[j] += __shfl_xor_sync(FULL, f[j], i);
        if (lane == 0)
            part[warp * n + j] = f[j];
    }
    __syncthreads();
#pragma unroll
    for (int j = 0; j < n; j++) {
        f[j] = 0;
        for (int w = 0; w < (int)blockDim.x / 32; w++)
            f[j] += part[w * n + j];
    }
}

/* ---- weights of ids ---- */
/* A logit's mass relative to m, or 1 where it is m. */
struct weigh {
    float m, c;
    int ties;
};

DEV mass weight(const struct weigh *w, float x)
{
    if (w->ties)
        return x == w->m;
    return (mass)(fast_exp2((x - w->m) * w->c) * ONE);
}

/* Ids [lo, hi) in pieces, a thread each, and what the pieces weigh. */
struct pieces {
    long lo, hi; /* this thread's */
    mass mine, before, total;
};

/* lo is a multiple of 8. */
DEV struct pieces cut(const struct draw_row *r, long lo, long hi,
                      const struct weigh *w, struct draw_shared *h)
{
    long each = ((hi - lo + 7) / 8 + blockDim.x - 1) / blockDim.x * 8;
    struct pieces p;

    p.lo = lo + (long)threadIdx.x * each;
    p.hi = p.lo + each < hi ? p.lo + each : hi;
    p.mine = 0;
    for (long v = p.lo; v < p.hi; v += 8) {
        float x[8];

        row_get(r->l, r->t, v, hi, x);
        for (int k = 0; k < 8; k++)
            p.mine += weight(w, x[k]);
    }
    p.before = block_before(p.mine, h->part, &p.total);
    return p;
}

/* The id at which the sum over ids ascending first exceeds target < total. */
DEV int32_t find_id(const struct draw_row *r, const struct pieces *p,
                    const struct weigh *w, mass target,
                    struct draw_shared *h)
{
    if (p->before <= target && target - p->before < p->mine) {
        mass sum = p->before;
        long v = p->lo;

        for (;; v++) {
            sum += weight(w, get(r->l, r->t, (size_t)v));
            if (sum > target)
                break;
        }
        h->id = (int32_t)v;
    }
    __syncthreads();
    return h->id;
}

/* ---- greedy, and without top-k and top-p ---- */
DEV int32_t draw_greedy(const struct draw_row *r)
{
    int32_t v = r->s.at;

    while (get(r->l, r->t, (size_t)v) != r->s.m)
        v++;
    return v;
}

DEV int32_t draw_plain(const struct draw_row *r, struct draw_shared *h)
{
    int last = (int)blockDim.x / 32 - 1, at = 0;
    long part = row_part(r->V), lo;
    double total = 0, before = 0, target;
    struct weigh w;
    struct pieces p;
    mass want;

    for (int i = 0; i <= last; i++)
        total += (double)h->row.S[i];
    target = (double)r->u * total;
    for (; at < last && before + (double)h->row.S[at] <= target; at++)
        before += (double)h->row.S[at];
    lo = at * part;
    w.m = h->row.m[at]; /* of those ids, so that some mass is ONE */
    w.c = r->c;
    w.ties = 0;
    p = cut(r, lo, lo + part < r->V ? lo + part : r->V, &w, h);
    want = (mass)((target - before) / (double)h->row.S[at] *
                  (double)p.total);
    return find_id(r, &p, &w, want < p.total ? want : p.total - 1, h);
}

/* ---- top-k and top-p: candidates in shared memory ---- */
/* Ascends as logits descend; -0 and +0 are one. */
DEV uint32_t key_of(float x)
{
    uint32_t u = canon_bits(x + 0.0f);

    return u & 0x80000000u ? u : ~(u | 0x80000000u);
}

DEV float of_key(uint32_t k)
{
    return canon_float(k & 0x80000000u ? k : ~(k | 0x80000000u));
}

/* Those of eight logits from id v on whose mass is 2^-reach or more. */
DEV void gather8(const struct draw_row *r, const float x[8], long v,
                 float reach, uint64_t *cand, int *count)
{
    for (int k = 0; k < 8; k++)
        if ((x[k] - r->s.m) * r->c >= -reach) {
            int at = atomicAdd(count, 1);

            if (at < CANDS)
                cand[at] = (uint64_t)key_of(x[k]) << 32 | (uint32_t)(v + k);
        }
}

/* Of the whole row, unsorted: how many, stored or not. */
DEV int gather(const struct draw_row *r, float reach, uint64_t *cand,
               struct draw_shared *h)
{
    long step = (long)blockDim.x * 8, v = (long)threadIdx.x * 8;
    float x[8];

    __syncthreads();
    if (threadIdx.x == 0)
        h->count = 0;
    __syncthreads();
    for (; v + step + 8 <= r->V; v += 2 * step) {
        struct oct a = load8(r->l, r->t, (size_t)v);
        struct oct b = load8(r->l, r->t, (size_t)(v + step));

        widen8(&a, r->t, x);
        gather8(r, x, v, reach, cand, &h->count);
        widen8(&b, r->t, x);
        gather8(r, x, v + step, reach, cand, &h->count);
    }
    for (; v < r->V; v += step) {
        row_get(r->l, r->t, v, r->V, x);
        gather8(r, x, v, reach, cand, &h->count);
    }
    __syncthreads();
    return h->count;
}

/* Bitonic, ascending, made up to a power of two with what sorts last. */
DEV void sort_cands(uint64_t *cand, int n)
{
    int full = 1;

    while (full < n)
        full *= 2;
    for (int i = n + (int)threadIdx.x; i < full; i += (int)blockDim.x)
        cand[i] = ~(uint64_t)0;
    for (int k = 2; k <= full; k *= 2)
        for (int s = k / 2; s > 0; s /= 2) {
            __syncthreads();
            for (int i = (int)threadIdx.x; i < full / 2;
                 i += (int)blockDim.x) {
                int a = i / s * s * 2 + i % s, b = a + s;
                uint64_t x = cand[a], y = cand[b];

                if (((a & k) == 0) == (x > y)) {
                    cand[a] = y;
                    cand[b] = x;
                }
            }
        }
    __syncthreads();
}

/* The sorted list: the first place whose running sum is at least `want`, or
 * place n - 1. *sum: the running sum there. */
DEV int find_place(const struct draw_row *r, const uint64_t *cand, int n,
                   mass want, mass *sum, struct draw_shared *h)
{
    int each = (n + (int)blockDim.x - 1) / (int)blockDim.x;
    int lo = (int)threadIdx.x * each, hi = lo + each < n ? lo + each : n;
    struct weigh w = {r->s.m, r->c, 0};
    mass mine = 0, total, at;

    for (int i = lo; i < hi; i++)
        mine += weight(&w, of_key((uint32_t)(cand[i] >> 32)));
    at = block_before(mine, h->part, &total);
    want = want < total ? want : total;
    if (at < want && want <= at + mine) {
        int i = lo;

        while (at += weight(&w, of_key((uint32_t)(cand[i] >> 32))), at < want)
            i++;
        h->count = i;
        h->sum = at;
    }
    __syncthreads();
    *sum = h->sum;
    n = h->count;
    __syncthreads(); /* before the next writes there */
    return n;
}

/* top_p of total, in whole units, at least one. */
DEV mass part_of(float top_p, mass total)
{
    double x = (double)top_p * (double)total;
    mass need = (mass)x;

    need += (double)need < x;
    return need < 1 ? 1 : need;
}

/* The kept set in a sorted list of n; -1 when it may go on beyond. */
DEV int32_t draw_listed(const struct draw_row *r, const struct k_sample *s,
                        const uint64_t *cand, int n, struct draw_shared *h)
{
    mass all = (mass)((double)r->s.S * (double)ONE), C;
    int k = s->top_k > 0 && s->top_k < r->V ? s->top_k : 0, i;

    if (k) {
        if (n < k)
            return -1;
        n = k;
    }
    find_place(r, cand, n, ~(mass)0, &C, h); /* C: all that is listed */
    if (s->top_p < 1.0f) {
        mass need = part_of(s->top_p, k ? C : all);

        if (!k && C < need)
            return -1;
        find_place(r, cand, n, need, &C, h);
    } else if (!k) {
        return -1; /* top_k of V or more: all ids */
    }
    i = find_place(r, cand, n, (mass)((double)r->u * (double)C) + 1, &C, h);
    return (int32_t)(uint32_t)cand[i];
}

/* ---- top-k and top-p in any distribution ---- */
/* A prefix of the sorted order: all logits before key, and `ties` of it. */
struct prefix {
    uint32_t key;
    mass ties, before; /* before: the sum of those before key */
    mass one;          /* what one of the ties adds */
};

/* Leading bits of key_of that tell logits of type t apart. */
DEV int key_bits(enum dtype t)
{
    return t == DT_F32 ? 32 : t == DT_BF16 ? 16 : 19;
}

/* The shortest prefix whose sum, of masses or of ones, is at least `want`;
 * all of them when there is none. */
DEV struct prefix find_prefix(const struct draw_row *r, int ones, mass want,
                              struct draw_shared *h)
{
    int drop = 32 - key_bits(r->t);
    struct weigh w = {r->s.m, r->c, 0};
    struct prefix p = {0, 0, 0, 0};

    for (int b = 32 - drop; b > 0;) {
        int step = b < 3 ? b : 3;
        mass f[CUTS] = {0, 0, 0, 0, 0, 0, 0};
        uint32_t base;

        b -= step;
        for (long v = (long)threadIdx.x * 8; v < r->V;
             v += (long)blockDim.x * 8) {
            float x[8];

            row_get(r->l, r->t, v, r->V, x);
            for (int k = 0; k < 8; k++) {
                uint32_t key = key_of(x[k]) >> drop;
                mass add = ones ? v + k < r->V : weight(&w, x[k]);

#pragma unroll
                for (uint32_t j = 0; j < CUTS; j++)
                    f[j] += key < p.key + ((j + 1) << b) ? add : 0;
            }
        }
        block_sums(f, CUTS, h->part);
        base = p.key;
#pragma unroll
        for (uint32_t j = 0; j < CUTS; j++)
            if (j + 1 < 1u << step && f[j] < want) {
                p.key = base + ((j + 1) << b);
                p.before = f[j];
            }
    }
    /* the low bits of a widened value are zeros, of a key what that makes */
    p.key = p.key << drop;
    if (!(p.key & 0x80000000u))
        p.key |= (1u << drop) - 1;
    p.one = ones ? 1 : weight(&w, of_key(p.key));
    p.ties = p.one ? (want - p.before + p.one - 1) / p.one : 0;
    return p;
}

DEV mass sum_before(const struct draw_row *r, uint32_t key, int ones,
                    struct draw_shared *h)
{
    struct weigh w = {r->s.m, r->c, 0};
    mass sum = 0;

    for (long v = (long)threadIdx.x * 8; v < r->V; v += (long)blockDim.x * 8) {
        float x[8];

        row_get(r->l, r->t, v, r->V, x);
        for (int k = 0; k < 8; k++)
            if (key_of(x[k]) < key)
                sum += ones ? v + k < r->V : weight(&w, x[k]);
    }
    block_sums(&sum, 1, h->part);
    return sum;
}

DEV int32_t draw_searched(const struct draw_row *r, const struct k_sample *s,
                          struct draw_shared *h)
{
    struct weigh w = {r->s.m, r->c, 0};
    struct pieces q;
    struct prefix p;
    mass C = sum_before(r, 0xFFFFFFFFu, 0, h);

    if (s->top_k > 0 && s->top_k < r->V) {
        p = find_prefix(r, 1, (mass)s->top_k, h);
        C = sum_before(r, p.key, 0, h) +
            p.ties * weight(&w, of_key(p.key));
    }
    if (s->top_p < 1.0f) {
        p = find_prefix(r, 0, part_of(s->top_p, C), h);
        C = p.before + p.ties * p.one;
    }
    p = find_prefix(r, 0, (mass)((double)r->u * (double)C) + 1, h);
    w.m = of_key(p.key);
    w.ties = 1;
    q = cut(r, 0, r->V, &w, h);
    return find_id(r, &q, &w, p.ties - 1, h);
}

DEV int32_t draw_kept(const struct draw_row *r, const struct k_sample *s,
                      uint64_t *cand, struct draw_shared *h)
{
    for (float reach = 8.0f; reach < 20.0f; reach += 6.0f) {
        int n = gather(r, reach, cand, h);
        int32_t id = -1;

        if (n <= CANDS) {
            sort_cands(cand, n);
            id = draw_listed(r, s, cand, n, h);
        }
        if (id >= 0 || n > CANDS)
            return id >= 0 ? id : draw_searched(r, s, h);
    }
    return draw_searched(r, s, h);
}

/* ---- kernels ---- */
DEV struct draw_row begin(const struct draw_job *j, enum dtype t,
                          struct draw_shared *h)
{
    struct draw_row r = {row_of(j->L, t, (long)blockIdx.x, j->ld), t, j->V,
                         j->c, j->greedy ? 0.0f : j->u[blockIdx.x],
                         {0, 0, 0, 0}};

    r.s = row_merge(row_read(r.l, t, j->V, j->c, 0), j->c, &h->row);
    return r;
}

DEV int is_finite(const struct draw_row *r)
{
    return r->s.S >= 0.5f && r->s.S < CANON_INF;
}

DEV void end(const struct draw_job *j, const struct draw_row *r, int32_t id)
{
    if (threadIdx.x)
        return;
    j->token[blockIdx.x] = id;
    j->logp[blockIdx.x] =
        id < 0 ? canon_float(0x7FC00000u)
               : row_logp(&r->s, get(r->l, r->t, (size_t)id), j->it);
}

KERNEL __launch_bounds__(ROW_NT) hw_draw_plain(struct draw_job j)
{
    __shared__ struct draw_shared h;

    WITH_TYPE(j.t, T, {
        struct draw_row r = begin(&j, T, &h);
        int32_t id = -1;

        if (is_finite(&r))
            id = j.greedy ? draw_greedy(&r) : draw_plain(&r, &h);
        end(&j, &r, id);
    });
}

KERNEL __launch_bounds__(ROW_NT, 2) hw_draw_kept(struct draw_job j)
{
    __shared__ struct draw_shared h;
    __shared__ uint64_t cand[CANDS];

    WITH_TYPE(j.t, T, {
        struct draw_row r = begin(&j, T, &h);
        int32_t id = -1;

        if (is_finite(&r))
            id = draw_kept(&r, &j.s, cand, &h);
        end(&j, &r, id);
    });
}

/* Rows of L, in one launch. */
static void draw(struct cuda *c, struct draw_job j, long rows)
{
    unsigned threads = row_threads(j.V);

    if (!j.greedy && (j.s.top_p < 1.0f || j.s.top_k > 0))
        LAUNCH(c, hw_draw_kept, (unsigned)rows, threads, 0, j);
    else
        LAUNCH(c, hw_draw_plain, (unsigned)rows, threads, 0, j);
}

/* The one time that the host waits. dev: logp, then token. */
static void fetch(struct cuda *c, const float *dev, float *logp,
                  int32_t *token, size_t n)
{
    float *host = (float *)malloc(2 * n * sizeof *host);

    if (!host) {
        CU(cuda_fail)(c, ERR_IO, "cuda: out of host memory");
        return;
    }
    CU(cuda_download)(c, host, dev, 2 * n * sizeof *host);
    memcpy(logp, host, n * sizeof *logp);
    memcpy(token, host + n, n * sizeof *token);
    free(host);
    for (size_t i = 0; i < n; i++)
        if (token[i] < 0) {
            CU(cuda_fail)(c, ERR_DATA, "head_sample: the logits of row %zu "
                          "are not finite", i);
            token[i] = 0;
        }
}

HW(void, head_sample)(struct kernels *k, enum dtype t, int32_t *token,
                      float *logp, const void *x, const struct k_weight *W,
                      const float *u, struct k_sample s, int T, int V, int H)
{
    struct cuda *c = cuda_of(k);
    long chunk = hw_head_rows(CU(hw_head_bytes), dtype_size(t), V, T);
    int greedy = !(s.temperature > 0.0f);
    float it = greedy ? 1.0f : 1.0f / s.temperature;
    size_t n = (size_t)T;
    float *dev; /* logp, token, u */
    void *L;

    if (T <= 0)
        return;
    if (V > MOST_IDS) {
        CU(cuda_head_sample)(k, t, token, logp, x, W, u, s, T, V, H);
        return;
    }
    dev = (float *)CU(cuda_scratch)(c, S_ROWS, 3 * n * sizeof *dev);
    L = hw_head_room(c, S_LOGITS, t, chunk, V);
    if (!dev || !L)
        return;
    if (u)
        CU(cuda_upload)(c, dev + 2 * n, u, n * sizeof *u);
    for (long r = 0; r < T; r += chunk) {
        long rows = cuda_min(chunk, T - r);
        struct draw_job j = {L, t, greedy, s, V, hw_head_ld(V), it,
                             it * LOG2E, dev + 2 * n + r,
                             (int32_t *)(void *)(dev + n) + r, dev + r};

        if (!CU(hw_head_logits)(c, L, t,
                                (const char *)x + (size_t)r * (size_t)H *
                                                      dtype_size(t),
                                W, rows, V, H))
            return;
        draw(c, j, rows);
    }
    fetch(c, dev, logp, token, n);
}
