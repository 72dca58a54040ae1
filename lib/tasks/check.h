/* check - what every prompt row must have, whatever format it came from */
#ifndef ULP_TASKS_CHECK_H
#define ULP_TASKS_CHECK_H
#include <jansson.h>

/* NULL; or why the row (without id and task) cannot be used, a constant. */
const char *row_fault(const json_t *row);

#endif
