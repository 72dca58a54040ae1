/* t_record - what tests of record streams share */
#ifndef ULP_TESTS_T_RECORD_H
#define ULP_TESTS_T_RECORD_H
#include "../../lib/record/rec.h"

/* Reads all; the number of records, or the error's code negated. */
static inline long count(const char *path, struct err *e)
{
    struct rec_reader *r;
    struct rec *rec;
    int x = rec_open(&r, path, e);

    if (x < 0)
        return x;
    while ((x = rec_read(r, &rec, e)) > 0)
        ;
    if (!x)
        x = (int)rec_count(r);
    rec_close(&r);
    return x;
}

#endif
