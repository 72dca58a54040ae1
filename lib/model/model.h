/* model - a decoder on a device: compute weights, forward, backward
 *
 * Order of sums. Under order=shuffled the kernels' nonce is step + 1 in
 * training calls and 0 in scoring and generation, so that a sampler's and a
 * scorer's log-probabilities are the same bits in every arm (given the same
 * seed). Dropout acts in model_forward alone.
 *
 * The compute weights are in the arm's compute type. Master weights, moments
 * and the update live in lib/train; they hand over a flat master array (see
 * params.h) through model_set.
 */
#ifndef ULP_MODEL_MODEL_H
#define ULP_MODEL_MODEL_H
#include "arm.h"
#include "../../kernels/kernels.h"
#include "../arch/params.h"

struct model;

/* TRAIN: has gradients, and layouts for the backward; RECOMPUTE: keeps only
 * the layers' inputs for it (less memory, a third more arithmetic, the same
 * bits); LATER: its matrices are made by model_attach, its
 * gradients by the first forward; PARK: what is loaded
 * stays in host memory too, for model_park; GATHER: to plan a model that
 * gathers (model_gather). */
enum {
    MODEL_TRAIN = 1,
    MODEL_RECOMPUTE = 2,
    MODEL_LATER = 4,
    MODEL_PARK = 8,
    MODEL_GATHER = 16
};

/* k is borrowed and must outlive the model. */
int model_open(struct model **m, const struct config *c, const struct arm *a,
               struct kernels *k, int flags, struct err *e) MUST_CHECK;
void model_close(struct model **m);
const struct config *model_config(const struct model *m);
const struct params *model_params(const struct model *m);

/* Compute weights from DIR's safetensors, cast to the master type where that
 * is a half type, then to the compute type. A weight that is not finite, in the
 * file or in these types, is an error that names its tensor. digest (may be
 * NULL) gets the model digest. */
int model_load(struct model *m, const char *dir, char digest[33],
               struct err *e) MUST_CHECK;
/* Compute weights from a flat master array on the device, of type mt. */
int model_set(struct model *m, const void *master, enum dtype mt,
              struct err *e) MUST_CHECK;
/* After MODEL_LATER, before model_set of that array (or, where it is NULL, of
 * any): where its type is the
 * compute type and the device allows it, the array's own memory serves as the
 * matrices (and must outlive the model); else they get memory of their own.
 * Either way the compute weights are those of the last model_set. */
int model_attach(struct model *m, void *master, enum dtype mt,
                 struct err *e) MUST_CHECK;

/* Where compute weights lie that a model gathers: in params order and in its
 * compute type, in the host's memory, in pieces. */
struct model_store {
    /* Where value `first` is, or NULL: it has to be read; *n: how many follow it
     * there, at most as many as *n was. This and `read` are called in any thread,
     * one at a time. */
    const void *(*at)(void *ctx, size_t first, size_t *n);
    /* n values from `first` on to the host's memory, as many as `at` said; NULL
     * where it never gives NULL. */
    int (*read)(void *ctx, size_t first, size_t n, void *to, struct err *e);
    /* NULL, or told of a layer (-1: embedding or head) that has come, or that a
     * pass has waited for, since `began` (clock_ns, monotonic). In any thread. */
    void (*came)(void *ctx, int layer, int waited, uint64_t began);
    void *ctx;
};
/* Values that are read at a time for a device with memory of its own. */
enum { MODEL_STORE_PIECE = 1 << 20 };
/* Instead of model_attach: the matrices of a layer come before the layer
 * computes, and those of the next one meanwhile; two layers are there at a time,
 * and embedding or head. On a device with memory of its own they come when they
 * are needed, and not before. The store is copied, its ctx borrowed. */
int model_gather(struct model *m, const struct model_store *from,
                 struct err *e) MUST_CHECK;
/* The store has weights, or other ones than before: between passes, instead of
 * model_set. Nothing is read from the store between a pass and the next one. */
int model_gather_anew(struct model *m, struct err *e) MUST_CHECK;
/* The most values of a matrix that the store has in several pieces, or that has
 * to be read. */
size_t model_store_scattered(const struct model_store *from,
                             const struct params *p);
/* Host flat array of type t (weights as they go over a FIFO). */
int model_set_host(struct model *m, const void *flat, enum dtype t,
                   struct err *e) MUST_CHECK;
/* The same a piece at a time: read gives the next n bytes. */
struct model_reader {
    int (*read)(void *ctx, void *dst, size_t n, struct err *e);
    void *ctx;
};
int model_set_reader(struct model *m, const struct model_reader *r,
                     enum dtype t, struct err *e) MUST_CHECK;
/* Config + open + load in one: what rollout, logprob and kl want. */
int model_open_dir(struct model **m, const char *dir, const struct arm *a,
                   struct kernels *k, int flags, char digest[33],
                   struct err *e) MUST_CHECK;

/* The model digest ("policy"): 32 hex digits of XXH3-128 over the flat compute
 * weights in params order. After model_set it reads the master array given
 * there again: ask before that array changes. */
int model_digest(struct model *m, char out[33], struct err *e) MUST_CHECK;

/* Writes DIR/config.json (torch_dtype = t) and DIR/model.safetensors. */
int model_save(const char *dir, const struct config *c, const void *flat,
               enum dtype t, struct err *e) MUST_CHECK;

/* The memory of the KV cache goes back; the next generation takes it anew. */
void model_release_kv(struct model *m);

/* A packed batch, host memory. Sequence i has tokens[start[i]..start[i+1]);
 * log-probabilities are wanted for its positions first[i] and after, counted
 * from the sequence's start (1 <= first[i] <= length). id[i] seeds dropout. */
struct seqs {
    int n;
    const int32_t *start;  /* n + 1 */
    const int32_t *tokens; /* start[n] */
    const int32_t *first;  /* n */
    const uint64_t *id;    /* n, or NULL when there is no dropout */
    /* n + 1, or NULL. shared[i] rows are those of the sequence before too
     * (micro.h says how many can be): they are computed once, their gradient is
     * that of the sum. In training the neighbour may be in another micro-batch
     * of the same model_zero_grads: shared[0] are of the one before, shared[n]
     * of the one after. */
    const int32_t *shared;
};

/* The end of the micro-batch of at most max_tokens (0: MICRO_TOKENS; micro.h
 * has what counts) that begins at sequence i. */
int seqs_micro(const struct seqs *s, int i, int max_tokens);

/* Teacher-forced scoring. logp, entropy (may be NULL): start[n] values each;
 * entry t is of tokens[t] given its prefix, 0 where not wanted. Runs in
 * micro-batches of whole sequences of about max_tokens rows (0: MICRO_TOKENS);
 * the bits do not depend on it. */
int model_logp(struct model *m, const struct seqs *s, double temperature,
               int max_tokens, float *logp, float *entropy,
               struct err *e) MUST_CHECK;
/* kl[t] = KL(a || b) of the next-token distributions at wanted positions. */
int model_kl(struct model *a, struct model *b, const struct seqs *s,
             double temperature, int max_tokens, float *kl,
             struct err *e) MUST_CHECK;

/* Logits of every row, [start[n]][vocab] fp32, host; for tests, small V. */
int model_logits(struct model *m, const struct seqs *s, float *logits,
                 struct err *e) MUST_CHECK;

/* One micro-batch of training: forward (keeps activations; dropout as the
 * arm says, under dropout_seed and step), then backward of any function of
 * the log-probabilities: gradients += . */
int model_forward(struct model *m, const struct seqs *s, double temperature,
                  uint64_t dropout_seed, uint32_t step, float *logp,
                  float *entropy, struct err *e) MUST_CHECK;
int model_backward(struct model *m, const float *dlogp,
                   struct err *e) MUST_CHECK;
/* Device pointer to the flat gradients of type arm.grads (params order), to be
 * asked for after the last backward: fp32 ones of a tied embedding's rows are
 * summed apart and added here to the head's, so that no micro-batch boundary
 * shows. In bf16 every boundary does (grads.c). */
void *model_grads(struct model *m);
void model_zero_grads(struct model *m);
/* Before a pass first writes to them after a model_zero_grads, fn is called: what
 * it asks of the device is before that. NULL: nothing is. ctx is borrowed. */
void model_before_grads(struct model *m, void (*fn)(void *ctx), void *ctx);
/* From now on they are in the caller's memory p, zeroed or not, of as many bytes
 * and on the same device; NULL: in the model's own again. p may be another one
 * for each sum; it is lent until the next call or model_close. */
void model_lend_grads(struct model *m, void *p);
/* The gradients' memory on the device, which are lost, for whatever else takes
 * at most so many bytes; lent until the next forward. NULL where there is none,
 * or less. */
void *model_spare(struct model *m, size_t bytes);

/* Activations, caches, gradients and the kernels' scratch go back to the
 * device; the weights stay, and the next pass takes the rest anew. */
void model_trim(struct model *m);
/* Of a model with MODEL_PARK: the matrices go back too, until model_unpark or
 * other weights are loaded. */
void model_park(struct model *m);
int model_unpark(struct model *m, struct err *e) MUST_CHECK;

/* The heads of a model, as the kernels take them. */
static inline struct k_attn_shape model_heads(const struct config *c)
{
    return (struct k_attn_shape){c->heads, c->kv_heads, c->head_dim};
}
/* Of a page of the KV cache: KV_PAGE positions of every layer. */
static inline size_t model_page_bytes(const struct config *c, enum dtype t)
{
    return kv_page_bytes(t, c->layers, model_heads(c));
}

/* What a run would take, from shapes alone. */
struct model_plan {
    size_t n_params, weight_bytes, grad_bytes;
    double flops_per_token; /* forward, at the given context length */
};
void model_plan(struct model_plan *p, const struct config *c,
                const struct arm *a, int len);

/* Bytes on a device (kernels_sizes) of a model and of a pass of so many tokens
 * in so many sequences, each of at most `longest`. */
struct model_use {
    int tokens, seqs, longest;
    int flags; /* of model_open */
};
struct model_memory {
    size_t n_params;
    size_t weights; /* in the device's layouts; norms, biases, rotary table */
    size_t grads, acts, scratch;
    size_t branching; /* that acts may be more, where samples share most rows */
};
void model_memory(struct model_memory *p, const struct config *c,
                  const struct arm *a, const struct k_sizes *s,
                  struct model_use u);

#endif
