/* ablation_text - the page of make ablation */
#include <stdio.h>
#include <string.h>
#include "ablation.h"

struct page {
    const struct ablation *a;
    struct buf *out;
    int width; /* of the column of arms */
};

static const char *const singles = "sum of single factors";

static void tasks(const struct page *p, const char *role, int from, int to)
{
    buf_printf(p->out, "%s =", role);
    for (int i = from; i < to; i++)
        buf_printf(p->out, " %s", data_task(p->a->d, i));
}

static void introduction(const struct page *p)
{
    const struct data *d = p->a->d;
    const char *first = data_arm(d, 0), *last = data_arm(d, d->n_arms - 1);

    buf_printf(p->out,
               "Which factor carries which part\n"
               "===============================\n\n"
               "Each factor in which %s differs from %s, alone on top of %s, "
               "and all of them\n"
               "(%s). dJ = accuracy after training minus that of the base "
               "model; var J = its variance\n"
               "over seeds, mean over tasks; KL to the base in nats a token; "
               "same = fraction of weights\n"
               "unchanged (bf16-aware). ",
               last, first, first, last);
    tasks(p, "on", 0, d->n_on);
    buf_puts(p->out, "; ");
    tasks(p, "off", d->n_on, d->n_tasks);
    buf_puts(p->out, ".\n\n");
}

static void means(const struct page *p)
{
    const struct data *d = p->a->d;

    buf_printf(p->out, "  %-*s  %2s  %8s  %8s  %9s  %9s  %9s  %9s  %6s\n",
               p->width, "arm", "n", "dJ on", "dJ off", "var J on", "var J off",
               "KL on", "KL off", "same");
    for (int i = 0; i < d->n_arms; i++) {
        const struct ablation_cell *c = ablation_at(p->a, i, DJ_ON);

        buf_printf(p->out,
                   "  %-*s  %2zu  %+8.4f  %+8.4f  %9.2e  %9.2e  "
                   "%9.2e  %9.2e  %6.4f\n",
                   p->width, data_arm(d, i), p->a->n_seeds[i], c[DJ_ON].mean,
                   c[DJ_OFF].mean, c[VAR_J_ON].mean, c[VAR_J_OFF].mean,
                   c[KL_ON].mean, c[KL_OFF].mean, c[SAME].mean);
    }
    buf_printf(p->out,
               "\nDifference from %s at the same seed (mean over seeds, its "
               "standard error; that of\n"
               "a difference of variances is for normal J and tasks that vary "
               "apart), and that as a\n"
               "part of the difference of %s. What the single factors' sum "
               "lacks of it, or has too\n"
               "much, comes from factors acting together. n.c. = not "
               "computable: the difference of\n"
               "%s is below two of its own standard errors, or 0.\n\n",
               data_arm(d, 0), data_arm(d, d->n_arms - 1),
               data_arm(d, d->n_arms - 1));
}

/* x as a part of the last arm's difference */
static const char *part(const struct page *p, enum ablation_quantity q,
                        double x, char *s, size_t n)
{
    double all = ablation_at(p->a, p->a->d->n_arms - 1, q)->difference;

    if (!ablation_known(p->a, q))
        return "n.c.";
    snprintf(s, n, "%.0f%%", 100 * x / all);
    return strcmp(s, "-0%") ? s : "0%";
}

static void row(const struct page *p, enum ablation_quantity q,
                const char *label, const char *name, double x, const double *se)
{
    char error[32] = "-", of[32];

    if (se)
        snprintf(error, sizeof error, "%.1e", *se);
    buf_printf(p->out, "  %-10s  %-*s  %+12.3e  %9s  %7s\n", label, p->width,
               name, x, error, part(p, q, x, of, sizeof of));
}

static void rule(const struct page *p)
{
    buf_puts(p->out, "  ");
    for (int i = 0; i < p->width + 48; i++)
        buf_puts(p->out, "-");
    buf_puts(p->out, "\n");
}

static void block(const struct page *p, enum ablation_quantity q,
                  const char *label)
{
    const struct data *d = p->a->d;

    for (int i = 1; i < d->n_arms; i++) {
        const struct ablation_cell *c = ablation_at(p->a, i, q);

        row(p, q, i == 1 ? label : "", data_arm(d, i), c->difference, &c->se);
    }
    if (q != VAR_J_ON && q != VAR_J_OFF)
        row(p, q, "", singles, ablation_singles(p->a, q), NULL);
    rule(p);
}

void ablation_text(const struct ablation *a, struct buf *out)
{
    static const char *const label[] = {
        [DJ_ON] = "dJ on",       [DJ_OFF] = "dJ off",
        [VAR_J_ON] = "var J on", [VAR_J_OFF] = "var J off",
        [KL_ON] = "KL on",       [KL_OFF] = "KL off",
        [SAME] = "same"};
    struct page p = {a, out, (int)strlen(singles)};

    for (int i = 0; i < a->d->n_arms; i++) {
        int n = (int)strlen(data_arm(a->d, i));

        p.width = n > p.width ? n : p.width;
    }
    introduction(&p);
    means(&p);
    buf_printf(out, "  %-10s  %-*s  %12s  %9s  %7s\n", "", p.width, "arm",
               "difference", "se", "part");
    rule(&p);
    for (int q = 0; q < N_ABLATION; q++)
        block(&p, (enum ablation_quantity)q, label[q]);
}
