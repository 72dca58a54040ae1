/* rows - prompts as JSON lines */
#include "rows.h"

int rows_write(struct file *f, json_t *row, const struct item *it,
               struct err *e)
{
    struct buf b = {0};
    int r = item_write(it, row, &b, e);

    json_decref(row);
    if (!r) {
        buf_puts(&b, "\n");
        r = file_write(f, b.p, b.n, e);
    }
    buf_free(&b);
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
