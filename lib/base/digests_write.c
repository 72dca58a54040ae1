/* digests_write - lists of digests, written; see digests.h */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include "buf.h"
#include "digests_impl.h"
#include "hash.h"
#include "json.h"
#include "json_text.h"

static int list_files(json_t *files, const json_t *known, const char *dir,
                      const char *own, struct err *e)
{
    DIR *d = opendir(dir);
    struct dirent *f;
    int r = 0;

    if (!d)
        return err_errno(e, ERR_IO, "%s", dir);
    while (!r && (f = readdir(d))) {
        json_t *v = json_object_get(known, f->d_name);
        char *path, hex[33];

        if (*f->d_name == '.' || !strcmp(f->d_name, own))
            continue;
        if (v) {
            json_object_set(files, f->d_name, v);
            continue;
        }
        path = file_in(dir, f->d_name);
        r = hash_file_hex128(path, hex, e);
        if (!r)
            json_object_set_new(files, f->d_name, json_string(hex));
        free(path);
    }
    closedir(d);
    return r;
}

int digests_write(json_t *list, const json_t *known, const char *dir,
                  const char *file, struct err *e)
{
    static const char zeros[] = "00000000000000000000000000000000";
    json_t *files = json_object();
    char *path = file_in(dir, file);
    struct buf b = {0};
    char own[33];
    int r = list_files(files, known, dir, file, e);

    json_object_set_new(list, "files", files);
    json_object_set_new(list, "digest", json_string(zeros));
    json_pretty(&b, list);
    buf_puts(&b, "\n");
    digests_own(b.p, b.n, zeros, own);
    json_object_set_new(list, "digest", json_string(own));
    buf_free(&b);
    if (!r)
        r = json_write_file(list, path, e);
    free(path);
    return r;
}

int digests_accept(const char *dir, struct err *e)
{
    char *config = file_in(dir, "config.json");
    char *state = file_in(dir, DIGESTS_STATE);
    char *moments = file_in(dir, "optimizer.safetensors");
    int is_state = file_exists(state);
    json_t *list = NULL;
    int r = 0;

    if (is_state)
        r = json_read_file(&list, state, e);
    else if (file_exists(moments) || !file_exists(config))
        r = err_set(e, ERR_DATA, "%s: %s", dir,
                    file_exists(moments)
                        ? "a checkpoint without its " DIGESTS_STATE
                        : "no model directory: no config.json");
    else
        list = json_object();
    if (!r && is_state && !json_object_get(list, "cursor"))
        r = err_set(e, ERR_DATA,
                    "%s: not the state of a checkpoint: no "
                    "cursor",
                    state);
    if (!r)
        r = digests_write(list, NULL, dir,
                          is_state ? DIGESTS_STATE : DIGESTS_MODEL, e);
    json_decref(list);
    free(config);
    free(state);
    free(moments);
    return r;
}
