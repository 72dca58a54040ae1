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

struct dir;
struct rec_writer;

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
/* Before a run, of rank 0: makes and locks DIR.tmp, so that no other process can
 * write DIR, and clears what a killed one left there. *d is for
 * checkpoint_prepare or checkpoint_abort; NULL after an error. */
int checkpoint_begin(struct dir **d, const char *dir, struct err *e) MUST_CHECK;
void checkpoint_abort(struct dir **d); /* *d may be NULL */
/* checkpoint_write in two parts, so that other outputs of a run can come to their places
 * when all that may fail of the checkpoint is done. *d is of checkpoint_begin,
 * or NULL: begun here. Then it is whole, for checkpoint_commit; NULL on ranks
 * other than 0, and after an error. */
int checkpoint_prepare(struct dir **d, const char *dir, const char *from,
                       const struct adamw *a, struct train_state *s,
                       struct err *e) MUST_CHECK;
/* A plain model directory: c, the tokenizer of a directory, the weights. */
int checkpoint_prepare_model(struct dir **d, const char *dir,
                             const struct config *c, const char *tokenizer,
                             const struct adamw *a, struct err *e) MUST_CHECK;
/* *d and the n records (each may be NULL) to their places. The checkpoint comes
 * after records in files: it says that a run is done, and one that is killed
 * before it writes the rest again. But a stream has its end when all is there.
 * *d is NULL afterwards. */
int checkpoint_commit(struct dir **d, struct rec_writer **const *records, int n,
                      struct err *e) MUST_CHECK;
/* Such a directory from flat fp32 weights in host memory, rounded to c->file_dtype;
 * flat's values are lost where that is a half type. */
int checkpoint_write_flat(const char *dir, const struct config *c,
                          const char *tokenizer, float *flat,
                          struct err *e) MUST_CHECK;

#endif
