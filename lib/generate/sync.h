/* sync - the trainer's word to the sampler, over a FIFO
 *
 * The trainer writes, the sampler reads. Messages are msgpack
 * objects: {"type":"hello"} once, {"type":"go","step":S,"prompts":P},
 * {"type":"end"}, and {"type":"weights","dtype":"bf16","bytes":N} followed by
 * binary objects of N bytes in all and {"type":"sum","xxh64":C}. A side waits
 * for the other a bounded time (the trainer opens the FIFO before it loads
 * anything), so that a pipeline whose other end died says so.
 */
#ifndef ULP_GENERATE_SYNC_H
#define ULP_GENERATE_SYNC_H
#include <stddef.h>
#include <stdint.h>
#include "../base/err.h"
#include "../../kernels/kernels.h"

struct sync;

enum sync_type { SYNC_GO, SYNC_WEIGHTS, SYNC_END };

struct sync_msg {
    enum sync_type type;
    uint32_t step, prompts; /* SYNC_GO */
    enum dtype t;           /* SYNC_WEIGHTS: their bytes are to be got */
    size_t n_bytes;
};

/* fifo must exist and be a FIFO. Waits for the other side. */
int sync_open(struct sync **s, const char *fifo, int writing,
              struct err *e) MUST_CHECK;
/* Generate `prompts` more prompt groups for step. */
int sync_send_go(struct sync *s, uint32_t step, uint32_t prompts,
                 struct err *e) MUST_CHECK;
/* The flat compute weights, params order: n_bytes in all, in any pieces, and
 * the end. */
int sync_begin_weights(struct sync *s, enum dtype t, size_t n_bytes,
                       struct err *e) MUST_CHECK;
int sync_put_weights(struct sync *s, const void *p, size_t n,
                     struct err *e) MUST_CHECK;
int sync_end_weights(struct sync *s, struct err *e) MUST_CHECK;
int sync_send_end(struct sync *s, struct err *e) MUST_CHECK;
/* The next message; waits for it. The writer going away without SYNC_END is
 * an ERR_DATA error. */
int sync_recv(struct sync *s, struct sync_msg *m, struct err *e) MUST_CHECK;
/* After SYNC_WEIGHTS, before another message: the next n of its bytes; and
 * when all were got, whether they are whole. */
int sync_get_weights(struct sync *s, void *dst, size_t n,
                     struct err *e) MUST_CHECK;
int sync_check_weights(struct sync *s, struct err *e) MUST_CHECK;
void sync_close(struct sync **s);

#endif
