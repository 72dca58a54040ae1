/* groups - the updates whose consensus is asked for
 *
 * All together; or, where runs are named, those that differ in one key alone.
 */
#ifndef ULP_COMPARE_GROUPS_H
#define ULP_COMPARE_GROUPS_H
#include "moves.h"
#include "runs.h"

struct groups { /* own all that they point to */
    struct move_group *v;
    int *over; /* [n] enum run_key in which the members differ, or -1 */
    int n;
};

/* Of so many updates; x is zero before. runs: their names, or none. */
void groups_list(struct groups *x, int n_updates, const struct runs *runs);
void groups_free(struct groups *x);

#endif
