/* sections - the parts of the page, in its order
 */
#ifndef ULP_REPORT_SECTIONS_H
#define ULP_REPORT_SECTIONS_H
#include "data.h"
#include "doc.h"

struct report {
    const struct setting *s;
    const struct data *d;
    struct doc *doc;
};

void sec_setting(const struct report *r);
void sec_scores(const struct report *r);
void sec_variance(const struct report *r);
void sec_kl(const struct report *r);
void sec_sparsity(const struct report *r);
void sec_h1(const struct report *r);
void sec_h2(const struct report *r);
void sec_h3(const struct report *r);
void sec_power(const struct report *r);
void sec_selftest(const struct report *r);

/* Writes DIR/plots/NAME.dat and DIR/plots/params.gp. */
int plotdata_write(const struct report *r, const char *dir, struct err *e)
    MUST_CHECK;

enum verdict { SUPPORTED, NOT_SUPPORTED, CANNOT_TELL };
const char *verdict_words(enum verdict v);

#endif
