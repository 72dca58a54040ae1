/* farm_impl - what the two sides of a farm share. Internal to lib/comm. */
#ifndef ULP_COMM_FARM_IMPL_H
#define ULP_COMM_FARM_IMPL_H
#include <pthread.h>
#include "farm.h"

enum farm_type { FARM_ASK = 1, FARM_RESULT, FARM_LEAVE };

/* To rank 0; a result's bytes follow. */
struct farm_msg {
    uint32_t type;
    int32_t k;       /* ASK: items; RESULT: which of the item's */
    uint64_t number; /* ASK: 1 when it waits for one; RESULT: the item */
    uint64_t n;      /* bytes */
};

/* From rank 0; n bytes of items follow, each a struct farm_head and its bytes.
 */
struct farm_answer {
    uint32_t k, over; /* items; none any more */
    uint64_t n;
};
struct farm_head {
    uint64_t number, n;
};

struct farm {
    struct comm *c;
    int rank, at_once;
    /* elsewhere than on rank 0: what was answered and not yet got */
    struct buf answer;
    size_t at;
    int over;
    int64_t none_ms;        /* when nothing was there last */
    struct farm_desk *desk; /* rank 0's */
};

/* ---- farm_desk.c: rank 0 ---- */

int farm_desk_open(struct farm *f, const struct farm_source *s, int ahead,
                   struct err *e) MUST_CHECK;
int farm_desk_get(struct farm *f, int wait, uint64_t *number, struct buf *item,
                  struct err *e) MUST_CHECK;
int farm_desk_give(struct farm *f, uint64_t number, int i, const void *p,
                   size_t n, struct err *e) MUST_CHECK;
int farm_desk_leave(struct farm *f, struct err *e) MUST_CHECK;
/* Its thread has ended. */
int farm_desk_is_done(struct farm *f);
void farm_desk_close(struct farm *f);

#endif
