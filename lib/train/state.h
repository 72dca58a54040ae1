/* state - where a run stands: trainer_state.json beside its weights
 *
 * What a bit-exact resume needs beyond the tensors. The same file lists a
 * digest of each other file of the checkpoint (lib/base/digests.h).
 */
#ifndef ULP_TRAIN_STATE_H
#define ULP_TRAIN_STATE_H
#include <jansson.h>
#include "../model/arm.h"

struct train_state {
    int64_t step;   /* steps done */
    int64_t cursor; /* prompts consumed */
    uint64_t seed;
    char arm[ARM_TEXT];        /* every factor spelt out */
    json_t *hyper;             /* an object: hyperparameters; owned */
    uint64_t updates, skipped; /* of struct adamw */
    double loss_scale;
    int64_t good;
};

/* Drops hyper; *s is zero after. */
void state_free(struct train_state *s);

/* 1: DIR/trainer_state.json was read into *s; 0: there is none (a base
 * model). One that was changed, or that went missing beside an
 * optimizer.safetensors, is an error. */
int state_read(struct train_state *s, const char *dir,
               struct err *e) MUST_CHECK;
/* The prompts that DIR's run has consumed; 0 for a base model. */
int state_cursor(const char *dir, int64_t *cursor, struct err *e) MUST_CHECK;
/* A new object of its values, without the digests. */
json_t *state_json(const struct train_state *s);

#endif
