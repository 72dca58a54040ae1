/* sampler_impl - what sampler.c and its ranks share. Internal to lib/generate.
 */
#ifndef ULP_GENERATE_SAMPLER_IMPL_H
#define ULP_GENERATE_SAMPLER_IMPL_H
#include "gen.h"
#include "sampler.h"
#include "sync.h"

struct prompt {
    struct rec *rec; /* our copy; lives until its last sample is written */
    char name[200];
    struct rec_i32s tokens;
    const struct sampling *how;
    uint64_t id_hash;
    int issued, written;
    struct prompt *next;
};

struct sampler {
    const struct sampler_opts *o;
    struct engine *x;
    struct filter *f;
    struct gen_opts g;
    struct prompt *first, **last; /* in flight, in order of the input */
    struct prompt *open; /* the last of them, while it has samples to issue */
    uint64_t in_flight;  /* samples issued and not written */
    int64_t allowed;     /* prompts that may be read; -1: all */
    int64_t step;        /* of the records, or -1 */
    uint64_t *n_of;      /* [o->n_tasks] prompts of each task that were read */
    int ended;           /* the input has */
    int release;         /* memory goes back when a round is done */
    struct progress *progress;
};

/* ---- sampler_records.c ---- */

/* The seed that the samples of a step share. */
uint64_t sampler_seed(uint64_t seed, int64_t step);
/* Rank 0 and a process alone: 1: s->open is the next prompt; 0: none now. */
int sampler_open_prompt(struct sampler *s, struct err *e) MUST_CHECK;
/* Writes the next sample of the first prompt in flight. */
int sampler_write(struct sampler *s, const struct gen_res *res,
                  struct err *e) MUST_CHECK;

/* The first prompt in flight is done. */
void sampler_drop_first(struct sampler *s);

/* A round is done: memory goes back where that was asked for. */
static inline void sampler_release(struct sampler *s)
{
    if (!s->release)
        return;
    model_trim(s->x->m);
    model_park(s->x->m);
}

/* ---- sampler_ranks.c ---- */

/* On rank r > 0: does what rank 0 says until it ends. */
int sampler_serve(struct sampler *s, struct err *e) MUST_CHECK;
/* On rank 0: a round on all ranks. */
int sampler_round(struct sampler *s, struct err *e) MUST_CHECK;
/* On rank 0: that all are to call receive_weights with msg now. */
int sampler_say_weights(struct sampler *s, const struct sync_msg *msg,
                        struct err *e) MUST_CHECK;
/* On rank 0: nothing more is to do. */
int sampler_end_ranks(struct sampler *s, struct err *e) MUST_CHECK;
/* On all: they have the same weights. */
int sampler_same_weights(struct sampler *s, struct err *e) MUST_CHECK;

#endif
