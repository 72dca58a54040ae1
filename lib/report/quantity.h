/* quantity - the numbers of a record that a FIELD of stats stands for
 *
 * A dotted path of a number or a bool (true is 1) is one number; of an array
 * of them, each element is one. len(PATH) is the length of an array, or of a
 * string in bytes; sum, mean, min and max(PATH) make one number of an array.
 */
#ifndef ULP_REPORT_QUANTITY_H
#define ULP_REPORT_QUANTITY_H
#include "../record/rec.h"

/* Numbers in a growing array; v is to be freed. */
struct values {
    double *v;
    size_t n, cap;
};

/* Appends v. */
void values_put(struct values *x, double v);

struct quantity {
    const char *text; /* as given; borrowed */
    char path[256];
    int fn;
};

/* ERR_USAGE: the path is too long. */
int quantity_parse(struct quantity *q, const char *text,
                   struct err *e) MUST_CHECK;
/* Puts the record's numbers behind those of out; none when it lacks the
 * field. */
int quantity_get(const struct quantity *q, struct rec *rec, struct values *out,
                 struct err *e) MUST_CHECK;

#endif
