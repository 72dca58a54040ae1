/* sync - the trainer's word to the sampler, over a FIFO
 *
 * The trainer writes, the sampler reads. Messages are msgpack objects:
 *
 *   {"type":"hello"} once, {"type":"go","step":S,"prompts":P}, {"type":"end"}
 *   {"type":"weights","dtype":"bf16","bytes":N}, followed by binary objects of
 *     N bytes in all; "keep":1 where changes to these weights may follow
 *   {"type":"changes","dtype":"bf16","bytes":N,"from":D}: what changed since
 *     the weights of digest D, followed by a binary object for each run of them
 *     (changes.h); N bytes are all weights
 *   {"type":"sum","xxh64":C,"policy":D} behind both: the checksum of the binary
 *     objects' bytes, and the digest of the weights as they are now
 *
 * A side waits for the other a bounded time (the trainer opens the FIFO before
 * it loads anything), so that a pipeline whose other end died says so.
 */
#ifndef ULP_GENERATE_SYNC_H
#define ULP_GENERATE_SYNC_H
#include <stddef.h>
#include <stdint.h>
#include "../base/err.h"
#include "../../kernels/kernels.h"

struct sync;

/* What sync_recv gives: the messages above but hello, which it passes over. */
enum sync_type { SYNC_GO, SYNC_WEIGHTS, SYNC_CHANGES, SYNC_END };

struct sync_msg {
    enum sync_type type;
    uint32_t step, prompts; /* SYNC_GO */
    /* SYNC_WEIGHTS, SYNC_CHANGES: what follows is to be got */
    enum dtype t;
    size_t n_bytes; /* of all weights */
    int keep;       /* SYNC_WEIGHTS: changes to them may follow */
    char from[33];  /* SYNC_CHANGES: digest of the weights before */
};

/* fifo must exist and be a FIFO. Waits for the other side. */
int sync_open(struct sync **s, const char *fifo, int writing,
              struct err *e) MUST_CHECK;
/* Generate `prompts` more prompt groups for step. */
int sync_send_go(struct sync *s, uint32_t step, uint32_t prompts,
                 struct err *e) MUST_CHECK;
/* The flat compute weights, params order: n_bytes in all, in any pieces, and
 * the end with their digest. keep: changes to them may follow. */
int sync_begin_weights(struct sync *s, enum dtype t, size_t n_bytes, int keep,
                       struct err *e) MUST_CHECK;
int sync_put_weights(struct sync *s, const void *p, size_t n,
                     struct err *e) MUST_CHECK;
/* Or what changed in them since those of digest `from`: the runs in order. */
int sync_begin_changes(struct sync *s, enum dtype t, size_t n_bytes,
                       const char *from, struct err *e) MUST_CHECK;
int sync_put_changes(struct sync *s, const void *p, size_t n,
                     struct err *e) MUST_CHECK;
/* The end of both. */
int sync_end_weights(struct sync *s, const char *policy,
                     struct err *e) MUST_CHECK;
int sync_send_end(struct sync *s, struct err *e) MUST_CHECK;
/* The next message; waits for it. The writer going away without SYNC_END is
 * an ERR_DATA error. */
int sync_recv(struct sync *s, struct sync_msg *m, struct err *e) MUST_CHECK;
/* After SYNC_WEIGHTS, before another message: the next n of its bytes. */
int sync_get_weights(struct sync *s, void *dst, size_t n,
                     struct err *e) MUST_CHECK;
/* After SYNC_CHANGES: those of the next run, lent until the next call. */
int sync_get_changes(struct sync *s, const void **p, size_t *n,
                     struct err *e) MUST_CHECK;
/* When all were got, whether they are whole; policy: the digest that the
 * weights must have now. */
int sync_check_weights(struct sync *s, char policy[33],
                       struct err *e) MUST_CHECK;
void sync_close(struct sync **s);

#endif
