/* cells - how numbers, intervals and p values are written in the report, and
 * why some could not be computed
 *
 * Few digits, so that a last bit of a sum shows nowhere.
 */
#ifndef ULP_REPORT_CELLS_H
#define ULP_REPORT_CELLS_H
#include "doc.h"
#include "names.h"

/* A text in one of a few static buffers, for use as a printf argument: valid
 * until eight more calls. -0 is written as 0. */
const char *num(const char *fmt, double v);
const char *p_is(double p); /* "p = 0.0312" or "p < 0.0001" */

/* Reasons for cells that say "n.c.", with the places that have them. */
struct reasons {
    struct names why;
    struct buf *where; /* by reason: "dm_val, aime24" */
};

/* Cells: the value, or "n.c." and the reason noted when why is not NULL. An
 * interval takes two cells. */
void cell_num(struct table *t, const char *fmt, double v, const char *why,
              struct reasons *r, const char *where);
void cell_ci(struct table *t, const char *fmt, double lo, double hi,
             const char *why, struct reasons *r, const char *where);
void cell_p(struct table *t, double p, const char *why, struct reasons *r,
            const char *where);
/* "n.c. = not computable: zero variance in both arms (aime24)." after the
 * table, if there is any; frees r. */
void reasons_print(struct reasons *r, struct doc *d);

#endif
