/* setting - the JSON of the setting and of the tasks */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/buf.h"
#include "../base/json.h"
#include "setting.h"

static void words(struct names *t, const char *s)
{
    char *copy = xstrdup(s), *rest = copy, *w;

    names_free(t);
    while ((w = strtok_r(rest, " ", &rest)))
        names_add(t, w);
    free(copy);
}

static int set_looks(struct setting *s, const char *value, struct err *e)
{
    struct names w = {0};

    words(&w, value);
    free(s->look);
    s->look = xcalloc(w.n + 1, sizeof *s->look);
    s->n_looks = w.n;
    for (size_t i = 0; i < w.n; i++) {
        char *end;

        s->look[i] = strtol(w.v[i], &end, 10);
        if (*end || s->look[i] < 2 || (i && s->look[i] <= s->look[i - 1])) {
            names_free(&w);
            return err_set(e, ERR_DATA,
                           "looks: found \"%s\", expected "
                           "growing numbers of seeds from 2",
                           value);
        }
    }
    names_free(&w);
    return 0;
}

static int set(struct setting *s, const char *key, const char *value,
               struct err *e)
{
    size_t n = s->keys.n, i = names_add(&s->keys, key);
    char *end;

    if (i == n) {
        s->value = xrealloc(s->value, n + 1, sizeof *s->value);
        s->value[i] = NULL;
    }
    free(s->value[i]);
    s->value[i] = xstrdup(value);
    if (!strcmp(key, "arms")) {
        words(&s->arms, value);
    } else if (!strcmp(key, "canonical")) {
        words(&s->canonical, value);
    } else if (!strcmp(key, "seeds")) {
        words(&s->seeds, value);
    } else if (!strcmp(key, "runs")) {
        words(&s->runs, value);
    } else if (!strcmp(key, "noise draws")) {
        s->draws = strtol(value, NULL, 10);
    } else if (!strcmp(key, "steps")) {
        s->steps = strtol(value, NULL, 10);
    } else if (!strcmp(key, "reference")) {
        free(s->reference);
        s->reference = xstrdup(value);
    } else if (!strcmp(key, "synthetic")) {
        s->synthetic = !strcmp(value, "true") || !strcmp(value, "1");
    } else if (!strcmp(key, "looks")) {
        return set_looks(s, value, e);
    } else if (!strcmp(key, "margin")) {
        s->margin = strtod(value, &end);
        if (!*value || *end || !isfinite(s->margin) || s->margin <= 0)
            return err_set(e, ERR_DATA,
                           "margin: found %s, expected a number "
                           "above 0",
                           value);
    }
    return 0;
}

/* A scalar as the text it is printed as; a list as its words. */
static int as_text(const json_t *v, struct buf *b)
{
    const json_t *item;
    size_t i;

    if (json_is_string(v)) {
        buf_puts(b, json_string_value(v));
    } else if (json_is_integer(v)) {
        buf_printf(b, "%lld", (long long)json_integer_value(v));
    } else if (json_is_real(v)) {
        buf_printf(b, "%.10g", json_real_value(v));
    } else if (json_is_boolean(v)) {
        buf_puts(b, json_is_true(v) ? "true" : "false");
    } else if (json_is_array(v)) {
        json_array_foreach(v, i, item) {
            buf_puts(b, i ? " " : "");
            if (json_is_array(item) || as_text(item, b))
                return -1;
        }
    } else {
        return -1;
    }
    return 0;
}

static int read_setting(struct setting *s, const char *path, struct err *e)
{
    json_t *j;
    const json_t *v;
    const char *key;
    int r = json_read_file(&j, path, e);

    if (r)
        return r;
    if (!json_is_object(j))
        r = err_set(e, ERR_DATA, "%s: expected an object", path);
    else
        json_object_foreach((json_t *)j, key, v) {
            struct buf b = {0};

            if (as_text(v, &b))
                r = err_set(e, ERR_DATA,
                            "%s: %s: expected a number, string, "
                            "bool or list of them",
                            path, key);
            else if ((r = set(s, key, buf_str(&b), e)))
                r = err_prefix(e, "%s", path);
            buf_free(&b);
            if (r)
                break;
        }
    json_decref(j);
    return r;
}

static int left_out(const struct cli_list *without, const char *name)
{
    for (int i = 0; i < without->n; i++)
        if (!strcmp(without->v[i], name))
            return 1;
    return 0;
}

static int read_task(struct setting *s, const json_t *o,
                     const struct cli_list *without, const char *where,
                     struct err *e)
{
    const char *name = NULL, *role = NULL;
    struct task_info t = {0};
    int64_t samples = -1, max_new = -1;
    size_t n = s->tasks.n;

    t.temperature = t.top_p = -1;
    if (json_get_str(o, where, "name", 1, &name, e) ||
        json_get_str(o, where, "role", 1, &role, e) ||
        json_get_i64(o, where, "samples", 0, &samples, e) ||
        json_get_i64(o, where, "max_new", 0, &max_new, e) ||
        json_get_f64(o, where, "temperature", 0, &t.temperature, e) ||
        json_get_f64(o, where, "top_p", 0, &t.top_p, e) ||
        json_get_f64(o, where, "chance", 0, &t.chance, e))
        return -e->code;
    if (!(t.chance >= 0 && t.chance < 1))
        return err_set(e, ERR_DATA,
                       "%s: chance: found %g, expected a number "
                       "in [0, 1)",
                       where, t.chance);
    if (strcmp(role, "on") && strcmp(role, "off"))
        return err_set(e, ERR_DATA,
                       "%s: role: found \"%s\", expected \"on\" "
                       "or \"off\"",
                       where, role);
    if (left_out(without, name))
        return 0;
    if (names_add(&s->tasks, name) != n)
        return err_set(e, ERR_DATA, "%s: the name %s comes twice", where, name);
    t.on = !strcmp(role, "on");
    t.samples = (long)samples;
    t.max_new = (long)max_new;
    s->task = xrealloc(s->task, n + 1, sizeof *s->task);
    s->task[n] = t;
    return 0;
}

static int read_tasks(struct setting *s, const char *path,
                      const struct cli_list *without, struct err *e)
{
    json_t *j;
    const json_t *list, *o;
    size_t i;
    int r = json_read_file(&j, path, e);

    if (r)
        return r;
    list = json_object_get(j, "tasks");
    if (!json_is_array(list) || !json_array_size(list))
        r = err_set(e, ERR_DATA, "%s: tasks: expected a list of tasks", path);
    else
        json_array_foreach(list, i, o) {
            char where[600];

            snprintf(where, sizeof where, "%.500s: task %zu", path, i + 1);
            if ((r = read_task(s, o, without, where, e)))
                break;
        }
    json_decref(j);
    return r;
}

int setting_read(struct setting *s, const struct report_opts *o, struct err *e)
{
    int r = 0;

    memset(s, 0, sizeof *s);
    s->margin = 0.02;
    s->partial = o->partial;
    if (o->setting)
        r = read_setting(s, o->setting, e);
    for (int i = 0; !r && o->sets && i < o->sets->n; i++) {
        const char *kv = o->sets->v[i], *eq = strchr(kv, '=');
        char key[128];

        snprintf(key, sizeof key, "%.*s", (int)(eq - kv), kv);
        r = set(s, key, eq + 1, e);
    }
    if (!r && o->tasks)
        r = read_tasks(s, o->tasks, o->without, e);
    return r;
}

void setting_free(struct setting *s)
{
    for (size_t i = 0; i < s->keys.n; i++)
        free(s->value[i]);
    free(s->value);
    names_free(&s->keys);
    names_free(&s->arms);
    names_free(&s->canonical);
    names_free(&s->seeds);
    names_free(&s->runs);
    names_free(&s->tasks);
    free(s->task);
    free(s->look);
    free(s->reference);
}
