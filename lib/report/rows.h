/* rows - how a row of a task and an arm begins, and what it is called */
#ifndef ULP_REPORT_ROWS_H
#define ULP_REPORT_ROWS_H
#include "data.h"
#include "table.h"

enum { ROW_NAME = 160 }; /* bytes of a row's name */

/* "dm_val bf16": where a number is not computable (cells.h). */
void row_name(char name[ROW_NAME], const char *task, const char *arm);
/* "on" or "off" */
const char *row_role(const struct data *d, int task);
/* Cells: the task (a place in data.task) and the arm (in data.arm), with the
 * task's role between them or without. name: the row's. */
void row_task_arm(struct table *t, const struct data *d, int task, int arm,
                  char name[ROW_NAME]);
void row_task_role_arm(struct table *t, const struct data *d, int task, int arm,
                       char name[ROW_NAME]);

#endif
