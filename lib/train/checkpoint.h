/* checkpoint - a model directory plus all that a bit-exact resume needs
 *
 * config.json (with the type of the weights), generation_config.json and the
 * tokenizer's files of the model trained from, model.safetensors in the master
 * type, optimizer.safetensors, and trainer_state.json. The last has a digest of
 * each of the others and of itself (lib/base/digests.h). A plain model
 * directory has digests.json for that. A checkpoint appears whole or not at
 * all: it is written as DIR.tmp and renamed.
 */
#ifndef ULP_TRAIN_CHECKPOINT_H
#define ULP_TRAIN_CHECKPOINT_H
#include "adamw.h"
#include "state.h"

/* Refuses, naming both, where a run with `now` cannot go on from `was`: arm,
 * seed or a hyperparameter differs. dir is for the message. */
int checkpoint_compare(const struct train_state *was,
                       const struct train_state *now, const char *dir,
                       struct err *e) MUST_CHECK;
/* Moments, compensation and counters of DIR into a. */
int checkpoint_resume(struct adamw *a, const struct train_state *s,
                      const char *dir, struct err *e) MUST_CHECK;
/* Where a is of several ranks, all of them call the next two, and rank 0 writes.
 */
/* Writes dir, replacing a model that is there; `from` lends config.json and
 * the tokenizer. s->updates to s->good are filled from a. */
int checkpoint_write(const char *dir, const char *from, const struct adamw *a,
                     struct train_state *s, struct err *e) MUST_CHECK;
/* A plain model directory: c, the tokenizer of a directory, the weights. */
int checkpoint_write_model(const char *dir, const struct config *c,
                           const char *tokenizer, const struct adamw *a,
                           struct err *e) MUST_CHECK;
/* The same from flat fp32 weights in host memory, rounded to c->file_dtype;
 * flat's values are lost where that is a half type. */
int checkpoint_write_flat(const char *dir, const struct config *c,
                          const char *tokenizer, float *flat,
                          struct err *e) MUST_CHECK;

#endif
