/* runs - one pass over the metrics of each run; see runs.h */
#include "runs.h"
#include "../stat/collapse.h"

static int has(const struct obs *o, int field)
{
    return o->has >> field & 1;
}

static int same_run(const struct obs *a, const struct obs *b)
{
    return a->stream == b->stream && a->arm == b->arm && a->seed == b->seed &&
           a->draw == b->draw && a->replicate == b->replicate;
}

static struct answers sum(const struct obs *o, size_t n)
{
    struct answers s = {0, 0, 0};

    for (size_t i = 0; i < n; i++) {
        double mixed = o[i].v[M_KEPT] + o[i].v[M_SURPLUS];

        s.groups += mixed + o[i].v[M_DROPPED];
        s.right += o[i].v[M_ACCURACY] * (mixed + o[i].v[M_DROPPED]);
        s.mixed += mixed;
    }
    return s;
}

/* All groups read had one response each, and not all responses were right. */
static int one_response(const struct obs *o)
{
    double read = sum(o, 1).groups;

    return has(o, M_ONE_RESPONSE) && read > 0 && o->v[M_ONE_RESPONSE] == read &&
           o->v[M_ACCURACY] < 1;
}

/* o: the n steps of a run, in their order. */
static void add(struct runs *r, const struct obs *o, size_t n)
{
    size_t tenth = (n + 9) / 10, alike = 0;
    double updates = 0, kept = 0, no_advantage = 0, changed = 0;
    int told = 0; /* changed is */

    for (size_t i = 0; i < n; i++) {
        updates += o[i].v[M_UPDATES];
        changed += o[i].v[M_CHANGED];
        told |= has(&o[i], M_CHANGED);
        kept += o[i].v[M_KEPT];
        no_advantage += o[i].v[M_NO_ADVANTAGE];
        alike += (size_t)one_response(&o[i]);
        r->missing += o[i].v[M_MISSING];
        r->groups += o[i].v[M_MISSING] + o[i].v[M_KEPT];
        r->short_steps += o[i].v[M_MISSING] > 0;
        r->scaling |= has(&o[i], M_LOSS_SCALE);
    }
    r->n++;
    r->steps += n;
    r->idle += updates == 0 || (kept > 0 && no_advantage == kept) ||
               (told && changed == 0);
    r->judged += sum(o, n).groups > 0;
    r->collapsed += alike ||
                    (n > 1 &&
                     stat_collapsed(sum(o, tenth), sum(o + n - tenth, tenth)));
}

struct runs runs_of(const struct data *d, long arm)
{
    struct runs r = {0};

    for (size_t i = 0, n; i < d->n; i += n) {
        n = 1;
        if (d->o[i].stream != METRICS || d->o[i].arm != arm)
            continue;
        while (i + n < d->n && same_run(&d->o[i], &d->o[i + n]))
            n++;
        add(&r, d->o + i, n);
    }
    return r;
}
