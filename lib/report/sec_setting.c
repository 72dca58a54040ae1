/* sec_setting - what was run */
#include <stdio.h>
#include <string.h>
#include "cells.h"
#include "sections.h"

static void fact_list(const struct report *r, const char *key, int from, int to)
{
    struct buf b = {0};

    for (int i = from; i < to; i++)
        buf_printf(&b, "%s%s", i > from ? ", " : "", data_task(r->d, i));
    if (to > from)
        doc_fact(r->doc, key, "%s", buf_str(&b));
    buf_free(&b);
}

static void task_table(const struct report *r)
{
    struct table *t = table_open("tasks",
                                 "Evaluation tasks; samples: answers "
                                 "drawn for each question.",
                                 "<task|<role|questions|samples|temperature|"
                                 "top-p|max tokens");

    for (int i = 0; i < r->d->n_tasks; i++) {
        const struct task_info *k =
            &r->s->task[names_find(&r->s->tasks, data_task(r->d, i))];
        double q;
        int has = 0;

        if (i && i == r->d->n_on)
            table_rule(t);
        table_cell(t, "%s", data_task(r->d, i));
        table_cell(t, "%s", k->on ? "on" : "off");
        for (int a = -1; a < r->d->n_arms && !has; a++)
            has = data_one(r->d, SCORES, a < 0 ? r->d->base : r->d->arm[a],
                           r->d->task[i], S_QUESTIONS, &q);
        table_cell(t, "%s", has ? num("%.0f", q) : "-");
        table_cell(t, "%s",
                   k->samples < 0 ? "-" : num("%.0f", (double)k->samples));
        table_cell(t, "%s",
                   k->temperature < 0 ? "-" : num("%g", k->temperature));
        table_cell(t, "%s", k->top_p < 0 ? "-" : num("%g", k->top_p));
        table_cell(t, "%s",
                   k->max_new < 0 ? "-" : num("%.0f", (double)k->max_new));
    }
    doc_table(r->doc, t);
}

void sec_setting(const struct report *r)
{
    const struct setting *s = r->s;

    doc_heading(r->doc, "Setting");
    for (size_t i = 0; i < s->keys.n; i++) {
        char key[128];
        size_t n = 0;

        if (!strcmp(s->keys.v[i], "synthetic"))
            continue;
        for (const char *c = s->keys.v[i]; *c && n + 1 < sizeof key; c++)
            key[n++] = *c == '_' ? ' ' : *c;
        key[n] = 0;
        doc_fact(r->doc, key, "%s", s->value[i]);
    }
    if (!s->reference)
        doc_fact(r->doc, "reference", "%s", data_arm(r->d, r->d->reference));
    if (names_find(&s->keys, "margin") < 0)
        doc_fact(r->doc, "margin", "%g (default)", s->margin);
    fact_list(r, "on-task", 0, r->d->n_on);
    fact_list(r, "off-task", r->d->n_on, r->d->n_tasks);
    doc_para(r->doc,
             "Intervals are over training seeds (Student's t) unless "
             "another kind is named. J is the mean accuracy of one sampled "
             "answer (pass@1); delta J is J after training minus J of the "
             "base model on the same questions with the same sampling seeds.");
    if (s->tasks.n)
        task_table(r);
}
