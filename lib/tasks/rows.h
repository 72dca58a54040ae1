/* rows - prompts as JSON lines: one object a line, keys in a fixed order
 *
 * A prompt row is {id, task, prompt, answer, verifier} and what its verifier
 * needs: choices; entry_point and test (canonical_solution is kept).
 */
#ifndef ULP_TASKS_ROWS_H
#define ULP_TASKS_ROWS_H
#include <jansson.h>
#include "../base/file.h"
#include "item.h"
#include "sample.h"

/* Takes the reference to row, also on error. it holds the row's numbers; NULL
 * for a row without any. */
int rows_write(struct file *f, json_t *row, const struct item *it,
               struct err *e) MUST_CHECK;

/* A new row of a sample problem, with id and task in front. */
json_t *rows_from_sample(const char *id, const char *task,
                         const struct sample *s);
/* A new row of pretraining text: prompt and response. */
json_t *rows_text(const struct sample *s);

#endif
