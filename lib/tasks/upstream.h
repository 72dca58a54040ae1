/* upstream - each task set in the format in which its authors publish it
 *
 * A converter turns one raw item into a prompt row without id and task. The
 * problem's text is left as its source has it.
 */
#ifndef ULP_TASKS_UPSTREAM_H
#define ULP_TASKS_UPSTREAM_H
#include "item.h"

struct upstream {
    const char *name;  /* "gsm8k" */
    const char *about; /* what the file looks like */
    int csv;
    const char *const *fields; /* columns looked at, ending in NULL; or NULL */
    /* NULL and *why set (a constant): the item has no usable row. The
     * row may share values with the item; they may be numbers. */
    json_t *(*convert)(struct item *it, const char **why);
};

/* All formats, *n of them; the one called name, or NULL. Constants. */
const struct upstream *upstream_list(int *n);
const struct upstream *upstream_find(const char *name);

#endif
