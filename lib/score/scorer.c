/* scorer - responses in, their log-probabilities out */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../model/micro.h"
#include "scorer_impl.h"

static int gather(struct scorer *s, struct rec *rec, struct err *e)
{
    struct gathered *g = &s->g;
    struct rec_i32s p, q;
    int r = scorer_tokens(s, rec, &p, &q, e);

    if (r)
        return r;
    s->rec[g->n] = rec_copy(rec);
    scorer_gather(g, p.v, q.v, (int)p.n, (int)q.n);
    return 0;
}

static int put(struct scorer *s, int i, enum score what, const float *v,
               size_t n, struct err *e)
{
    return scorer_set(s, s->rec[i], what, v, n, e);
}

static int flush(struct scorer *s, struct err *e)
{
    struct gathered *g = &s->g;
    int r = g->n ? scorer_pass(s, e) : 0;

    if (r)
        return r;
    for (int i = 0; i < g->n; i++) {
        if (!r)
            r = filter_write(s->f, s->rec[i], e);
        rec_free(&s->rec[i]);
    }
    progress_add(s->progress, g->n_tokens);
    scorer_clear(g);
    return r;
}

/* A batch ends when it is full, or when the input has nothing more to say
 * for now. */
static int score_all(struct scorer *s, struct err *e)
{
    struct rec *rec;
    int r = 0;

    for (;;) {
        if (s->g.n && (s->g.n == s->o->batch || !filter_ready(s->f)))
            r = flush(s, e);
        if (!r)
            r = filter_read(s->f, &rec, e);
        if (r <= 0)
            break;
        r = gather(s, rec, e);
        if (r)
            r = filter_skip(s->f, e);
        if (r)
            break;
    }
    return r ? r : flush(s, e);
}

/* ---- the run ---- */

static void made_by_engine(struct filter *f, const struct engine *x,
                           const char *model_key, const char *arm_key)
{
    char arm[ARM_TEXT];

    arm_format(&x->arm, arm, sizeof arm);
    filter_made_by(f, model_key, x->digest);
    filter_made_by(f, arm_key, arm);
}

static void made_by(const struct scorer *s)
{
    const struct scorer_opts *o = s->o;
    char v[32];

    made_by_engine(s->f, s->x, "model", "arm");
    if (o->as)
        filter_made_by(s->f, "as", o->as);
    if (s->against)
        made_by_engine(s->f, s->against, "against", "against_arm");
    if (o->as_against)
        filter_made_by(s->f, "as_against", o->as_against);
    snprintf(v, sizeof v, "%.9g", o->temperature);
    filter_made_by(s->f, "temperature", v);
    snprintf(v, sizeof v, "%llu", (unsigned long long)o->seed);
    filter_made_by(s->f, "seed", v);
}

static void drop(struct scorer *s)
{
    struct gathered *g = &s->g;

    for (int i = 0; i < g->n; i++)
        rec_free(&s->rec[i]);
    free(s->rec);
    free(g->text);
    free(g->place);
    free(g->tokens);
    pack_free(&g->pack);
    free(g->logp);
}

int scorer_run(struct engine *x, struct engine *against,
               const struct scorer_opts *o, struct filter *f,
               struct scorer_check *check, struct err *e)
{
    struct scorer s = {
        .o = o,
        .x = x,
        .against = against,
        .f = f,
        .check = check,
    };
    struct gathered *g = &s.g;
    int r;

    memset(check, 0, sizeof *check);
    if (!comm_rank(o->comm))
        made_by(&s);
    s.put = put;
    s.rec = xcalloc((size_t)o->batch, sizeof *s.rec);
    g->text = xcalloc((size_t)o->batch, sizeof *g->text);
    g->place = xcalloc((size_t)o->batch, sizeof *g->place);
    s.progress = progress_open(f->tool, "tokens", 0, f->quiet);
    engine_say_device(x->k, s.progress);
    r = comm_size(o->comm) > 1 ? scorer_on_ranks(&s, e) : score_all(&s, e);
    engine_note(x->k, s.progress, "");
    if (r && e->no_memory)
        r = err_suffix(e,
                       "; a smaller --micro-batch (it is %d tokens) takes "
                       "less, with the same results",
                       o->micro ? o->micro : MICRO_TOKENS);
    if (r)
        progress_fail(&s.progress, e);
    progress_close(&s.progress);
    if (!r || comm_size(o->comm) == 1)
        drop(&s);
    return r;
}
