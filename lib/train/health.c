/* health - counts over steps, and the sentences; see health.h */
#include "health.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"

void health_open(struct health *h, int prompts, int scaling)
{
    memset(h, 0, sizeof *h);
    h->prompts = prompts;
    h->scaling = scaling;
}

void health_close(struct health *h)
{
    free(h->of);
    h->of = NULL;
}

static void say_it(const struct health_say *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void say_it(const struct health_say *s, const char *fmt, ...)
{
    char text[400];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    s->fn(s->ctx, text);
}

static void add(struct health *h, const struct batch *b,
                const struct step_stats *st)
{
    if ((size_t)h->steps == h->cap) {
        h->cap = h->cap ? 2 * h->cap : 64;
        h->of = xrealloc(h->of, h->cap, sizeof *h->of);
    }
    h->of[h->steps++] = (struct answers){
        .groups = b->asked,
        .mixed = b->n + b->surplus,
        .right = b->n_samples
                     ? (double)b->n_correct / (double)b->n_samples * b->asked
                     : 0,
    };
    h->updates += st->updates;
    h->skipped += st->skipped;
    h->changed_weights += st->changed;
    h->kept += b->n;
    h->no_advantage += b->no_advantage;
}

void health_step(struct health *h, int64_t step, const struct batch *b,
                 const struct step_stats *st, const struct health_say *say)
{
    int missing = h->prompts - b->n;

    add(h, b, st);
    if (missing > 0) {
        h->missing += missing;
        if (!h->short_steps++)
            say_it(say,
                   "step %lld: the batch lacks %d of %d groups: of %d "
                   "generated in %d round%s, %d were all right or all wrong",
                   (long long)step, missing, h->prompts, b->asked, b->rounds,
                   b->rounds == 1 ? "" : "s", b->dropped);
    }
    if (b->skipped)
        say_it(say,
               "step %lld: %lld prompt%s never came: left out by a filter "
               "(--skip-bad)",
               (long long)step, (long long)b->skipped,
               b->skipped == 1 ? "" : "s");
    h->changed += b->changed;
    if (b->changed && !h->changed_steps++)
        say_it(say,
               "step %lld: %d group%s had other advantages when the "
               "rollouts were kept: other rewards, or other settings",
               (long long)step, b->changed, b->changed == 1 ? "" : "s");
    if (st->skipped && !h->scaling && h->skipped == st->skipped)
        say_it(say,
               "step %lld: an update was skipped: the norm of the "
               "gradient is not finite",
               (long long)step);
    if (b->asked && b->one_response == b->asked &&
        b->n_correct < b->n_samples && !h->one_response++)
        say_it(say,
               "step %lld: the policy has collapsed: all samples of each "
               "prompt are the same, and %llu of %llu are right (is --lr too "
               "large?)",
               (long long)step, (unsigned long long)b->n_correct,
               (unsigned long long)b->n_samples);
}

static struct answers sum(const struct answers *v, int64_t n)
{
    struct answers s = {0, 0, 0};

    for (int64_t i = 0; i < n; i++) {
        s.groups += v[i].groups;
        s.right += v[i].right;
        s.mixed += v[i].mixed;
    }
    return s;
}

static void say_of_collapse(const struct health *h,
                            const struct health_say *say)
{
    int64_t k = (h->steps + 9) / 10;
    struct answers a, z;

    if (h->steps < 2)
        return;
    a = sum(h->of, k);
    z = sum(h->of + h->steps - k, k);
    if (stat_collapsed(a, z))
        say_it(say,
               "the policy has collapsed: in %lld steps accuracy went "
               "from %.3f to %.3f, the share of mixed groups from %.3f to "
               "%.3f (is --lr too large?)",
               (long long)h->steps, a.right / a.groups, z.right / z.groups,
               a.mixed / a.groups, z.mixed / z.groups);
}

void health_end(const struct health *h, const struct health_say *say)
{
    const char *s = h->steps == 1 ? "" : "s";

    if (h->steps && !h->updates && h->skipped)
        say_it(say,
               "no update was made in %lld step%s: all %lld were skipped, "
               "the norm of the gradient was not finite",
               (long long)h->steps, s, (long long)h->skipped);
    else if (h->steps && !h->updates)
        say_it(say,
               "no update was made in %lld step%s: every group was "
               "dropped, its samples all right or all wrong",
               (long long)h->steps, s);
    else if (h->kept && h->no_advantage == h->kept)
        say_it(say,
               "nothing was learnt in %lld step%s: in every group all "
               "rewards are equal, every advantage is 0",
               (long long)h->steps, s);
    else if (h->updates && !h->changed_weights)
        say_it(say,
               "no weight changed in %lld step%s: every update was less "
               "than a rounding of the master weights, or --lr is 0",
               (long long)h->steps, s);
    if (h->short_steps > 1)
        say_it(say, "%lld of %lld batches lacked groups, %lld of %lld in all",
               (long long)h->short_steps, (long long)h->steps,
               (long long)h->missing, (long long)h->steps * h->prompts);
    if (h->changed_steps > 1)
        say_it(say,
               "in %lld steps %lld groups had other advantages when the "
               "rollouts were kept",
               (long long)h->changed_steps, (long long)h->changed);
    if (h->skipped && h->updates && !h->scaling)
        say_it(say, "%lld of %lld updates were skipped", (long long)h->skipped,
               (long long)(h->skipped + h->updates));
    if (h->one_response > 1)
        say_it(say,
               "in %lld of %lld steps all samples of each prompt were "
               "the same",
               (long long)h->one_response, (long long)h->steps);
    say_of_collapse(h, say);
}
