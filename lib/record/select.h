/* select - which records of a stream are wanted, and in which order
 *
 * Without a sort key each record is wanted or not, at once. With one, those
 * wanted wait until select_end. A key is a dotted path, or len(PATH); numbers
 * and bools (true is 1) come before strings, and records that lack the field
 * last. Records with the same key keep their order.
 *
 * Memory: one record; with a key the records wanted, at most top or head of
 * them where that is set.
 */
#ifndef ULP_RECORD_SELECT_H
#define ULP_RECORD_SELECT_H
#include "rec.h"

struct select_opts {
    const char *where; /* where.h, or NULL */
    const char *sort;  /* "FIELD" ascending, "-FIELD" descending, or NULL */
    uint64_t top;      /* only so many with the largest keys; 0: all */
    uint64_t head;     /* only so many, the first; 0: all */
};

struct select;

/* o is borrowed. */
int select_open(struct select **s, const struct select_opts *o,
                struct err *e) MUST_CHECK;
void select_close(struct select **s);
/* What determines which records come out, into w's header. */
void select_made_by(const struct select_opts *o, struct rec_writer *w);
/* 1: this record is wanted now; 0: not, or not yet; negative: error. */
int select_add(struct select *s, struct rec *rec, struct err *e) MUST_CHECK;
/* No further record can be wanted: the input need not be read to its end. */
int select_full(const struct select *s);
/* After the last record: the names given must have been fields; the records
 * that waited go to fn in order. */
int select_end(struct select *s,
               int (*fn)(void *ctx, struct rec *rec, struct err *e), void *ctx,
               struct err *e) MUST_CHECK;

#endif
