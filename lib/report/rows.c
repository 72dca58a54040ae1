/* rows - the cells of a task and an arm */
#include <stdio.h>
#include "rows.h"

void row_name(char name[ROW_NAME], const char *task, const char *arm)
{
    snprintf(name, ROW_NAME, "%.75s %.75s", task, arm);
}

const char *row_role(const struct data *d, int task)
{
    return task < d->n_on ? "on" : "off";
}

static void begin(struct table *t, const struct data *d, int task, int arm,
                  int with_role, char name[ROW_NAME])
{
    row_name(name, data_task(d, task), data_arm(d, arm));
    table_cell(t, "%s", data_task(d, task));
    if (with_role)
        table_cell(t, "%s", row_role(d, task));
    table_cell(t, "%s", data_arm(d, arm));
}

void row_task_arm(struct table *t, const struct data *d, int task, int arm,
                  char name[ROW_NAME])
{
    begin(t, d, task, arm, 0, name);
}

void row_task_role_arm(struct table *t, const struct data *d, int task, int arm,
                       char name[ROW_NAME])
{
    begin(t, d, task, arm, 1, name);
}
