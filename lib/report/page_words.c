/* page_words - verdicts and changes in sentences with a direction */
#include <math.h>
#include <stdio.h>
#include "cells.h"
#include "estimate.h"
#include "page_impl.h"

static void item(struct buf *b, struct buf *text)
{
    buf_puts(b, "<li>");
    table_escape(text->p, text->n, b);
    buf_puts(b, "</li>\n");
    buf_free(text);
}

/* A direction is in the words where the interval shows one. */
static void change(const struct report *r, int arm, const char *where,
                   const long *t, int n, struct buf *b)
{
    struct ttest j = estimate_delta_j(r->d, r->d->arm[arm], t, n);
    struct buf s = {0};

    if (!n || !j.n1)
        return;
    buf_printf(&s, "%s: %s accuracy ", data_arm(r->d, arm), where);
    if (!j.why && (j.lo > 0 || j.hi < 0))
        buf_printf(&s, "%s by %s points from the base model",
                   j.lo > 0 ? "rose" : "fell", num("%.2f", 100 * fabs(j.est)));
    else if (fabs(j.est) < 5e-5)
        buf_puts(&s, "is that of the base model");
    else
        buf_printf(&s, "is %s points %s the base model's",
                   num("%.2f", 100 * fabs(j.est)),
                   j.est > 0 ? "above" : "below");
    if (j.why)
        buf_printf(&s, ", over %zu seed%s (no interval: %s).", j.n1,
                   j.n1 == 1 ? "" : "s", j.why);
    else
        buf_printf(&s, ", over %zu seeds (95%% interval %s to %s points)%s.",
                   j.n1, num("%+.2f", 100 * j.lo), num("%+.2f", 100 * j.hi),
                   j.lo > 0 || j.hi < 0 ? "" : "; no change is shown");
    item(b, &s);
}

/* What was seen, before the verdict on it. */
static void seen(const struct report *r, enum hypothesis h,
                 const struct finding *f, struct buf *s)
{
    const char *ref = data_arm(r->d, r->d->reference);

    if (h == H1)
        buf_printf(s, "on-task accuracy is %s points %s %s's",
                   num("%.2f", 100 * fabs(f->est)),
                   f->est < 0 ? "below" : "above", ref);
    else if (h == H2_NOISE)
        buf_printf(s,
                   "floating-point noise makes %s squared points %s of the "
                   "variance off-task than in %s",
                   num("%.3f", 1e4 * fabs(f->est)),
                   f->est < 0 ? "less" : "more", ref);
    else if (h == H2)
        buf_printf(s,
                   "off-task accuracy varies %s times as much over seeds "
                   "as %s's (%s)",
                   num("%.3g", f->est), ref, f->est < 1 ? "less" : "more");
    else
        buf_printf(s, "KL off-task by KL on-task is %s times %s's (%s)",
                   num("%.3g", f->est), ref, f->est < 1 ? "less" : "more");
}

static const char *claim(enum hypothesis h)
{
    static const char *const s[N_HYPOTHESES] = {
        "that the two are equivalent within the margin",
        "that it varies more over seeds",
        "that noise makes more of the variance",
        "that KL grows off-task relative to on-task",
    };

    return s[h];
}

static void verdict(const struct report *r, int arm, enum hypothesis h,
                    struct buf *b)
{
    const struct finding *f = verdicts_get(r->v, arm, h);
    struct buf s = {0};

    buf_printf(&s, "%s, %s: ", verdict_name(h), data_arm(r->d, arm));
    if (f->why || !f->has_est) {
        buf_printf(&s, "%s%s%s.", verdict_word(f->word), f->why ? ", " : "",
                   f->why ? f->why : "");
        item(b, &s);
        return;
    }
    seen(r, h, f, &s);
    if (f->has_lo && f->has_hi)
        buf_printf(
            &s, ", interval %s to %s",
            num(h == H1 ? "%+.2f" : "%.3g", f->lo * (h == H1         ? 100
                                                     : h == H2_NOISE ? 1e4
                                                                     : 1)),
            num(h == H1 ? "%+.2f" : "%.3g", f->hi * (h == H1         ? 100
                                                     : h == H2_NOISE ? 1e4
                                                                     : 1)));
    buf_printf(&s, ". Hypothesis %s: %s.", claim(h), verdict_word(f->word));
    item(b, &s);
}

void page_words(const struct report *r, struct buf *b)
{
    const struct data *d = r->d;

    if (!data_count(d, SCORES))
        return;
    buf_puts(b, "<ul class=\"words\">\n");
    for (int a = 0; a < d->n_arms; a++) {
        change(r, a, "on-task", d->task, d->n_on, b);
        change(r, a, "off-task", d->task + d->n_on, d->n_tasks - d->n_on, b);
    }
    for (int a = 0; a < d->n_arms; a++)
        for (int h = 0; h < N_HYPOTHESES && a != d->reference; h++)
            verdict(r, a, (enum hypothesis)h, b);
    buf_puts(b, "</ul>\n");
}
