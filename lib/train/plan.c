/* plan - what a training run would take, from shapes alone; see loop.h */
#include "../model/model.h"
#include "loop.h"

static double mib(double bytes)
{
    return bytes / (1 << 20);
}

int loop_plan(const struct loop_opts *o, FILE *out, struct err *e)
{
    struct model_plan p;
    struct config c;
    struct arm a;
    char arm[256];
    double state, n;
    int r = config_read(&c, o->model, e);

    if (!r)
        r = arm_parse(&a, o->arm, e);
    if (r)
        return r;
    arm_format(&a, arm, sizeof arm);
    model_plan(&p, &c, &a, o->micro_batch, 0, 0);
    n = (double)p.n_params;
    state = n * (double)(dtype_size(a.master) + 2 * dtype_size(a.adam) +
                         (a.kahan ? 2 : 0));
    fprintf(out, "arm                 %s\n", arm);
    fprintf(out, "parameters          %zu\n", p.n_params);
    fprintf(out, "compute weights     %.1f MiB\n",
            mib((double)p.weight_bytes));
    fprintf(out, "master and moments  %.1f MiB\n", mib(state));
    fprintf(out, "gradients           %.1f MiB\n", mib((double)p.grad_bytes));
    fprintf(out, "activations         %.1f MiB (micro-batch %d tokens)\n",
            mib((double)p.act_bytes), o->micro_batch);
    fprintf(out, "total               %.1f MiB\n",
            mib((double)p.weight_bytes + (double)p.grad_bytes +
                (double)p.act_bytes + state));
    fprintf(out, "rollouts a round    %lld\n",
            (long long)o->prompts * o->samples);
    fprintf(out, "updates a step      %d\n",
            (o->prompts + o->mini_batch - 1) / o->mini_batch * o->epochs);
    return 0;
}
