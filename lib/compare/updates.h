/* updates - several checkpoints to a stream of records about what moved
 *
 * For each scope (tensor, kind, layer, total) a record an update; then, of
 * overlaps, one for each two updates and one of all together, or where runs are
 * named one for each pair and each group of them (runs.h). Fields in
 * lib/record/SCHEMA.md. The bytes do not depend on threads.
 */
#ifndef ULP_COMPARE_UPDATES_H
#define ULP_COMPARE_UPDATES_H
#include "../record/rec.h"

enum updates_mode {
    UPDATES_CONSECUTIVE, /* checkpoints of one run, in order: an update from
                            each to the next; also all from the first on */
    UPDATES_OVERLAP      /* BEFORE AFTER BEFORE AFTER ...: an update each */
};

struct updates_opts { /* borrowed until close */
    enum updates_mode mode;
    char *const *path;
    int n_paths;
    const char *runs; /* of overlaps: ARM/SEED/DRAW for each update, or NULL */
    int totals;       /* no records of single tensors */
    double eta;
    int threads; /* 0: one per processor */
};
struct updates;

/* Opens the checkpoints and pairs their tensors. ERR_DATA: one lacks a tensor,
 * or its shape differs. On error *x is NULL. */
int updates_open(struct updates **x, const struct updates_opts *o,
                 struct err *e) MUST_CHECK;
/* The header and all records; does not commit. */
int updates_write(struct updates *x, struct rec_writer *w,
                  struct err *e) MUST_CHECK;
void updates_close(struct updates **x);

#endif
