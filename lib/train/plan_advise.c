/* plan_advise - what takes less memory, after an error; see plan.h */
#include "plan.h"

int plan_advise(struct err *e, int micro_batch, int recompute)
{
    return err_suffix(e,
                      "; a smaller --micro-batch (it is %d tokens) takes "
                      "less%s, with the same results",
                      micro_batch,
                      recompute ? "" : ", and so does --recompute");
}

int plan_advise_open(struct err *e, int offload)
{
    return err_suffix(e,
                      "; weights, gradients and moments alone do not "
                      "fit%s",
                      offload ? ""
                              : " (--offload keeps the moments "
                                "in the host's memory)");
}
