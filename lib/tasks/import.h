/* import - upstream files to one task set, with an account of every row
 *
 * Rows are read, converted, and dropped when they repeat a prompt or occur in
 * an excluded (evaluation) set; each drop is counted under its reason.
 */
#ifndef ULP_TASKS_IMPORT_H
#define ULP_TASKS_IMPORT_H
#include "../base/file.h"
#include "seen.h"
#include "upstream.h"

struct import {
    const char *task;         /* ids are TASK/N, N from 0 in file order */
    const char *source;       /* value of a field `source`, or NULL */
    int keep_repeats;
    struct seen *excluded;    /* prompts of evaluation sets, or NULL */
    struct seen *seen;        /* prompts written so far */
    unsigned long read, kept, repeats, conflicts, in_eval, unusable;
    char first_unusable[256]; /* "FILE: line 7: why" */
};

int import_file(struct import *im, const struct upstream *u,
                const char *path, struct file *out, struct err *e)
    MUST_CHECK;
/* Prompts of a prepared set into a set of seen prompts. */
int import_exclude(struct seen *s, const char *path, struct err *e)
    MUST_CHECK;

#endif
