/* hw_sample - tokens of each row from the softmax at a temperature, under
 * order=hardware
 *
 * A block has a draw of a row, and reads it once for its sums (hw_row.h). Greedy is done
 * then. Plain sampling picks the warp whose ids hold u of the mass, and reads
 * those ids (a sixteenth of a large vocabulary) again. top-k and top-p are
 * hw_kept.h's. The host waits once, for the tokens.
 */
#include "hw_kept.h"
#include "sample.h"

struct draw_job {
    const void *L;
    enum dtype t;
    int greedy;
    struct k_sample s;
    long V, ld;
    float it, c;    /* 1 / T, 1 / (T ln 2) */
    const float *u; /* these of the first draw */
    const int32_t *row; /* of each draw; NULL: each row has one */
    long row0;          /* the first row of L */
    int32_t *token; /* -1: the logits are not finite */
    float *logp;
};

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

/* ---- kernels ---- */
DEV struct draw_row begin(const struct draw_job *j, enum dtype t,
                          struct draw_shared *h)
{
    long row = j->row ? j->row[blockIdx.x] - j->row0 : (long)blockIdx.x;
    struct draw_row r = {row_of(j->L, t, row, j->ld), t, j->V,
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

/* In one launch. */
static void draw(struct cuda *c, struct draw_job j, long draws)
{
    unsigned threads = row_threads(j.V);

    if (!j.greedy && (j.s.top_p < 1.0f || j.s.top_k > 0))
        LAUNCH(c, hw_draw_kept, (unsigned)draws, threads, 0, j);
    else
        LAUNCH(c, hw_draw_plain, (unsigned)draws, threads, 0, j);
}

HW(void, head_sample)(struct kernels *k, enum dtype t, enum dtype lt, int32_t *token,
                      float *logp, const void *x, const struct k_weight *W,
                      const float *u, const int32_t *first, struct k_sample s, int T,
                      int V, int H)
{
    struct cuda *c = cuda_of(k);
    long chunk = hw_head_rows(CU(hw_head_bytes), dtype_size(lt), V, T);
    int greedy = !(s.temperature > 0.0f);
    float it = greedy ? 1.0f : 1.0f / s.temperature;
    size_t n = (size_t)(first ? first[T] : T);
    const int32_t *row = NULL;
    float *dev; /* logp, token, u, row */
    void *L;

    if (T <= 0)
        return;
    if (V > MOST_IDS) {
        CU(cuda_head_sample)(k, t, lt, token, logp, x, W, u, first, s, T, V, H);
        return;
    }
    dev = (float *)CU(cuda_scratch)(c, S_ROWS, 4 * n * sizeof *dev);
    L = hw_head_room(c, S_LOGITS, lt, chunk, V);
    if (!dev || !L)
        return;
    if (u)
        CU(cuda_upload)(c, dev + 2 * n, u, n * sizeof *u);
    if (first) {
        row = CU(cuda_draw_rows)(c, dev + 3 * n, first, T);
        if (!row)
            return;
    }
    for (long r = 0; r < T; r += chunk) {
        long rows = cuda_min(chunk, T - r), d = first ? first[r] : r;
        long draws = first ? first[r + rows] - d : rows;
        struct draw_job j = {L, lt, greedy, s, V, hw_head_ld(V), it,
                             it * LOG2E, dev + 2 * n + d,
                             row ? row + d : NULL, r,
                             (int32_t *)(void *)(dev + n) + d, dev + d};

        if (!CU(hw_head_logits)(c, L, t, lt,
                                (const char *)x + (size_t)r * (size_t)H *
                                                      dtype_size(t),
                                W, rows, V, H))
            return;
        draw(c, j, draws);
    }
    CU(cuda_fetch_draws)(c, dev, logp, token, n, first);
}
