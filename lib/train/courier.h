/* courier - a thread in which the rounds of a mini-batch travel, while the next
 * shard is computed
 *
 * Only this thread exchanges bytes with other ranks from courier_open to
 * courier_close. A round's gradients stay as they are until it has travelled.
 */
#ifndef ULP_TRAIN_COURIER_H
#define ULP_TRAIN_COURIER_H
#include "travel.h"

struct courier;

/* Of n rounds over t, which is borrowed. NULL where there
 * can be no thread: the caller then calls travel_round itself, in the same order. */
struct courier *courier_open(struct travel *t, int n);
/* The next round is there, as travel_round takes it; turn is copied. */
void courier_give(struct courier *c, const int *turn, const char *grads,
                  size_t at);
/* Waits until n rounds have travelled: 0, or the error of one that failed. */
int courier_wait(struct courier *c, int n, struct err *e) MUST_CHECK;
/* The thread ends; a round that runs is left where it is. NULL is accepted. */
void courier_close(struct courier **c);

#endif
