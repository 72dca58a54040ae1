/* kernels - the contract between the model and a device
 *
 * An opened backend is a struct kernels: a table of functions with the
 * device's own state behind it. The order of every sum is in NUMERICS.md; in
 * canonical order every backend gives the same bits, for any number of rows,
 * threads or sequences in a call.
 *
 * Types. `t` is the compute type: activations and compute weights are stored
 * in it, widened to fp32 on load, and rounded once (to nearest even) on store;
 * all arithmetic is fp32. Gradients of activations are stored in `t` too;
 * gradients of weights are always fp32 and accumulated (`+=`).
 *
 * Shapes are row-major, T tokens (rows) first. Weights are [N][K]: N outputs,
 * K inputs, as in Hugging Face files. In comments `=` overwrites and `+=`
 * accumulates. Pointers are device memory unless marked "host". Buffers must
 * not overlap unless a comment says so.
 *
 * Errors. Operations return nothing; the first failure is kept and given by
 * sync(). alloc() returns NULL and fills *e. Out of memory says what was asked
 * for and what there is, and sets no_memory: the caller knows what to lower.
 */
#ifndef ULP_KERNELS_H
#define ULP_KERNELS_H
#include <stddef.h>
#include <stdint.h>
#include "../lib/base/dtype.h"
#include "../lib/base/err.h"

/* The order of sums: NUMERICS.md; in permuted blocks, by a seed; as the
 * fastest kernels have it. */
enum k_order_kind { ORDER_CANONICAL = 0, ORDER_SHUFFLED, ORDER_HARDWARE };

struct k_order {
    enum k_order_kind kind;
    uint64_t seed; /* ORDER_SHUFFLED */
};

/* Dropout: keep(row, col) iff philox(row_id, site, col; seed, step) >= p; kept
 * values are scaled by 1/(1-p). p = 0 is exactly the identity. */
struct k_dropout {
    float p;
    uint64_t seed;
    uint32_t step;
    uint32_t site;           /* layer * 2 + (0 attention, 1 mlp) */
    const uint64_t *row_id;  /* [T], identifies (sequence, position) */
};

/* A weight matrix [N][K] in the compute type, in whatever layouts the backend
 * wants (the CPU keeps packed panels). */
struct k_weight;
enum { WEIGHT_FORWARD = 1, WEIGHT_BACKWARD = 2, WEIGHT_ROWS = 4 /* embed */ };

/* A KV cache in pages; see "KV cache" below. */
struct k_kv;
enum { KV_PAGE = 64 }; /* positions; a multiple of 32 and of a panel of keys */

struct k_attn_shape {
    int n_heads, n_kv_heads, head_dim; /* q: n_heads, k and v: n_kv_heads */
};

/* Heads of rows: head h of row r is the d values at r * stride + h * d. */
struct k_heads {
    int n, d, stride;
};

/* The packed rows of a training or scoring batch: sequence i is rows
 * [start[i], start[i+1]); start has n + 1 entries, start[0] = 0. */
struct k_seqs {
    int n;
    const int32_t *start;      /* device */
    const int32_t *start_host; /* the same, host */
    const int32_t *from; /* n, host, or NULL: queries of sequence i before row
                          * from[i] of it are not asked for (another sequence
                          * has those rows too). attn may leave their o and lse
                          * as they are; attn_bwd is given +0 in their rows of
                          * d_o, and its dq is +0 there */
};

/* Sums of rows: the terms of row r < n are src[off[r]] .. src[off[r + 1] - 1].
 * A term i >= 0 is row i of x, a term ~i row i of `carried`, partial
 * sums of an earlier pass. Those have the columns from skip on; +0 stands for
 * the columns before. */
struct k_sums {
    int T, n;             /* T of the n sums are rows of y */
    int width, skip;      /* values in a row of x and of y */
    const int32_t *off;   /* [n + 1], device */
    const int32_t *src;   /* [off[n]], device */
    const float *carried; /* [][width - skip] */
    float *carry;         /* [n - T][width - skip], other memory */
};

/* The arithmetic of an update (NUMERICS.md, "Optimizer"). */
enum k_step { STEP_ULP = 0, STEP_FUSED, STEP_FOREACH };

/* What torch makes of its settings in double, for STEP_FUSED and STEP_FOREACH:
 * 1 - lr weight_decay, 1 - beta1, 1 - beta2, sqrt(1 - beta2^t),
 * lr / (1 - beta1^t). The tensor's first so many values have fused
 * multiply-adds in m and in v. */
struct k_torch {
    float keep, b1, b2, root2, rate;
    size_t fused_m, fused_v;
};

struct k_adamw {
    enum k_step kind;
    float lr, beta1, beta2, eps, weight_decay;
    float bias1, bias2; /* 1 - beta^step, computed in double by the caller */
    float grad_scale;   /* g is multiplied by this first (clip, 1/loss scale)*/
    struct k_torch torch;
    int stochastic;     /* rounding of the master weight on store */
    uint64_t seed;      /* of stochastic rounding */
    uint32_t step, tensor;
    size_t first; /* where in the tensor the values begin, a multiple of 4 */
};

struct k_sample {
    float temperature; /* > 0; 0 means greedy: the first largest logit */
    float top_p;       /* 1 = off */
    int top_k;         /* 0 = off */
};

/* Counts of compare, of values finite in bf16: b against a by the rule on
 * values cast to bf16 and as stored, and by |a - b| <= abs; then, where c is
 * finite too, how many there are, and which b, c and both changed. */
enum {
    CMP_NON_FINITE, CMP_UNCHANGED, CMP_UNCHANGED_RAW, CMP_UNCHANGED_ABS,
    CMP_BOTH, CMP_CHANGED_B, CMP_CHANGED_C, CMP_CHANGED_BOTH, CMP_N
};

/* sumsq adds by blocks of so many values. */
enum { SUMSQ_BLOCK = 65536 };

/* Blocks of n values, and so sums that sumsq writes. */
static inline size_t sumsq_blocks(size_t n)
{
    return (n + SUMSQ_BLOCK - 1) / SUMSQ_BLOCK;
}

/* What a backend holds: buffers, weights, caches and scratch. */
struct k_memory {
    size_t now, peak; /* bytes; peak since the backend was opened */
    size_t scratch;   /* of now: what trim gives back */
    size_t host;      /* of host_alloc, where that is other memory */
    size_t free, total; /* of the device, whoever holds it; 0: not known */
};

/* The shapes of a pass, for what its operations take as scratch: T packed
 * rows of n_seqs sequences of at most `longest` tokens, R of them through the
 * head. */
struct k_pass {
    enum dtype t, lt; /* lt: of the logits */
    int T, R, longest, n_seqs;
    int hidden, ffn, vocab;
    struct k_attn_shape attn;
    int head_norms; /* rmsnorm_heads acts on q and k */
    size_t n_params;
    int backward; /* and the backward pass, and the update */
};

/* What a backend can do. */
struct k_capabilities {
    unsigned orders; /* bit 1 << kind for each order of sums that it has */
    unsigned alone;  /* and for each in which the bits of a row of activations
                        do not depend on the other rows of a call */
    int own_memory;  /* not the host's: what comes from files is copied there,
                        and the programs that share the device hand its memory
                        to each other */
    int views;       /* has weight_view */
};

/* What things take on a device, from shapes alone: no device is needed. */
struct k_sizes {
    const char *name; /* of the backend */
    int n_threads;
    struct k_order order;
    struct k_capabilities can;
    /* bytes that weight_new holds */
    size_t (*weight)(const struct k_sizes *s, enum dtype t, int N, int K,
                     int uses);
    /* bytes of scratch after such passes */
    size_t (*scratch)(const struct k_sizes *s, const struct k_pass *p);
};

struct kernels {
    const char *name;     /* in registry.c */
    const char *variant;  /* "x86-64-v4", "sm_90", for messages and bench */
    int n_threads;        /* of the cpu; 0 on a device */
    char why[200];        /* why "auto" did not take a backend that this build
                             has and prefers; "" otherwise */
    struct k_sizes sizes;
    struct k_order order;
    /* Under ORDER_SHUFFLED the permutations are a function of (order.seed,
     * order_nonce, tensor shape); callers move the nonce once per step. */
    uint64_t order_nonce;

    /* ---- work beside other work (of a device with memory of its own) ---- */
    void *stream;    /* the cudaStream_t that its work is in */
    char device[32]; /* what no two devices of a host have alike */
    /* Another handle on the same device, whose work goes beside that of k. It
     * works in canonical order, and is closed as k is, before it. A backend
     * without it has NULL for this function. */
    struct kernels *(*beside)(struct kernels *k, struct err *e);
    /* What k is asked for from now on begins when all that `other`, a handle on
     * the same device, has been asked for is done. */
    void (*after)(struct kernels *k, struct kernels *other);

    /* ---- memory ---- */
    void *(*alloc)(struct kernels *k, size_t bytes, struct err *e); /* zeroed */
    void (*free)(struct kernels *k, void *p);
    void (*upload)(struct kernels *k, void *dst, const void *host, size_t n);
    void (*download)(struct kernels *k, void *host, const void *src, size_t n);
    void (*copy)(struct kernels *k, void *dst, const void *src, size_t n);
    void (*zero)(struct kernels *k, void *p, size_t n);
    /* Zeroed host memory that the device copies fast. send and fetch are upload
     * and download of it in the order of the other work: the host may touch it
     * again after a sync. */
    void *(*host_alloc)(struct kernels *k, size_t bytes, struct err *e);
    void (*host_free)(struct kernels *k, void *p);
    void (*send)(struct kernels *k, void *dst, const void *host, size_t n);
    void (*fetch)(struct kernels *k, void *host, const void *src, size_t n);
    void (*memory)(struct kernels *k, struct k_memory *m);
    /* Scratch goes back to the device; who asks next takes it anew. */
    void (*trim)(struct kernels *k);
    /* The next call comes late: threads that look for it give their processors
     * to other programs until then. */
    void (*rest)(struct kernels *k);
    /* Wait for all work; 0 or the first error since the last sync. */
    int (*sync)(struct kernels *k, struct err *e);
    void (*close)(struct kernels *k);

    /* dst[i] = round_to(dt, widen(src[i])), i < n; nearest even. In place
     * allowed when the types are equal. */
    void (*cast)(struct kernels *k, void *dst, enum dtype dt, const void *src,
                 enum dtype st, size_t n);

    /* ---- weights ---- */
    struct k_weight *(*weight_new)(struct kernels *k, enum dtype t, int N,
                                   int K, int uses, struct err *e);
    void (*weight_free)(struct kernels *k, struct k_weight *w);
    /* The caller's row-major [N][K] buffer of type t as a weight: what is
     * written there is the weight, and no memory is taken. A backend that
     * wants a layout of its own has NULL for this function. */
    struct k_weight *(*weight_view)(struct kernels *k, enum dtype t, int N,
                                    int K, void *rows, struct err *e);
    /* From a row-major [N][K] buffer of type st, rounded to nearest. */
    void (*weight_set)(struct kernels *k, struct k_weight *w, const void *src,
                       enum dtype st);
    /* Rows [first, first + n) of w alone, from n rows in the host's memory; the
     * others stay. also(ctx), where it is not NULL, is called once before the
     * return, in any thread, while other threads set rows; it asks nothing of
     * the backend. A backend with memory of its own has NULL for this
     * function. */
    void (*weight_rows)(struct kernels *k, struct k_weight *w, int first,
                        int n, const void *src, enum dtype st,
                        void (*also)(void *ctx), void *ctx);

    /* ---- layers ---- */
    /* y[i] = W[tokens[i]] ; W needs WEIGHT_ROWS */
    void (*embed)(struct kernels *k, enum dtype t, void *y,
                  const int32_t *tokens, const struct k_weight *W, int T,
                  int H);
    /* dW[tokens[i]] += dy[i], i ascending; dW fp32 [V][H] */
    void (*embed_bwd)(struct kernels *k, enum dtype t, float *dW,
                      const int32_t *tokens, const void *dy, int T, int V,
                      int H);

    /* y = x * rstd * w, rstd = 1/sqrt(mean(x^2) + eps). rstd may be NULL. */
    void (*rmsnorm)(struct kernels *k, enum dtype t, void *y, float *rstd,
                    const void *x, const void *w, int T, int H, float eps);
    /* dx = ; dw += (fp32 [H], rows ascending). dx may be dy. */
    void (*rmsnorm_bwd)(struct kernels *k, enum dtype t, void *dx, float *dw,
                        const void *dy, const void *x, const void *w,
                        const float *rstd, int T, int H);

    /* The same of each head of T rows; w has d values, rstd is [T][h.n]. x and
     * y have the same places, and y may be x. */
    void (*rmsnorm_heads)(struct kernels *k, enum dtype t, void *y,
                          float *rstd, const void *x, const void *w,
                          struct k_heads h, int T, float eps);
    /* dx = ; dw += (fp32 [d], rows ascending, in a row heads ascending). dx
     * may be dy. */
    void (*rmsnorm_heads_bwd)(struct kernels *k, enum dtype t, void *dx,
                              float *dw, const void *dy, const void *x,
                              const void *w, const float *rstd,
                              struct k_heads h, int T);

    /* y[T][N] = x[T][K] W^T + bias (bias [N] of type t, or NULL) */
    void (*linear)(struct kernels *k, enum dtype t, void *y, const void *x,
                   const struct k_weight *W, const void *bias, int T, int N,
                   int K);
    /* dx[T][K] = dy[T][N] W ; W needs WEIGHT_BACKWARD */
    void (*linear_dx)(struct kernels *k, enum dtype t, void *dx,
                      const void *dy, const struct k_weight *W, int T, int N,
                      int K);
    /* dW[N][K] += dy^T x ; db[N] += column sums of dy (db may be NULL); both
     * fp32, one chain over rows ascending, continued from what is there. */
    void (*linear_dw)(struct kernels *k, enum dtype t, float *dW, float *db,
                      const void *dy, const void *x, int T, int N, int K);

    /* Rotary embedding, half-split pairs (i, i + head_dim/2), in place on the
     * q and k parts of qkv[T][(n_heads + 2 n_kv_heads) head_dim]; table
     * [max_pos][head_dim] fp32: cos in the first half of a row, sin in the
     * second. sign = +1 forward, -1 backward. */
    void (*rope)(struct kernels *k, enum dtype t, void *qkv,
                 const int32_t *pos, const float *table,
                 struct k_attn_shape s, int T, int sign);

    /* Causal attention over packed sequences. o[T][n_heads head_dim]; lse
     * [T][n_heads] fp32 (natural log of the sum), kept for the backward;
     * scale 1/sqrt(head_dim). */
    void (*attn)(struct kernels *k, enum dtype t, void *o, float *lse,
                 const void *qkv, struct k_attn_shape s, struct k_seqs q,
                 int T);
    /* dqkv = */
    void (*attn_bwd)(struct kernels *k, enum dtype t, void *dqkv,
                     const void *d_o, const void *o, const void *qkv,
                     const float *lse, struct k_attn_shape s, struct k_seqs q,
                     int T);

    /* ---- KV cache: n_slots sequences of at most max_len positions, in at
     * most n_pages pages (0: enough for all of them) of KV_PAGE positions of
     * all layers. Memory is taken as pages are first used. Which pages a slot
     * has is for kv_reserve, kv_release and kv_fork below. ---- */
    struct k_kv *(*kv_new)(struct kernels *k, enum dtype t, int layers,
                           struct k_attn_shape s, int n_slots, int max_len,
                           int n_pages, struct err *e);
    void (*kv_free)(struct kernels *k, struct k_kv *kv);
    /* What the attn_cached calls that follow, one for each layer, are about:
     * row i is position pos[i] of slot[i]. Positions are reserved and in no
     * shared page; rows of one slot come in ascending positions. Until those
     * calls are done no slot changes its pages. slot, pos: host. */
    void (*kv_rows)(struct kernels *k, struct k_kv *kv, const int32_t *slot,
                    const int32_t *pos, int T);
    /* k and v of the rows go into the cache, then row i attends to positions
     * [0, pos[i]] of its slot; the same bits as attn. */
    void (*attn_cached)(struct kernels *k, enum dtype t, void *o,
                        const void *qkv, struct k_kv *kv, int layer, int T);

    /* y[T][F] = silu(g) * u, g = gu[T][0:F], u = gu[T][F:2F] */
    void (*swiglu)(struct kernels *k, enum dtype t, void *y, const void *gu,
                   int T, int F);
    /* dgu = ; y = what swiglu gave, once more, or NULL */
    void (*swiglu_bwd)(struct kernels *k, enum dtype t, void *dgu, void *y,
                       const void *dy, const void *gu, int T, int F);

    /* y = a + dropout(b); y may be a. d may be NULL (no dropout). */
    void (*residual)(struct kernels *k, enum dtype t, void *y, const void *a,
                     const void *b, const struct k_dropout *d, int T, int H);
    /* db = dropout'(dy): dy scaled or zeroed; db may be dy. */
    void (*dropout_bwd)(struct kernels *k, enum dtype t, void *db,
                        const void *dy, const struct k_dropout *d, int T,
                        int H);
    /* y = a + b, rounded; y may be a. */
    void (*add)(struct kernels *k, enum dtype t, void *y, const void *a,
                const void *b, size_t n);
    /* y[r], r < T, = round_t of the sum of row r's terms, in fp32 from the
     * first on; one term is a copy, none +0. Rows T and after go to carry,
     * as fp32 and from column skip on. */
    void (*sum_rows)(struct kernels *k, enum dtype t, void *y, const void *x,
                     struct k_sums s);

    /* ---- head: x[T][H] final hidden rows, W [V][H]. Logits are held for a
     * bounded number of rows (head.h). logits = round_lt(x W^T), lt being t or fp32; z = logits * (1/temperature) in
     * fp32; log-probabilities are fp32, in nats. ---- */
    /* logp[i] = log softmax(z_i)[target[i]]; lse[i]; entropy[i] or NULL */
    void (*head_logp)(struct kernels *k, enum dtype t, enum dtype lt, float *logp, float *lse,
                      float *entropy, const void *x, const struct k_weight *W,
                      const int32_t *target, float temperature, int T, int V,
                      int H);
    /* Given dlogp[i] = dLoss/dlogp[i]: dx = , dW += (rows ascending).
     * after_logp: head_logp had this x, W, lse and temperature, and at least T
     * rows, and they have not changed since. A backend that still has those
     * logits then does not make them again; the bits are the same. */
    void (*head_bwd)(struct kernels *k, enum dtype t, enum dtype lt, void *dx, float *dW,
                     const float *dlogp, const float *lse, const void *x,
                     const struct k_weight *W, const int32_t *target,
                     float temperature, int after_logp, int T, int V, int H);
    /* kl[i] = sum_v p_a (log p_a - log p_b), both at `temperature` */
    void (*head_kl)(struct kernels *k, enum dtype ta, enum dtype la,
                  enum dtype tb, enum dtype lb, float *kl,
                    const void *xa, const struct k_weight *Wa, int Ha,
                    const void *xb, const struct k_weight *Wb, int Hb,
                    float temperature, int T, int V);
    /* Draws first[r] .. first[r + 1] are of row r, at least one (first NULL:
     * draw r alone). token[i] is drawn with the uniform u[i]; logp[i] is of the
     * full softmax at the temperature (at 1 for greedy), the same bits as
     * head_logp. token, logp, u, first: host. */
    void (*head_sample)(struct kernels *k, enum dtype t, enum dtype lt, int32_t *token,
                        float *logp, const void *x, const struct k_weight *W,
                        const float *u, const int32_t *first,
                        struct k_sample s, int T, int V, int H);
    /* logits[T][V] fp32 for tests and small V (already rounded to t). */
    void (*head_logits)(struct kernels *k, enum dtype t, enum dtype lt, float *logits,
                        const void *x, const struct k_weight *W, int T, int V,
                        int H);

    /* ---- optimizer ---- */
    /* One AdamW step on n values (SCIENCE 3). w: master weights of type wt;
     * comp: Kahan compensation, bf16, or NULL; m, v of type mt; g of type gt,
     * and rounded to it again once it is scaled.
     * *changed (or NULL) += number of stored master values that differ after;
     * device memory like the rest, so that no call waits for the device. */
    void (*adamw)(struct kernels *k, const struct k_adamw *h, void *w,
                  enum dtype wt, void *comp, void *m, void *v, enum dtype mt,
                  const void *g, enum dtype gt, size_t n, uint64_t *changed);
    /* Sum of squares in double, canonical order (host result); the sums of the
     * sumsq_blocks(n) blocks that it is added up of go to sums (host), unless
     * that is NULL. */
    double (*sumsq)(struct kernels *k, const void *g, enum dtype gt,
                    size_t n, double *sums);

    /* ---- what an update changed (SCIENCE 6; compare.h has the rule) ---- */
    /* n values of a before, of b after, and of c after another update, or
     * NULL. counts (device, [CMP_N]) +=. */
    void (*compare)(struct kernels *k, uint64_t *counts, const void *a,
                    enum dtype ta, const void *b, enum dtype tb,
                    const void *c, enum dtype tc, size_t n, double eta,
                    double abs);
};

/* Has a row of activations the same bits whatever other rows a call has? */
static inline int kernels_rows_alone(const struct kernels *k)
{
    return k->sizes.can.alone >> k->order.kind & 1;
}

/* ---- the pages of a KV cache, on any backend (pages.c) ---- */
static inline int kv_pages_for(int len)
{
    return (len + KV_PAGE - 1) / KV_PAGE;
}
size_t kv_page_bytes(enum dtype t, int layers, struct k_attn_shape s);
/* Pages that kv_reserve and kv_fork may still take. */
int kv_free_pages(const struct k_kv *kv);
/* The slot has pages for positions [0, len): 0; or there are not enough: -1,
 * and nothing has changed. */
int kv_reserve(struct k_kv *kv, int slot, int len) MUST_CHECK;
/* The slot keeps pages for positions [0, len) and gives back the others. */
void kv_release(struct k_kv *kv, int slot, int len);
/* dst must have no pages. It gets the first len positions of src: full pages
 * are shared, a last page that is not full is copied. -1 as above. */
int kv_fork(struct k_kv *kv, int src, int dst, int len) MUST_CHECK;
/* Why memory was not there for a page, after a -1; or NULL: it was all in
 * use. */
const char *kv_why(const struct k_kv *kv);

/* device: a name of registry.c, or "auto" (NULL and "" too): the first backend
 * there that has the order and can be opened. n_threads as pool_open (cpu
 * only). The CPU backend picks the widest instruction set the processor has;
 * ULP_ISA=x86-64|x86-64-v3|x86-64-v4 forces one (the bits do not depend on
 * it). An order or an operation that a backend has not is an error. */
int kernels_open(struct kernels **k, const char *device, int n_threads,
                 struct k_order order, struct err *e) MUST_CHECK;
/* The sizes of that backend, in a build without it, too; "auto" is the one that
 * kernels_open would take, or the first that has the order. */
int kernels_sizes(struct k_sizes *s, const char *device, int n_threads,
                  struct k_order order, struct err *e) MUST_CHECK;
/* The first backend with memory of its own, whether it is here or not. */
const char *kernels_card(void);
void kernels_close(struct kernels **k);
/* "cpu x86-64-v4, 2 threads" */
void kernels_describe(const struct kernels *k, char *buf, size_t n);

#endif
