/* filter_main - the main of a filter: its options with those of every filter,
 * its run, the input and output dropped after an error */
#ifndef ULP_BIN_FILTER_MAIN_H
#define ULP_BIN_FILTER_MAIN_H
#include "../lib/record/filter.h"
#include "main.h"

/* group: the entry of c->opts that takes the options of *f. */
static inline int filter_main(const struct cli *c, struct opt *group,
                              struct filter *f, int argc, char **argv,
                              int (*run)(char **args, int n, struct err *e))
{
    struct err e = {0};
    char **args;
    int n;

    group->dst = (void *)(uintptr_t)filter_opts(f);
    n = start(c, argc, argv, &args);
    if (run(args, n, &e)) {
        filter_abort(f);
        return fail(c, &e);
    }
    return finish(c);
}

#endif
