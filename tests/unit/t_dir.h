/* t_dir - files in a test's own folder, $T */
#ifndef ULP_TESTS_T_DIR_H
#define ULP_TESTS_T_DIR_H
#include "t.h"

static const char *dir; /* main sets it */

/* dir/name, good until the test ends */
static inline const char *in_dir(const char *name)
{
    static char path[256][256];
    static int n;

    for (int i = 0; i < n; i++)
        if (!strcmp(path[i] + strlen(dir) + 1, name))
            return path[i];
    snprintf(path[n], sizeof path[n], "%s/%s", dir, name);
    return path[n++];
}

#endif
