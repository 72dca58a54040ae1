/* checksum - check files against the checksums that were written with them
 *
 * in      files and directories; those below a directory, hidden ones left out
 * out     a line on stderr for each that is damaged, then counts on stdout
 * memory  a record; files of a model directory are mapped
 * order   names, sorted
 */
#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include "../lib/base/digests.h"
#include "../lib/base/hash.h"
#include "../lib/model/delta.h"
#include "../lib/record/rec.h"
#include "main.h"

static int accept_now, pruned, list_plain;

static const struct opt opts[] = {
    {OPT_FLAG, "accept", 0, &accept_now, NULL,
     "take the files of each model directory PATH as they are now: write its "
     "digests anew",
     0, 0},
    {OPT_FLAG, "pruned", 0, &pruned, NULL,
     "weights that were removed to save space may be missing", 0, 0},
    {OPT_FLAG, "list", 0, &list_plain, NULL,
     "name the files that have no checksum", 0, 0},
    {0}};

static const struct cli cli = {
    .name = "checksum",
    .purpose = "check files against the checksums that were written with them",
    .usage = "[options] PATH...",
    .details =
        "A stream has its checksum in its end record. A checkpoint has a digest "
        "(XXH3-128) of each of its files and of itself in trainer_state.json, a "
        "model that pretrain made in digests.json. Weights that are kept as a "
        "delta are rebuilt. Every file that is damaged, "
        "missing or added is named on stderr, and the exit status is 3. Other "
        "files have no checksum and are counted.\n\n"
        "Programs that read a checkpoint refuse one whose files were changed. "
        "After a change that was meant, --accept writes new digests.",
    .example = "checksum results",
    .see_also = "dapo-step, pretrain, show",
    .opts = opts,
    .min_args = 1,
    .max_args = 1000000,
};

static struct {
    unsigned long long files, damaged, plain;
} n;

static void report(const struct err *e)
{
    n.damaged++;
    fail(&cli, e);
}

static int ends_with(const char *s, const char *end)
{
    size_t a = strlen(s), b = strlen(end);

    return a >= b && !strcmp(s + a - b, end);
}

/* Reads a stream to its end record; a file that is none has no checksum. */
static void check_file(const char *path)
{
    int named = ends_with(path, ".msgpack") || ends_with(path, ".zst");
    struct rec_reader *r = NULL;
    struct rec *rec;
    struct err e = {0};
    int x = 0;

    n.files++;
    if (named && !(x = rec_open(&r, path, &e))) {
        while ((x = rec_read(r, &rec, &e)) > 0)
            ;
        if (!x && !*rec_header_json(r))
            x = err_set(&e, ERR_DATA, "%s: not a stream of records", path);
        rec_close(&r);
    }
    if (x)
        report(&e);
    else if (!named) {
        n.plain++;
        if (list_plain)
            printf("%s\n", path);
    }
}

/* 1: the file is not there, and a delta gives its bytes; they have the digest
 * that is listed. 0: no delta is in its place. */
static int check_delta(const char *dir, const char *name, const char *want,
                       struct err *e)
{
    char *path = file_in(dir, name);
    struct delta_pieces *d;
    int r = delta_pieces_open(&d, path, e), there = d != NULL;

    if (there && !r)
        r = delta_pieces_check_all(d, e);
    if (there && !r && strcmp(delta_pieces_digest(d), want)) {
        char *delta = delta_path(path);

        r = err_set(e, ERR_DATA,
                    "%s: gives weights of the digest %s, "
                    "expected %s",
                    delta, delta_pieces_digest(d), want);
        free(delta);
    }
    delta_pieces_close(&d);
    free(path);
    return r ? r : there;
}

/* Of `delta` that was stopped before it removed the weights: they are there, and
 * the delta beside them is of no use yet. */
static int is_spare_delta(const char *dir, const char *name, json_t *files)
{
    size_t stem = ends_with(name, ".delta") ? strlen(name) - 5 : 0;
    size_t size = stem + sizeof "safetensors";
    char *weights = xmalloc(size), *path;
    int yes;

    snprintf(weights, size, "%.*ssafetensors", (int)stem, name);
    path = file_in(dir, weights);
    yes = stem && json_object_get(files, weights) && file_exists(path);
    free(weights);
    free(path);
    return yes;
}

/* The files that a directory's list names; 1 when there is a list. */
static int check_listed(const char *dir, json_t **files, struct err *e)
{
    json_t *list, *v;
    const char *name;
    json_t *deltas = json_object();
    int r = digests_read(&list, dir, e);

    *files = NULL;
    if (r <= 0) {
        json_decref(deltas);
        return r;
    }
    *files = json_incref(json_object_get(list, "files"));
    json_object_set_new(*files, digests_file(list), json_true());
    json_object_foreach(*files, name, v) {
        struct filemap m = {0};
        int in_delta;

        n.files++;
        if (!json_is_string(v))
            continue;
        in_delta = check_delta(dir, name, json_string_value(v), e);
        if (in_delta < 0)
            report(e);
        if (in_delta) { /* it has a digest of its own */
            char *delta = delta_path(name);

            json_object_set_new(deltas, strrchr(delta, '/') + 1, json_true());
            free(delta);
        }
        if (in_delta)
            continue;
        if (digests_map(&m, dir, name, e) < 0) {
            if (pruned && ends_with(name, ".safetensors") &&
                strstr(e->msg, strerror(ENOENT)))
                n.files--;
            else
                report(e);
        }
        file_unmap(&m);
    }
    json_object_update(*files, deltas);
    json_decref(deltas);
    json_decref(list);
    return 1;
}

static int shown(const struct dirent *f)
{
    return *f->d_name != '.';
}

static void check_path(const char *path);

static void check_dir(const char *dir)
{
    struct dirent **v = NULL;
    struct err e = {0};
    json_t *files = NULL;
    int k, r = check_listed(dir, &files, &e);

    if (r < 0) {
        report(&e);
        n.files++;
    }
    k = scandir(dir, &v, shown, alphasort);
    if (k < 0) {
        err_errno(&e, ERR_IO, "%s", dir);
        report(&e);
    }
    for (int i = 0; i < k; i++) {
        size_t size = strlen(dir) + strlen(v[i]->d_name) + 2;
        char *path = xmalloc(size);
        struct stat st;

        snprintf(path, size, "%s/%s", dir, v[i]->d_name);
        if (r > 0 && !json_object_get(files, v[i]->d_name) &&
            !is_spare_delta(dir, v[i]->d_name, files) &&
            !(stat(path, &st) == 0 && S_ISDIR(st.st_mode))) {
            n.files++;
            err_set(&e, ERR_DATA, "%s: not listed: the file was added later",
                    path);
            report(&e);
        } else if (r == 0 || (stat(path, &st) == 0 && S_ISDIR(st.st_mode))) {
            check_path(path);
        }
        free(path);
        free(v[i]);
    }
    free(v);
    json_decref(files);
}

static void check_path(const char *path)
{
    struct stat st;
    struct err e = {0};

    if (stat(path, &st))
        err_errno(&e, ERR_IO, "%s", path);
    else if (S_ISDIR(st.st_mode))
        check_dir(path);
    else if (S_ISREG(st.st_mode))
        check_file(path);
    else
        err_set(&e, ERR_IO, "%s: not a regular file", path);
    if (e.code)
        report(&e);
}

int main(int argc, char **argv)
{
    char **args;
    int n_args = start(&cli, argc, argv, &args);

    for (int i = 0; i < n_args; i++) {
        struct err e = {0};

        if (!accept_now)
            check_path(args[i]);
        else if (digests_accept(args[i], &e))
            return fail(&cli, &e);
    }
    if (!accept_now)
        printf("%llu files: %llu damaged, %llu without a checksum\n", n.files,
               n.damaged, n.plain);
    return finish(&cli) ? ERR_IO : n.damaged ? ERR_DATA : 0;
}
