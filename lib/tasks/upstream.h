/* upstream - each task set in the format in which its authors publish it
 *
 * A converter turns one raw item into a prompt row without id and task. The
 * problem's text is left as its source has it.
 */
#ifndef ULP_TASKS_UPSTREAM_H
#define ULP_TASKS_UPSTREAM_H
#include <jansson.h>
#include "../base/err.h"

struct upstream {
    const char *name;  /* "gsm8k" */
    const char *about; /* what the file looks like */
    int csv;
    /* NULL and *why set: the item has no usable row. */
    json_t *(*convert)(const json_t *raw, const char **why);
};

const struct upstream *upstream_list(int *n);
const struct upstream *upstream_find(const char *name);

#endif
