/* stages - records in, records out */
#include <stdio.h>
#include "../base/buf.h"
#include "klscore.h"
#include "score.h"
#include "set.h"
#include "stages.h"

/* Where a stage writes. */
struct out {
    struct filter *f;
    const struct cli_list *sets;
};

/* A bad record is left out if --skip-bad still covers it. */
static int checked(struct filter *f, int r, struct err *e)
{
    return r < 0 ? filter_skip(f, e) : r;
}

/* The output's header says what its bytes depend on. */
static void made_by(const struct out *to, const char *mode)
{
    const struct cli_list *sets = to->sets;
    struct buf all = {0};

    filter_made_by(to->f, "mode", mode);
    for (int i = 0; i < sets->n; i++)
        buf_printf(&all, "%s%s", i ? "," : "", sets->v[i]);
    if (sets->n)
        filter_made_by(to->f, "set", buf_str(&all));
    buf_free(&all);
}

static int write_one(void *ctx, struct rec *rec, struct err *e)
{
    const struct out *to = ctx;

    set_apply(to->sets, rec);
    return filter_write(to->f, rec, e);
}

int stage_tag(struct filter *f, const struct cli_list *sets, char **inputs,
              int n_inputs, struct err *e)
{
    struct out to = {f, sets};
    struct rec *rec;
    int r = filter_open(f, "stats", "records", inputs, n_inputs, e);

    if (r)
        return r;
    if (*rec_kind(f->in))
        snprintf(f->kind, sizeof f->kind, "%s", rec_kind(f->in));
    made_by(&to, "tag");
    while ((r = filter_read(f, &rec, e)) > 0)
        if ((r = write_one(&to, rec, e)) < 0)
            return r;
    return r ? r : filter_close(f, e);
}

int stage_score(struct filter *f, const struct cli_list *sets, char **inputs,
                int n_inputs, struct err *e)
{
    struct out to = {f, sets};
    struct score *s = score_open();
    struct rec *rec, *out = rec_new();
    int r = filter_open(f, "stats", "scores", inputs, n_inputs, e);

    if (!r)
        made_by(&to, "score");
    while (!r && (r = filter_read(f, &rec, e)) > 0)
        r = checked(f, score_add(s, rec, e), e);
    for (size_t i = 0; !r && i < score_tasks(s); i++) {
        rec_clear(out);
        score_get(s, i, out);
        r = write_one(&to, out, e);
    }
    score_close(&s);
    rec_free(&out);
    return r ? r : filter_close(f, e);
}

int stage_kl_score(struct filter *f, const struct cli_list *sets, char **inputs,
                   int n_inputs, struct err *e)
{
    struct out to = {f, sets};
    struct klscore *k = klscore_open();
    struct rec *rec, *out = rec_new();
    int r = filter_open(f, "stats", "kl_scores", inputs, n_inputs, e);

    if (!r)
        made_by(&to, "kl-score");
    while (!r && (r = filter_read(f, &rec, e)) > 0)
        r = checked(f, klscore_add(k, rec, e), e);
    for (size_t i = 0; !r && i < klscore_tasks(k); i++) {
        rec_clear(out);
        klscore_get(k, i, out);
        r = write_one(&to, out, e);
    }
    klscore_close(&k);
    rec_free(&out);
    return r ? r : filter_close(f, e);
}

int stage_read_groups(struct filter *f, struct groupby *g, struct err *e)
{
    struct rec *rec;
    int r = 0;

    while (!r && (r = filter_read(f, &rec, e)) > 0)
        r = checked(f, groupby_add(g, rec, e), e);
    return r ? r : groupby_finish(g, e);
}

int stage_groups(struct filter *f, const struct cli_list *sets,
                 const struct stage_by *o, struct groupby *g, char **inputs,
                 int n_inputs, struct err *e)
{
    struct out to = {f, sets};
    int r = filter_open(f, "stats", "groups", inputs, n_inputs, e);

    if (!r && o->by)
        filter_made_by(f, "by", o->by);
    if (!r && o->stat)
        filter_made_by(f, "stat", o->stat);
    if (!r)
        r = stage_read_groups(f, g, e);
    if (!r)
        r = groupby_each(g, write_one, &to, e);
    return r ? r : filter_close(f, e);
}
