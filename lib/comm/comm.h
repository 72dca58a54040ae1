/* comm - bytes between the ranks of one run
 *
 * A rank is a process; ranks are numbered from 0. All ranks call the same
 * functions in the same order with sizes that agree: a message of another size
 * than was expected is an error. A call returns when this rank's part is done.
 * There are no reductions: whoever needs a sum adds in an order of its own.
 *
 * Sizes are in bytes and may exceed 2 GiB. Memory belongs to the caller. Each
 * function returns 0 or fills e; after an error the group is of no use, and
 * the program is to end (a rank that has died is an ERR_IO error).
 *
 * One thread at a time may call, but for comm_window_read.
 */
#ifndef ULP_COMM_COMM_H
#define ULP_COMM_COMM_H
#include <stddef.h>
#include "../base/err.h"

struct comm;

/* A group of this process alone. */
struct comm *comm_alone(void);
void comm_close(struct comm **c); /* accepts NULL */

/* NULL counts as a process alone, here and below. */
int comm_rank(const struct comm *c);
int comm_size(const struct comm *c);

/* n bytes to another rank, and from one; both name the same n. A
 * send returns when p may be written to again. */
int comm_send(struct comm *c, int to, const void *p, size_t n,
              struct err *e) MUST_CHECK;
int comm_recv(struct comm *c, int from, void *p, size_t n,
              struct err *e) MUST_CHECK;
/* n bytes from one rank's p to another's; the ranks beside have no part in it,
 * nor has anybody where the two are one. */
int comm_pass(struct comm *c, int from, int to, void *p, size_t n,
              struct err *e) MUST_CHECK;
/* From root's p to everybody's. */
int comm_bcast(struct comm *c, int root, void *p, size_t n,
               struct err *e) MUST_CHECK;
/* n bytes of each rank, in the order of ranks, to root's all: size x n bytes;
 * all is not looked at elsewhere. */
int comm_gather(struct comm *c, int root, const void *mine, size_t n, void *all,
                struct err *e) MUST_CHECK;
/* Rank r has n[r] bytes at all + at[r], and gets those of the others there. n
 * and at: [size], the same everywhere. */
int comm_allgatherv(struct comm *c, void *all, const size_t *n,
                    const size_t *at, struct err *e) MUST_CHECK;
/* To rank r: n_send[r] bytes of send + at_send[r]; from it: n_recv[r] bytes to
 * recv + at_recv[r]. What a rank sends to itself is copied. The two buffers do
 * not overlap. */
int comm_alltoallv(struct comm *c, const void *send, const size_t *n_send,
                   const size_t *at_send, void *recv, const size_t *n_recv,
                   const size_t *at_recv, struct err *e) MUST_CHECK;
int comm_barrier(struct comm *c, struct err *e) MUST_CHECK;

/* *from is a rank whose message waits to be received, or -1 when none came in
 * wait_ms. A rank alone waits for nothing. */
int comm_probe(struct comm *c, int wait_ms, int *from,
               struct err *e) MUST_CHECK;

/* After an error, before memory of messages that other threads wait for is freed:
 * they are given up, and c is of no use any more. Accepts NULL. */
void comm_leave(struct comm *c);

/* ---- memory of each rank that the others read ---- */

struct comm_window;
/* Read in place. All ranks call, with the same size. *w is NULL, and 0 is returned,
 * where one of them cannot: the ranks are not of one host, or its memory is short;
 * and where two windows are open already. All ranks open and close theirs in one
 * order. A rank writes what is its own alone; who reads has met the writer
 * (comm_barrier) since it was written. */
int comm_window_open(struct comm_window **w, struct comm *c, size_t bytes,
                     struct err *e) MUST_CHECK;
/* The same; where ranks cannot read in place, a thread sends what others ask for.
 * NULL where that is not to be had either. */
int comm_window_open_remote(struct comm_window **w, struct comm *c,
                            size_t bytes, struct err *e) MUST_CHECK;
/* The bytes of rank r; lent until the window is closed. NULL: they are not read in
 * place. A rank's own are. */
char *comm_window_of(const struct comm_window *w, int r);
/* n bytes from `at` on of rank r. One thread at a time; another one may call any
 * other function of the group meanwhile. What is not read in place is counted as
 * sent by r and received here. */
int comm_window_read(const struct comm_window *w, int r, size_t at, size_t n,
                     void *to, struct err *e) MUST_CHECK;
/* Before this rank writes to its bytes anew, which others have read: what it sent
 * of them is not looked at any more. Accepts NULL. */
void comm_window_settle(const struct comm_window *w);
size_t comm_window_bytes(const struct comm_window *w); /* NULL: 0 */
/* Of one rank by itself. The others' memory stays until they close; what this
 * one wrote is gone, or stays until the group is closed. Accepts NULL. */
void comm_window_close(struct comm_window **w);
/* Counts bytes that others have read in place, and that this rank has. Any
 * thread may call. */
void comm_window_traffic(const struct comm_window *w, size_t sent,
                         size_t received);

/* Bytes that this rank has sent to and received from others so far. */
struct comm_traffic {
    unsigned long long sent, received;
};
void comm_traffic(const struct comm *c, struct comm_traffic *t);

#endif
