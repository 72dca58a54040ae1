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

void sec_findings(const struct report *r);
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

/* Of all random draws of the page. */
enum { BOOT_SEED = 20250708 };

enum verdict { SUPPORTED, NOT_SUPPORTED, CANNOT_TELL, NOT_TESTED };
const char *verdict_words(enum verdict v);
/* Of arm (an index into data.arm) against the reference. */
enum verdict h1_verdict(const struct report *r, int arm);
enum verdict h2_verdict(const struct report *r, int arm);
enum verdict h3_verdict(const struct report *r, int arm);

/* The table of self-tests, how many passed and how many failed; why gets a
 * sentence for each of these. */
struct table *selftest_table(const struct report *r, int *passed,
                             int *failed, struct names *why);

#endif
