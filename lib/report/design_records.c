/* design_records - sampling of H1's difference, then a design a hypothesis */
#include "design_records.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "design.h"

/* "train=SECONDS eval=SECONDS rest=SECONDS", each once; "fresh" behind them. */
static int read_costs(struct costs *c, const struct setting *s, struct err *e)
{
    long at = names_find(&s->keys, "cost");
    const char *text = at < 0 ? "" : s->value[at];
    static const char *const name[] = {"train=", "eval=", "rest="};
    double *to[] = {&c->train, &c->eval, &c->rest};

    for (int i = 0; i < 3; i++) {
        const char *found = strstr(text, name[i]);
        char *end;

        if (found) {
            *to[i] = strtod(found + strlen(name[i]), &end);
            if ((*end && *end != ' ') || !(*to[i] >= 0) || !isfinite(*to[i]))
                found = NULL;
        }
        if (!found)
            return err_set(e, ERR_USAGE,
                           "--set cost: found '%.80s', expected "
                           "'train=SECONDS eval=SECONDS rest=SECONDS'",
                           text);
    }
    c->fresh = strstr(text, " fresh") != NULL;
    return 0;
}

static void begin(struct rec *rec, const char *quantity)
{
    rec_clear(rec);
    rec_set_str(rec, "quantity", quantity, strlen(quantity));
}

/* What sampling adds to a seed's paired difference, a record an arm and
 * on-task. */
static int write_sampling(struct filter *f, struct rec *rec,
                          const struct data *d, int arm, int k, struct err *e)
{
    struct paired p = paired_of(d, arm, d->task[k]);
    double r = (double)p.n_draws;

    if (!p.n_seeds)
        return 0;
    begin(rec, "paired");
    rec_set_str(rec, "arm", data_arm(d, arm), strlen(data_arm(d, arm)));
    rec_set_str(rec, "task", data_task(d, k), strlen(data_task(d, k)));
    rec_set_u64(rec, "seeds", p.n_seeds);
    rec_set_u64(rec, "draws", p.n_draws);
    rec_set_f64(rec, "sd", sqrt(paired_variance(&p, r, 1)));
    rec_set_f64(rec, "sd_sampling", sqrt(paired_sampling(&p, r, 1)));
    return filter_write(f, rec, e);
}

static int write_design(struct filter *f, struct rec *rec, const char *name,
                        const struct design *x, int tried, struct err *e)
{
    begin(rec, name);
    if (tried)
        rec_set_bool(rec, "tried", 1);
    if (x->seeds) {
        rec_set_u64(rec, "seeds", x->seeds);
        rec_set_u64(rec, "draws", x->draws);
        rec_set_f64(rec, "samples", x->samples);
        rec_set_f64(rec, "seconds", x->seconds);
    }
    return filter_write(f, rec, e);
}

/* Of a pilot: every draws and samples, by the seeds that they need. */
static int write_tried(struct filter *f, struct rec *rec, const char *name,
                       const struct designs *x, int h, struct err *e)
{
    int r = 0;

    for (size_t i = 0; i < x->n_draws; i++)
        for (int m = 0; !r && m < DESIGN_SAMPLES; m++)
            if (x->tried[h][i][m].seeds)
                r = write_design(f, rec, name, &x->tried[h][i][m], 1, e);
    return r;
}

static int write_all(struct filter *f, const struct data *d,
                     const struct setting *s, const struct costs *c,
                     struct err *e)
{
    struct designs x;
    struct rec *rec = rec_new();
    struct verdicts v;
    int r = 0;

    verdicts_make(&v, d, s);
    design_find(&v, d, s->margin, c, &x);
    for (int a = 0; a < d->n_arms; a++)
        for (int k = 0; !r && k < d->n_on && a != d->reference; k++)
            r = write_sampling(f, rec, d, a, k, e);
    for (int h = 0; !r && h <= N_HYPOTHESES; h++) {
        const char *name = h < N_HYPOTHESES ? verdict_name((enum hypothesis)h)
                                            : "all";

        r = write_design(f, rec, name, &x.best[h], 0, e);
        if (!r && c->fresh)
            r = write_tried(f, rec, name, &x, h, e);
    }
    verdicts_free(&v);
    rec_free(&rec);
    return r;
}

int stage_design(struct filter *f, const struct report_opts *o, char **inputs,
                 int n_inputs, struct err *e)
{
    struct setting s = {0};
    struct data d = {0};
    struct costs c = {0};
    struct rec *rec;
    int r = setting_read(&s, o, e);

    if (!r)
        r = read_costs(&c, &s, e);
    if (!r)
        r = filter_open(f, "stats", "designs", inputs, n_inputs, e);
    while (!r && (r = filter_read(f, &rec, e)) > 0)
        r = data_add(&d, rec, e);
    if (!r)
        r = data_sort(&d, &s, e);
    if (!r && d.n_arms < 2)
        r = err_set(e, ERR_DATA, "a design compares two arms, found %d",
                    d.n_arms);
    if (!r)
        r = write_all(f, &d, &s, &c, e);
    data_free(&d);
    setting_free(&s);
    return r ? r : filter_close(f, e);
}
