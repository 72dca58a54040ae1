/* rows - prompts as JSON lines */
#include "rows.h"
#include <stdlib.h>

int rows_write(struct file *f, json_t *row, struct err *e)
{
    char *text = json_dumps(row, JSON_COMPACT | JSON_PRESERVE_ORDER);
    int r;

    json_decref(row);
    if (!text)
        return err_set(e, ERR_DATA, "row is not valid UTF-8");
    r = file_printf(f, e, "%s\n", text);
    free(text);
    return r;
}

json_t *rows_from_sample(const char *id, const char *task,
                         const struct sample *s)
{
    json_t *row = json_object(), *choices;

    json_object_set_new(row, "id", json_string(id));
    json_object_set_new(row, "task", json_string(task));
    json_object_set_new(row, "prompt", json_string(s->prompt));
    json_object_set_new(row, "answer", json_string(s->answer));
    json_object_set_new(row, "verifier", json_string(s->verifier));
    if (s->n_choices) {
        choices = json_array();
        for (int i = 0; i < s->n_choices; i++)
            json_array_append_new(choices, json_string(s->choices[i]));
        json_object_set_new(row, "choices", choices);
    }
    if (s->entry_point) {
        json_object_set_new(row, "entry_point", json_string(s->entry_point));
        json_object_set_new(row, "test", json_string(s->test));
    }
    return row;
}

json_t *rows_text(const struct sample *s)
{
    json_t *row = json_object();

    json_object_set_new(row, "prompt", json_string(s->prompt));
    json_object_set_new(row, "response", json_string(s->response));
    return row;
}
