/* street - the addresses at which the process that was started waits for its
 * ranks: an abstract Unix socket for this host, a TCP port for others. Internal
 * to lib/comm.
 *
 * The ranks find them, with the key that shows them to be ours, in one
 * environment variable: "KEY NAME PORT ADDRESS...".
 */
#ifndef ULP_COMM_STREET_H
#define ULP_COMM_STREET_H
#include "../base/err.h"
#include "link.h"

#define STREET_WORD "ULP_RANKS"

struct street {
    int here, net; /* listening */
    char key[sizeof((struct link_hello *)0)->key];
    char word[2048];
};

int street_open(struct street *s, struct err *e) MUST_CHECK;
void street_close(struct street *s);
/* The next that has called at s->here or s->net, of this user; -1: none. */
int street_accept(int fd, int is_here);

/* A rank's: calls there. *is_here: over the Unix socket. Negative: nobody. */
int street_call(const char *word, char *key, size_t n_key, int *is_here,
                struct err *e) MUST_CHECK;
/* Descriptors over a Unix socket, with one byte: gets puts as many. */
int street_give(int fd, const int *fds, int n);
int street_take(int fd, int *fds, int n);

#endif
