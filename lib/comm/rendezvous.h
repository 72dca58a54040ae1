/* rendezvous - the addresses at which the process that was started waits for its
 * ranks: an abstract Unix socket for this host, a TCP port for others. Internal
 * to lib/comm.
 *
 * The ranks find them, with the key that shows them to be ours, in one
 * environment variable: "KEY NAME PORT ADDRESS...".
 */
#ifndef ULP_COMM_RENDEZVOUS_H
#define ULP_COMM_RENDEZVOUS_H
#include "../base/err.h"
#include "link.h"

/* The environment variable. */
#define RENDEZVOUS_ENV "ULP_RANKS"

struct rendezvous {
    int here, net; /* listening */
    char key[sizeof((struct link_hello *)0)->key];
    char word[2048];
};

/* Listens, and makes key and word, which go into the environment of the ranks. On
 * error s is to be closed as well. */
int rendezvous_open(struct rendezvous *s, struct err *e) MUST_CHECK;
void rendezvous_close(struct rendezvous *s);
/* The next that has called at s->here or s->net, of this user; -1: none. */
int rendezvous_accept(int fd, int is_here);

/* A rank's: calls there. *is_here: over the Unix socket. Negative: nobody. */
int rendezvous_connect(const char *word, char *key, size_t n_key, int *is_here,
                       struct err *e) MUST_CHECK;
/* Descriptors over a Unix socket, with one byte: gets puts as many. */
int rendezvous_send_fds(int fd, const int *fds, int n);
int rendezvous_recv_fds(int fd, int *fds, int n);

#endif
