/* scorer_batch - one pass over the responses that were gathered */
#include <stdlib.h>
#include <string.h>
#include "scorer_impl.h"

static void append(struct gathered *g, const int32_t *v, int n)
{
    if (n)
        memcpy(g->tokens + g->n_tokens, v, (size_t)n * sizeof *v);
    g->n_tokens += (size_t)n;
}

void scorer_gather(struct gathered *g, const int32_t *prompt,
                   const int32_t *response, int n_prompt, int n_response)
{
    int n = n_prompt + n_response;

    if (g->n_tokens + (size_t)n > g->cap) {
        g->cap = 2 * (g->n_tokens + (size_t)n);
        g->tokens = xrealloc(g->tokens, g->cap, sizeof *g->tokens);
        g->logp = xrealloc(g->logp, g->cap, sizeof *g->logp);
    }
    g->text[g->n] = (struct text){g, g->n_tokens, n, n_prompt, g->n};
    append(g, prompt, n_prompt);
    append(g, response, n_response);
    g->n++;
}

void scorer_clear(struct gathered *g)
{
    g->n = 0;
    g->n_tokens = 0;
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

static const float *values(const struct gathered *g, int i, size_t *n)
{
    const struct pack *p = &g->pack;
    int at = g->place[i];
    size_t first = p->start[at] + (size_t)p->first[at];

    *n = p->start[at + 1] - first;
    return g->logp + first;
}

int scorer_has(const struct scorer *s, enum score what)
{
    return what == SCORE_OWN       ? s->o->as || s->o->check_rollout
           : what == SCORE_AGAINST ? s->o->as_against != NULL
                                   : s->against != NULL;
}

static int score(struct scorer *s, enum score what, const struct seqs *q,
                 struct err *e)
{
    struct gathered *g = &s->g;
    struct engine *x = what == SCORE_AGAINST ? s->against : s->x;
    const struct scorer_opts *o = s->o;
    int r = what == SCORE_KL ? model_kl(x->m, s->against->m, q, o->temperature,
                                        o->micro, g->logp, e)
                             : model_logp(x->m, q, o->temperature, o->micro,
                                          g->logp, NULL, e);

    for (int i = 0; !r && i < g->n; i++) {
        size_t n;
        const float *v = values(g, i, &n);

        r = s->put(s, i, what, v, n, e);
    }
    return r;
}

int scorer_pass(struct scorer *s, struct err *e)
{
    struct seqs q = pack(&s->g);
    int r = 0;

    for (int what = SCORE_OWN; !r && what <= SCORE_KL; what++)
        if (scorer_has(s, (enum score)what))
            r = score(s, (enum score)what, &q, e);
    return r;
}
