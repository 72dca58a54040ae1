/* engine - what moves the bytes of a comm: a table of functions
 *
 * Internal to lib/comm, and to the plug-ins, which know only this file.
 */
#ifndef ULP_COMM_ENGINE_H
#define ULP_COMM_ENGINE_H
#include <stddef.h>

/* Messages of one kind do not meet those of another. */
enum comm_channel {
    CHANNEL_MAIN,
    CHANNEL_REQUEST, /* for bytes of exposed memory (remote.h) */
    CHANNEL_REPLY    /* these bytes */
};

/* One message. Those between two ranks arrive in the order in which they were
 * begun, on each channel. */
struct comm_part {
    int peer;
    int sending; /* else receiving */
    char *p;
    size_t n;
    enum comm_channel channel;
};

/* Functions return 0, or -1 with a message in why (of n_why bytes) and in *lost
 * the rank that has gone, or -1. */
struct comm_engine {
    int rank, size;
    int channels; /* more than CHANNEL_MAIN, each of which another thread may use
                   * meanwhile; else one thread at a time calls */
    void *ctx;
    /* Does all parts at once, in any order but that of messages to one rank or
     * from one. Sleeps while it waits. */
    int (*exchange)(void *ctx, const struct comm_part *q, int n, int *lost,
                    char *why, size_t n_why);
    /* *from: a rank whose message waits, or -1 after wait_ms. */
    int (*probe)(void *ctx, enum comm_channel channel, int wait_ms, int *from,
                 int *lost, char *why, size_t n_why);
    /* From now on calls that would wait fail, those of other threads that wait now,
     * too. Memory of messages is not touched any more once they have. */
    void (*leave)(void *ctx);
    void (*close)(void *ctx); /* all ranks close together */
    /* n bytes within this rank's memory; NULL: it is the host's. */
    void (*copy)(void *ctx, void *to, const void *from, size_t n);
    /* Memory that every rank reads in place: bytes of each rank r at p[r]. NULL,
     * or not 0, where there is none such. which: below COMM_WINDOWS, and not
     * shared yet; the same on all ranks. */
    int (*share)(void *ctx, int which, size_t bytes, char **p);
    void (*unshare)(void *ctx, int which, size_t bytes, char **p);
};

/* Pieces of shared memory that a group of ranks may have at a time. */
enum { COMM_WINDOWS = 2 };

/* What a plug-in defines: fills *x from the environment that the launcher gave.
 * The number is the version of this file; a plug-in of another one is refused. */
#define COMM_PLUGIN "comm_plugin_4"
typedef int comm_plugin_fn(struct comm_engine *x, char *why, size_t n_why);

#endif
