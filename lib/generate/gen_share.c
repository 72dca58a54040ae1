/* gen_share - samples that begin alike share rows and pages until they part
 *
 * A row of the pass depends on the tokens before it alone, whatever the batch:
 * so what one sample computes is what each of its node would. Not so under
 * order=hardware, where nothing is shared but the prompt. Every sample
 * draws with its own uniform. The next step has one row for all that drew the
 * same token.
 */
#include "gen_impl.h"

void gen_follow(struct gen *g)
{
    for (int i = 0; i < g->n_run; i++) {
        struct seq *s = g->run[i];

        if (!s->lead)
            continue;
        s->rows = 0;
        s->head_row = s->lead->head_row;
        s->prompt_row = s->lead->prompt_row;
    }
}

/* ---- split ---- */

static int32_t last_token(const struct seq *s)
{
    return s->tokens[s->n - 1];
}

/* The part of s's node that goes on with the token that s drew; s itself where
 * no other has. */
static void find_part(struct seq *s)
{
    struct seq **at = &s->lead->parts;

    while (*at && last_token(*at) != last_token(s))
        at = &(*at)->part;
    if (!*at) {
        *at = s;
        s->part = NULL;
    }
    s->heir = *at;
}

/* The pages of a node that is split: from who led it to who goes on. */
static void divide_pages(struct gen *g, struct seq *lead)
{
    int pos = lead->pos, slot = lead->slot;

    for (struct seq *s = lead->parts; s; s = s->part) {
        if (s == lead)
            continue;
        if (lead->finished && lead->pos) {
            lead->slot = s->slot;
            lead->pos = 0;
            s->slot = slot;
            s->pos = pos;
        } else {
            s->pos = kv_fork(g->m->kv, slot, s->slot, pos) ? 0 : pos;
        }
    }
}

void gen_split(struct gen *g)
{
    for (int i = 0; i < g->n_run; i++) {
        struct seq *s = g->run[i];

        s->parts = s->lead || s->finished ? NULL : s;
        s->part = NULL;
    }
    for (int i = 0; i < g->n_run; i++)
        if (g->run[i]->lead && !g->run[i]->finished)
            find_part(g->run[i]);
    for (int i = 0; i < g->n_run; i++)
        if (!g->run[i]->lead)
            divide_pages(g, g->run[i]);
    for (int i = 0; i < g->n_run; i++) {
        struct seq *s = g->run[i];

        if (s->lead && !s->finished)
            s->lead = s->heir == s ? NULL : s->heir;
    }
}

/* ---- who enters ---- */

/* A sample that enters later than the others has rows of its own. Where rows
 * were shared so far, it is worth to wait for slots, if they are at most half of
 * all. */
int gen_awaits_group(const struct gen *g, const struct seq *s)
{
    int slots = g->o->batch - g->n_run;

    return g->n_run && s->prompt == g->n_prompts && g->in_group == 1 &&
           slots < g->group && g->group <= g->o->batch / 2 &&
           4 * g->drawn > 5 * g->led;
}
