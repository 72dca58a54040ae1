/* reduce_thread - a thread in which the rounds of a mini-batch are reduced, while
 * the next shard is computed
 *
 * Only this thread exchanges bytes with other ranks from reduce_thread_open to
 * reduce_thread_close. A round's gradients stay as they are until it is done.
 */
#ifndef ULP_TRAIN_REDUCE_THREAD_H
#define ULP_TRAIN_REDUCE_THREAD_H
#include "reduce_scatter.h"

struct reduce_thread;

/* Of n rounds over t, which is borrowed. NULL where there can be no thread: the
 * caller then calls reduce_scatter_round itself, in the same order. */
struct reduce_thread *reduce_thread_open(struct reduce_scatter *t, int n);
/* The next round is there, as reduce_scatter_round takes it; turn is copied. */
void reduce_thread_post(struct reduce_thread *c, const int *turn,
                        const char *grads, size_t at);
/* Waits until n rounds are done: 0, or the error of one that failed. */
int reduce_thread_wait(struct reduce_thread *c, int n,
                       struct err *e) MUST_CHECK;
/* The thread ends; a round that runs is left where it is. NULL is accepted. */
void reduce_thread_close(struct reduce_thread **c);

#endif
