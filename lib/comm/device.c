/* device - see device.h */
#include "device.h"
#include "comm_impl.h"
#include "nccl.h"
#include "staged.h"

int comm_device_open(struct comm **d, struct comm *c,
                     const struct comm_device *v, struct comm_device_why *why,
                     struct err *e)
{
    struct comm_engine x = {0};
    int r = nccl_open(&x, c, v, why, e);

    *d = NULL;
    if (r)
        return r;
    if (!x.exchange)
        staged_open(&x, c, v);
    *d = comm_beside(&x, c);
    return 0;
}
