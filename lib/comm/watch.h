/* watch - the ranks as the process that started them sees them: who is there,
 * who has gone, and what is to be said of it. Internal to lib/comm. */
#ifndef ULP_COMM_WATCH_H
#define ULP_COMM_WATCH_H
#include <stddef.h>
#include "link.h"

struct watch;

/* What the way of starting knows; functions may be NULL. */
struct watch_start {
    void *ctx;
    /* Called some times a second, and at once when one of fd (-1: none) can be
     * read. Negative: the run is over, with this error. */
    int (*turn)(void *ctx, struct watch *w, struct err *e);
    int fd[3];
    /* A launcher's rank knows which one it is: the answer to it. */
    int (*ranked)(void *ctx, int fd, const struct link_hello *h, int is_here,
                  struct err *e);
    /* How a process of this host ended, such as "signal 9", if that is known;
     * else leaves text alone. */
    void (*how)(void *ctx, pid_t pid, char *text, size_t n);
};

/* A watch of n ranks, none of which is connected yet. s is copied. */
struct watch *watch_open(int n, const struct watch_start *s);
void watch_close(struct watch **w);
/* A rank's connection. key: the rank is one of a launcher, whose first message has
 * the key, the rank and the process; NULL: they are known. is_here: the connection
 * cannot come from another host. */
void watch_add(struct watch *w, int fd, int rank, pid_t pid, int is_here,
               const char *key);
/* 0: all ranks were done. Negative: one was not, or fell silent; the others
 * were then told to end, and those of this host were killed. */
int watch_run(struct watch *w, struct err *e) MUST_CHECK;

#endif
