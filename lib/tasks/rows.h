/* rows - prompts as JSON lines, one object a line, keys in a fixed order */
#ifndef ULP_TASKS_ROWS_H
#define ULP_TASKS_ROWS_H
#include "../base/file.h"
#include "sample.h"

/* One evaluation or training row: id, task, prompt, answer, verifier and what
 * the verifier needs. */
int rows_write_prompt(struct file *f, const char *id, const char *task,
                      const struct sample *s, struct err *e) MUST_CHECK;
/* One row of pretraining text: prompt and response. */
int rows_write_text(struct file *f, const struct sample *s, struct err *e)
    MUST_CHECK;

#endif
