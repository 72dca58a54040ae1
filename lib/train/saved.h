/* saved - the state of a run that has not ended, so that a kill costs little
 *
 * In DIR: a checkpoint step-N, and what was written since the run began, in
 * parts that are named for the step they begin with: metrics-S.msgpack and
 * rollouts-S.msgpack.zst. A checkpoint is the last that a save writes, whole or
 * not at all, and the one before goes. So the parts that begin below N are those
 * of step-N, and a run whose --model is step-N takes them over: it writes the
 * bytes of a run that was never stopped.
 */
#ifndef ULP_TRAIN_SAVED_H
#define ULP_TRAIN_SAVED_H
#include "../comm/comm.h"
#include "../record/rec.h"
#include "checkpoint.h"

struct saved;

/* *s stays NULL where dir is NULL; the rest accepts NULL. step: the first that
 * this run does; what is of later ones goes, as do parts from there on: they are
 * of a run that was killed before its save. every_s: seconds between saves; 0: after each step. All ranks
 * call; c is borrowed. */
int saved_open(struct saved **s, const char *dir, int64_t step, double every_s,
               struct comm *c, struct err *e) MUST_CHECK;
void saved_close(struct saved **s); /* drops the parts that no save ended */

/* The rest but saved_step is of rank 0. */
enum saved_kind { SAVED_METRICS, SAVED_ROLLOUTS, SAVED_KINDS };
int saved_has(const struct saved *s); /* 1: there are parts */
/* Writes the records of the parts to w; for rollouts, whose header names what
 * the run began with, the first part's header before. 1: there are some; 0:
 * none, and w is as it was. */
int saved_take_over(const struct saved *s, enum saved_kind kind,
                    struct rec_writer *w, struct err *e) MUST_CHECK;
/* A record that was written to the whole output. from: as rec_header has it. */
int saved_add(struct saved *s, enum saved_kind kind, const struct rec *r,
              const struct rec_reader *from, struct err *e) MUST_CHECK;

/* After a step: saves where it is time. model: of the run; a and st: as
 * checkpoint_write has them. */
int saved_step(struct saved *s, const char *model, const struct adamw *a,
               struct train_state *st, struct err *e) MUST_CHECK;
/* What a checkpoint takes config.json and the tokenizer from: the last that was
 * saved, or model. Lent until the next save. A save may remove the model. */
const char *saved_from(const struct saved *s, const char *model);

#endif
