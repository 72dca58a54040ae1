/* sampling - how prompts are sampled; see sampling.h */
#include <stdio.h>
#include <string.h>
#include "sampling.h"

int sampling_find(const struct sampling **how, const struct sampling *all,
                  const struct sampling *task, int n, struct rec *rec,
                  struct err *e)
{
    struct rec_str name;
    int r = n ? rec_get_text(rec, "task", &name, e) : 0;

    *how = all;
    for (int i = 0; r > 0 && i < n; i++)
        if (!strcmp(task[i].task, name.s))
            *how = &task[i];
    return r < 0 ? r : 0;
}

enum { TEXT = 32 };

static void value(char v[TEXT], enum sampling_key key, const struct sampling *s)
{
    switch (key) {
    case SAMPLING_TEMPERATURE:
        snprintf(v, TEXT, "%.9g", s->temperature);
        return;
    case SAMPLING_TOP_P:
        snprintf(v, TEXT, "%.9g", s->top_p);
        return;
    case SAMPLING_MAX_NEW:
        snprintf(v, TEXT, "%d", s->max_new);
        return;
    case SAMPLING_SAMPLES:
        snprintf(v, TEXT, "%d", s->samples);
        return;
    }
}

void sampling_made_by(struct filter *f, enum sampling_key key,
                      const struct sampling *all, const struct sampling *task,
                      int n)
{
    static const char *const name[] = {"temperature", "top_p", "max_new",
                                       "samples"};
    char of_all[TEXT], v[TEXT], of_task[SAMPLING_TASK_MAX + TEXT];

    value(of_all, key, all);
    filter_made_by(f, name[key], of_all);
    for (int i = 0; i < n; i++) {
        value(v, key, &task[i]);
        if (!strcmp(v, of_all))
            continue;
        snprintf(of_task, sizeof of_task, "%s.%s", name[key], task[i].task);
        filter_made_by(f, of_task, v);
    }
}
