/* sync_impl - what sync.c and sync_recv.c share; internal to lib/generate */
#ifndef ULP_GENERATE_SYNC_IMPL_H
#define ULP_GENERATE_SYNC_IMPL_H
#include <msgpack.h>
#include "../base/hash.h"
#include "sync.h"

/* For the other side to open the FIFO. A trainer does so before all else; a
 * sampler may load its model first. */
#define WAIT_TRAINER_MS 30000
#define WAIT_SAMPLER_MS 300000
#define PIPE ((size_t)1 << 20)   /* that a writer may be ahead */
#define CHUNK ((size_t)64 << 10) /* weights travel in pieces */

struct sync {
    int fd;
    int greeted; /* reader: a writer has been seen */
    char *name;
    struct hash *sum; /* of the weights on their way */
    const char *part; /* reader: of them, in obj and not yet got */
    size_t n_part;
    msgpack_unpacker u;
    msgpack_unpacked obj;
};

#endif
