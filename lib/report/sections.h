/* sections - the parts of the page, in its order
 */
#ifndef ULP_REPORT_SECTIONS_H
#define ULP_REPORT_SECTIONS_H
#include "data.h"
#include "doc.h"
#include "verdict.h"

/* What a section reads, and the page that it appends to; all borrowed. */
struct report {
    const struct setting *s;
    const struct data *d;
    const struct verdicts *v;
    struct doc *doc;
};

/* In a partial report: the runs, seeds and tasks that have no records yet, and
 * what that keeps from a verdict. */
void sec_missing(const struct report *r);
void sec_findings(const struct report *r);
void sec_setting(const struct report *r);
void sec_scores(const struct report *r);
void sec_variance(const struct report *r);
/* Nothing where no run has a noise draw. */
void sec_divergence(const struct report *r);
void sec_questions(const struct report *r);
void sec_kl(const struct report *r);
void sec_sparsity(const struct report *r);
/* Nothing without such records. */
void sec_overlap(const struct report *r);
void sec_spectrum(const struct report *r);
void sec_h1(const struct report *r);
void sec_h2(const struct report *r);
void sec_h2_noise(const struct report *r);
void sec_h3(const struct report *r);

/* "H2, bf16 against fp32: not shown (...)": the verdict of one test with its
 * numbers. */
void note_finding(const struct report *r, int arm, enum hypothesis h);
/* A line for each verdict that was reached: what it says, in words. */
void note_directions(const struct report *r);

/* Power of the tests for 5 to 40 seeds; which self-tests passed. */
void sec_power(const struct report *r);
void sec_selftest(const struct report *r);

/* Writes DIR/plots/NAME.dat and DIR/plots/params.gp. */
int plotdata_write(const struct report *r, const char *dir,
                   struct err *e) MUST_CHECK;

/* The table of self-tests, how many passed and how many failed; why gets a
 * sentence for each of these. */
struct table *selftest_table(const struct report *r, int *passed, int *failed,
                             struct names *why);

#endif
