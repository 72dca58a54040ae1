/* record_prompt - prompt rows, and JSON files good and bad by their names
 *
 * A folder of cases holds y_* (must be read), n_* (must be refused, with line
 * and column or record and field) and i_* (either, but no crash).
 */
#include <dirent.h>
#include "../../lib/base/json.h"
#include "../../lib/record/prompt.h"
#include "t.h"

/* 0, or the error of the first bad row */
static int read_rows(const char *path, struct err *e)
{
    struct rec_reader *in;
    struct rec *r;
    struct prompt_ids *ids;
    int x = rec_open(&in, path, e);

    if (x < 0)
        return x;
    ids = prompt_ids_open();
    while ((x = rec_read(in, &r, e)) > 0)
        if ((x = prompt_check(r, e)) < 0 || (x = prompt_ids_add(ids, r, e)) < 0)
            break;
    prompt_ids_close(&ids);
    rec_close(&in);
    return x;
}

static int read_json(const char *path, struct err *e)
{
    json_t *j;
    int x = json_read_file(&j, path, e);

    if (!x)
        json_decref(j);
    return x;
}

static int has_place(const char *msg)
{
    int a, b, n = 0;
    const char *line = strstr(msg, ": line "), *rec = strstr(msg, ": record ");

    if (line && sscanf(line, ": line %d, column %d: %n", &a, &b, &n) == 2 && n)
        return a >= 1 && b >= 1 && line[n];
    n = 0;
    return rec && sscanf(rec, ": record %d: %n", &a, &n) == 1 && n && rec[n];
}

static int cases_of(const char *dir, const char *ending,
                    int (*read_it)(const char *, struct err *))
{
    DIR *d = opendir(dir);
    struct dirent *de;
    int n = 0;

    while (d && (de = readdir(d))) {
        char path[5000];
        struct err e = {0};
        size_t len = strlen(de->d_name), m = strlen(ending);
        int x;

        if (len < m || strcmp(de->d_name + len - m, ending) ||
            de->d_name[1] != '_')
            continue;
        snprintf(path, sizeof path, "%s/%s", dir, de->d_name);
        x = read_it(path, &e);
        n++;
        if (de->d_name[0] == 'y')
            T_CHECKF(x == 0, "refused: %s", e.msg);
        if (de->d_name[0] == 'n')
            T_CHECKF(x == -ERR_DATA && has_place(e.msg), "%s: %d, %s",
                     de->d_name, x, e.msg);
        if (getenv("VERBOSE"))
            printf("# %s: %s\n", de->d_name, x < 0 ? e.msg : "read");
    }
    if (d)
        closedir(d);
    return n;
}

static void own_rows_by_their_names(void)
{
    T_EQ_INT(cases_of("tests/golden/record/rows", ".jsonl", read_rows), 13);
}

static void own_json_by_its_names(void)
{
    T_EQ_INT(cases_of("tests/golden/record/json", ".json", read_json), 8);
}

static void suite_rows_by_their_names(void)
{
    char dir[4096];

    snprintf(dir, sizeof dir, "%s/datasets/json_suite/rows", getenv("SHARED"));
    T_CHECK(cases_of(dir, ".jsonl", read_rows) >= 34);
}

static void suite_json_by_its_names(void)
{
    char dir[4096];

    snprintf(dir, sizeof dir, "%s/datasets/json_suite/syntax",
             getenv("SHARED"));
    T_CHECK(cases_of(dir, ".json", read_json) >= 108);
}

static void many_ids_are_told_apart(void)
{
    struct prompt_ids *ids = prompt_ids_open();
    struct rec *r = rec_new();
    struct err e;
    char id[32];

    for (int i = 0; i < 20000; i++) {
        rec_clear(r);
        rec_set_str(r, "id", id, (size_t)snprintf(id, sizeof id, "task/%d", i));
        T_EQ_INT(prompt_ids_add(ids, r, &e), 0);
    }
    T_EQ_INT(prompt_ids_add(ids, r, &e), -ERR_DATA);
    T_EQ_STR(e.msg, "id: 'task/19999' was seen before");
    prompt_ids_close(&ids);
    rec_free(&r);
}

int main(void)
{
    const char *shared = getenv("SHARED");
    char dir[4096];
    DIR *d;

    T_RUN(own_rows_by_their_names);
    T_RUN(own_json_by_its_names);
    T_RUN(many_ids_are_told_apart);
    snprintf(dir, sizeof dir, "%s/datasets/json_suite", shared ? shared : "");
    d = shared && *shared ? opendir(dir) : NULL;
    if (!d) {
        T_SKIP("suite_rows_by_their_names", "no json_suite");
        T_SKIP("suite_json_by_its_names", "no json_suite");
    } else {
        closedir(d);
        T_RUN(suite_rows_by_their_names);
        T_RUN(suite_json_by_its_names);
    }
    T_DONE();
}
