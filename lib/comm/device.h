/* device - the operations of comm.h on memory of the ranks' devices
 *
 * The comm that is opened has the same ranks as another one. Where comm.h has
 * memory, it takes device memory, and what is asked of it is done in the order
 * of a stream of the device: a call may return before that.
 *
 * Bytes go from device to device over NCCL (nccl.h), or through the host's
 * memory where NCCL is not to be had; which of both, all ranks agree on.
 * comm_barrier is that of the host. There is no comm_probe, nor a window.
 *
 * Over NCCL nobody sees whether the sizes of a message agree, which therefore
 * they must; where a rank has gone, the others may wait for ever in that stream
 * (what started the ranks ends them).
 */
#ifndef ULP_COMM_DEVICE_H
#define ULP_COMM_DEVICE_H
#include "comm.h"

/* A device, for whoever moves its memory's bytes. copy, send (from the host) and
 * fetch (to it) are in the order of the stream. host_alloc is memory that send and
 * fetch are fast with. */
struct comm_device {
    void *ctx;
    void *stream;   /* a cudaStream_t */
    const char *id; /* no two devices of a host have the same */
    void (*copy)(void *ctx, void *to, const void *from, size_t n);
    void (*send)(void *ctx, void *to, const void *host, size_t n);
    void (*fetch)(void *ctx, void *host, const void *from, size_t n);
    int (*sync)(void *ctx, struct err *e); /* waits for the stream */
    void *(*host_alloc)(void *ctx, size_t n, struct err *e);
    void (*host_free)(void *ctx, void *p);
};

/* Why bytes go through the host; empty where they do not. */
struct comm_device_why {
    char text[256];
};

/* Bytes of a message that go through the host at a time, where they do; of such
 * each rank holds two for each other rank. */
enum { COMM_DEVICE_PIECE = 4 << 20 };

/* All ranks of c call; c and what *v points to are borrowed. */
int comm_device_open(struct comm **d, struct comm *c,
                     const struct comm_device *v, struct comm_device_why *why,
                     struct err *e) MUST_CHECK;
/* comm_close closes it, before c and the device, and waits for nobody: messages that
 * are not done are given up. Ranks that end well first wait for the stream and
 * then meet (comm_barrier). */

#endif
