/* gap - bounds of the gap, and the message beyond them; see gap.h */
#include "gap.h"
#include <math.h>

struct gap_bound gap_bound(const struct arm *a)
{
    struct arm sampler = arm_sampler(a);

    if (a->order.k.kind == ORDER_CANONICAL && arm_same_sampler(a))
        return (struct gap_bound){0, 0};
    if (a->compute == DT_F32 && sampler.compute == DT_F32)
        return (struct gap_bound){0.01, 1.0 / 1024};
    return (struct gap_bound){1, 1.0 / 16};
}

int gap_check(const struct gap_bound *b, const struct sample *s,
              const float *logp, struct err *e)
{
    for (int i = 0; b->nats >= 0 && i < s->n - s->n_prompt; i++) {
        double own = (double)logp[i], was = (double)s->logp[i];
        double most = b->nats + b->share * fabs(own);

        if (fabs(own - was) <= most)
            continue;
        if (!(own - own == 0))
            return err_set(e, ERR_DATA,
                           "%s: record %llu: response_logprobs: "
                           "value %d is %.9g, the weights here give no finite "
                           "number",
                           s->input, (unsigned long long)s->record, i, was);
        return err_set(e, ERR_DATA,
                       "%s: record %llu: response_logprobs: value "
                       "%d is %.9g, expected %.9g (+- %.3g) under the weights "
                       "here (--off-policy takes it)",
                       s->input, (unsigned long long)s->record, i, was, own,
                       most);
    }
    return 0;
}
