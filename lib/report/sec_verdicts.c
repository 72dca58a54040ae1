/* sec_verdicts - a verdict as a sentence */
#include <math.h>
#include <stdio.h>
#include "cells.h"
#include "sections.h"

/* What was estimated, in the hypothesis' own unit. */
static void effect(struct buf *b, enum hypothesis h, const struct finding *f,
                   double margin)
{
    if (!f->has_est)
        buf_puts(b, "no estimate, the reference's variance is not above 0");
    else if (h == H1)
        buf_printf(b, "difference %s, margin %g", num("%+.4f", f->est), margin);
    else if (h == H2)
        buf_printf(b, "variance between seeds %s times the reference's",
                   num("%.3g", f->est));
    else if (h == H2_NOISE)
        buf_printf(b,
                   "noise variance %s squared points above the "
                   "reference's",
                   num("%+.3f", 1e4 * f->est));
    else
        buf_printf(b,
                   "off-task KL relative to on-task %s times the "
                   "reference's",
                   num("%.3f", f->est));
}

/* The largest effect in the hypothesis' direction that the data allow. */
static void limit(struct buf *b, enum hypothesis h, const struct finding *f)
{
    if (h == H1)
        buf_printf(b, "; the data allow a difference of up to %s",
                   num("%.4f", fmax(fabs(f->lo), fabs(f->hi))));
    else if (!f->has_hi)
        buf_puts(b, "; the data set no upper limit");
    else if (h == H2_NOISE)
        buf_printf(b, "; the data allow up to %s", num("%+.3f", 1e4 * f->hi));
    else
        buf_printf(b, "; the data allow up to %s", num("%.3g", f->hi));
}

/* What a decided hypothesis says of an arm, in words with a direction. */
static const char *direction(enum hypothesis h, enum word w)
{
    static const char *const said[N_HYPOTHESES][2] = {
        {"on-task accuracy equals the reference's within the margin",
         "on-task accuracy differs from the reference's by more than the "
         "margin"},
        {"off-task accuracy varies more over seeds",
         "off-task accuracy varies less over seeds"},
        {"floating-point noise makes more variance off-task",
         "floating-point noise makes less variance off-task"},
        {"KL grows more off-task, relative to on-task",
         "KL grows less off-task, relative to on-task"},
    };

    return said[h][w == CONTRADICTED];
}

void note_directions(const struct report *r)
{
    for (int a = 0; a < r->d->n_arms; a++)
        for (int h = 0; h < N_HYPOTHESES; h++) {
            const struct finding *f = verdicts_get(r->v, a, (enum hypothesis)h);

            if (f->word == SUPPORTED || f->word == CONTRADICTED)
                doc_note(r->doc, "%s: %s (%s, %s).", data_arm(r->d, a),
                         direction((enum hypothesis)h, f->word),
                         verdict_name((enum hypothesis)h), p_is(f->holm));
        }
}

void note_finding(const struct report *r, int arm, enum hypothesis h)
{
    const struct finding *f = verdicts_get(r->v, arm, h);
    struct buf b = {0};

    if (f->why) {
        buf_puts(&b, f->why);
    } else if (f->word != BETWEEN_LOOKS) {
        effect(&b, h, f, r->s->margin);
        if (f->word != SUPPORTED && f->word != CONTRADICTED)
            limit(&b, h, f);
        buf_printf(&b,
                   "; %s for it and %s for the opposite; %s after Holm "
                   "over %d tests",
                   p_is(f->p_for), p_is(f->p_against), p_is(f->holm),
                   r->v->n_tests);
    }
    doc_note(r->doc, "%s, %s against %s: %s%s%s%s.", verdict_name(h),
             data_arm(r->d, arm), data_arm(r->d, r->d->reference),
             verdict_word(f->word), b.n ? " (" : "", buf_str(&b),
             b.n ? ")" : "");
    buf_free(&b);
}
