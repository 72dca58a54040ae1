/* gen - batched generation with a KV cache: continuous batching
 *
 * Sequences enter as there are slots and pages of the cache, and leave when
 * they end. Where pages run out the newest sequence is preempted: it gives its
 * pages back and is recomputed later. The uniform of a sample's position is
 * philox(position, sample, prompt id; seed): neither batch size, batch mates
 * nor the size of the cache can change a token or a bit of its logp.
 */
#ifndef ULP_GENERATE_GEN_H
#define ULP_GENERATE_GEN_H
#include "../model/model.h"

/* Tokens of prompts in a step, where nothing else is asked for. */
enum { GEN_PREFILL = 4096 };
/* The largest part of the free memory that a cache takes by itself. */
#define GEN_PART_OF_HOST 0.5
#define GEN_PART_OF_DEVICE 0.8

/* The part for this backend: more where the device has memory of its own. */
static inline double gen_cache_part(const struct k_sizes *s)
{
    return s->can.own_memory ? GEN_PART_OF_DEVICE : GEN_PART_OF_HOST;
}

struct gen_opts {
    struct k_sample sample;
    int max_new;     /* tokens of any response, the end token included */
    int batch;       /* sequences at once, at most */
    int prefill;     /* tokens of prompts in a step, at most; 0: GEN_PREFILL */
    size_t kv_bytes; /* of the cache; 0: what the batch can use, within a part
                      * of the memory that is free */
    uint64_t seed;
    int n_eos;
    int32_t eos[CONFIG_MAX_EOS];
};

struct gen_req {
    const int32_t *prompt; /* valid until its done call */
    int n_prompt;
    int max_new;      /* tokens of this response; 0: gen_opts.max_new */
    uint64_t id_hash; /* hash_bytes of the prompt's id */
    int sample;
    const char *name; /* of the record, for messages; or NULL */
    void *user;
};

struct gen_res {
    const int32_t *tokens; /* the end token included when it came */
    const float *logp;     /* nats */
    int n;
    int stopped; /* 1: an end token; 0: length */
    int sample;  /* of the request, and its user */
    void *user;
};

/* next: 1 and a request, or 0: nothing now (then running sequences go on;
 * asked again when a slot is free; when none runs and next gives 0 the call
 * returns). done: a finished sequence, in order of requests (results that
 * finish early are held until those before them are done) or with any_order at
 * once. turn: after each step of all sequences; may be NULL. Each may return
 * <0 to stop. Consecutive requests with the same prompt pointer share its
 * prefill. */
struct gen_io {
    int (*next)(void *ctx, struct gen_req *q, struct err *e);
    int (*done)(void *ctx, const struct gen_res *r, struct err *e);
    void *ctx;
    int any_order;
    int (*turn)(void *ctx, struct err *e);
};

/* Generates until next has no request and none is running. o and io are borrowed
 * for the call. */
int gen_run(struct model *m, const struct gen_opts *o, const struct gen_io *io,
            struct err *e) MUST_CHECK;

#endif
