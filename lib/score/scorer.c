/* scorer - responses in, their log-probabilities out */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/progress.h"
#include "../model/finite.h"
#include "../model/micro.h"
#include "../model/pack.h"
#include "scorer.h"

/* Records gathered for one pass, with their tokens end to end; and what is
 * scored: the same in ascending order of tokens, so that responses which begin
 * alike follow each other. */
struct gathered {
    struct rec **rec; /* [batch] our copies */
    struct text {
        const struct gathered *g;
        size_t at; /* in tokens */
        int n, n_prompt, i;
    } * text;   /* [batch], in that order once they are packed */
    int *place; /* [batch] where record i is in the pack */
    int n;
    int32_t *tokens;
    size_t n_tokens, cap;
    struct pack pack;
    float *logp; /* [cap], of the pack's tokens */
};

struct scorer {
    const struct scorer_opts *o;
    struct engine *x, *against;
    struct filter *f;
    struct scorer_check *check;
    struct gathered g;
    struct progress *progress;
};

/* ---- records in ---- */

static int check_tokens(const struct scorer *s, struct rec *rec,
                        const char *field, struct rec_i32s v, struct err *e)
{
    int vocab = model_config(s->x->m)->vocab;

    for (size_t i = 0; i < v.n; i++)
        if (v.v[i] < 0 || v.v[i] >= vocab)
            return rec_bad(rec, e,
                           "%s: %d at position %zu is outside the "
                           "model's vocabulary of %d",
                           field, (int)v.v[i], i, vocab);
    return 0;
}

static int context(const struct scorer *s)
{
    int a = model_config(s->x->m)->max_pos;
    int b = s->against ? model_config(s->against->m)->max_pos : a;

    return a < b ? a : b;
}

static void append(struct gathered *g, struct rec_i32s v)
{
    if (v.n)
        memcpy(g->tokens + g->n_tokens, v.v, v.n * sizeof *v.v);
    g->n_tokens += v.n;
}

static int by_tokens(const void *x, const void *y)
{
    const struct text *a = x, *b = y;
    int r = pack_order(a->g->tokens + a->at, a->n, b->g->tokens + b->at, b->n);

    return r ? r : a->i - b->i;
}

static struct seqs pack(struct gathered *g)
{
    qsort(g->text, (size_t)g->n, sizeof *g->text, by_tokens);
    pack_clear(&g->pack);
    for (int i = 0; i < g->n; i++) {
        const struct text *t = &g->text[i];

        g->place[t->i] = i;
        pack_add(&g->pack, g->tokens + t->at, t->n, t->n_prompt, 0);
        pack_share(&g->pack);
    }
    return pack_view(&g->pack, 0, g->n);
}

static int gather(struct scorer *s, struct rec *rec, struct err *e)
{
    struct gathered *g = &s->g;
    struct rec_i32s p, q;
    size_t n;
    int r = rec_need_i32s(rec, "prompt_tokens", &p, e);

    if (!r)
        r = rec_need_i32s(rec, "response_tokens", &q, e);
    if (!r)
        r = check_tokens(s, rec, "prompt_tokens", p, e);
    if (!r)
        r = check_tokens(s, rec, "response_tokens", q, e);
    if (r)
        return r;
    if (!p.n)
        return rec_bad(rec, e, "prompt_tokens is empty");
    n = p.n + q.n;
    if (n > (size_t)context(s))
        return rec_bad(rec, e,
                       "%zu tokens of prompt and response, the "
                       "model's context is %d",
                       n, context(s));
    if (g->n_tokens + n > g->cap) {
        g->cap = 2 * (g->n_tokens + n);
        g->tokens = xrealloc(g->tokens, g->cap, sizeof *g->tokens);
        g->logp = xrealloc(g->logp, g->cap, sizeof *g->logp);
    }
    g->text[g->n] = (struct text){g, g->n_tokens, (int)n, (int)p.n, g->n};
    append(g, p);
    append(g, q);
    g->rec[g->n++] = rec_copy(rec);
    return 0;
}

/* ---- scores out ---- */

static float *response(const struct gathered *g, int i, size_t *n)
{
    const struct pack *p = &g->pack;
    int at = g->place[i];
    size_t first = p->start[at] + (size_t)p->first[at];

    *n = p->start[at + 1] - first;
    return g->logp + first;
}

static int set_column(struct gathered *g, const char *path, struct err *e)
{
    for (int i = 0; i < g->n; i++) {
        size_t n, good;
        float *v = response(g, i, &n);

        good = finite_until(v, DT_F32, n);
        if (good < n)
            return rec_bad(g->rec[i], e,
                           "%s: value %zu is %g, expected a "
                           "finite number (weights whose logits overflow?)",
                           path, good, (double)v[good]);
        rec_set_f32s(g->rec[i], path, v, n);
    }
    return 0;
}

static int check_column(struct scorer *s, struct err *e)
{
    struct gathered *g = &s->g;
    struct scorer_check *c = s->check;

    for (int i = 0; i < g->n; i++) {
        struct rec_f32s was;
        size_t n;
        float *v = response(g, i, &n);
        int r = rec_need_f32s(g->rec[i], "response_logprobs", &was, e);

        if (r)
            return r;
        if (was.n != n)
            return rec_bad(g->rec[i], e,
                           "response_logprobs has %zu values, "
                           "response_tokens %zu",
                           was.n, n);
        for (size_t t = 0; t < n; t++) {
            double gap = (double)v[t] - (double)was.v[t];

            gap = gap < 0 ? -gap : gap;
            c->gap = gap > c->gap ? gap : c->gap;
            c->n_differ += memcmp(&v[t], &was.v[t], sizeof *v) != 0;
        }
        c->n += n;
    }
    return 0;
}

static int score(struct scorer *s, struct engine *x, const struct seqs *q,
                 const char *name, struct err *e)
{
    const struct scorer_opts *o = s->o;
    char path[300];
    int r = model_logp(x->m, q, o->temperature, o->micro, s->g.logp, NULL, e);

    if (r)
        return r;
    if (x == s->x && o->check_rollout)
        r = check_column(s, e);
    if (!r && name) {
        snprintf(path, sizeof path, "logprobs.%s", name);
        r = set_column(&s->g, path, e);
    }
    return r;
}

static int write_all(struct scorer *s, struct err *e)
{
    struct gathered *g = &s->g;
    int r = 0;

    for (int i = 0; i < g->n; i++) {
        if (!r)
            r = filter_write(s->f, g->rec[i], e);
        rec_free(&g->rec[i]);
    }
    progress_add(s->progress, g->n_tokens);
    g->n = 0;
    g->n_tokens = 0;
    return r;
}

static int flush(struct scorer *s, struct err *e)
{
    const struct scorer_opts *o = s->o;
    struct gathered *g = &s->g;
    struct seqs q;
    int r = 0;

    if (!g->n)
        return 0;
    q = pack(g);
    if (o->as || o->check_rollout)
        r = score(s, s->x, &q, o->as, e);
    if (!r && o->as_against)
        r = score(s, s->against, &q, o->as_against, e);
    if (!r && s->against) {
        r = model_kl(s->x->m, s->against->m, &q, o->temperature, o->micro,
                     g->logp, e);
        if (!r)
            r = set_column(g, "kl_exact", e);
    }
    return r ? r : write_all(s, e);
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

static void drop(struct gathered *g)
{
    for (int i = 0; i < g->n; i++)
        rec_free(&g->rec[i]);
    free(g->rec);
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
    made_by(&s);
    g->rec = xcalloc((size_t)o->batch, sizeof *g->rec);
    g->text = xcalloc((size_t)o->batch, sizeof *g->text);
    g->place = xcalloc((size_t)o->batch, sizeof *g->place);
    s.progress = progress_open(f->tool, "tokens", 0, f->quiet);
    engine_say_device(x->k, s.progress);
    r = score_all(&s, e);
    engine_note(x->k, s.progress, "");
    if (r && e->no_memory)
        r = err_suffix(e,
                       "; a smaller --micro-batch (it is %d tokens) takes "
                       "less, with the same results",
                       o->micro ? o->micro : MICRO_TOKENS);
    if (r && e->reader_left)
        progress_drop(&s.progress);
    progress_close(&s.progress);
    drop(g);
    return r;
}
