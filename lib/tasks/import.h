/* import - upstream files to one task set, with an account of every row
 *
 * Rows are read, converted, and dropped when they repeat a problem or occur in
 * an excluded (evaluation) set; each drop is counted under its reason.
 */
#ifndef ULP_TASKS_IMPORT_H
#define ULP_TASKS_IMPORT_H
#include "../base/file.h"
#include "seen.h"
#include "upstream.h"

#define IMPORT_REASONS 64 /* more than there are; see upstream.c, check.c */

struct import_reason {
    const char *why; /* a constant */
    unsigned long n;
    char first[256]; /* "FILE: line 7" */
};

struct import {
    const char *task;   /* ids are TASK/N, N from 0 in file order */
    const char *source; /* value of a field `source`, or NULL */
    int keep_repeats;
    struct seen *excluded; /* problems of evaluation sets, or NULL */
    struct seen *seen;     /* problems written so far */
    unsigned long read, kept, repeats, conflicts, in_eval, unusable;
    unsigned long with_system, with_history;     /* of the rows kept */
    struct import_reason reason[IMPORT_REASONS]; /* of the unusable rows */
    int n_reasons;
};

/* Converts the items of `path` by u and writes the rows that stay to out; the
 * counts go into im. ERR_DATA: the file is damaged. */
int import_file(struct import *im, const struct upstream *u, const char *path,
                struct file *out, struct err *e) MUST_CHECK;
/* What became of the rows, in lines: first all of them, then a line a reason
 * when there are several, then what was kept beside the prompts. */
void import_account(const struct import *im, struct buf *b);
/* Problems of a prepared set into a set of excluded ones. */
int import_exclude(struct seen *s, const char *path, struct err *e) MUST_CHECK;

#endif
