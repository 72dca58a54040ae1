/* digests - lists of digests, read and used; see digests.h. Writing them is
 * digests_write.c. */
#include "digests_impl.h"
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "arena.h"
#include "hash.h"
#include "json.h"

static int is_there(const char *dir, const char *name)
{
    char *path = file_in(dir, name);
    int yes = file_exists(path);

    free(path);
    return yes;
}

/* ---- the list -------------------------------------------------------- */

static int has_text(const struct filemap *m, const char *s)
{
    return m->size && memmem(m->data, m->size, s, strlen(s));
}

/* What Hugging Face's Trainer writes under this name. The text is looked at and
 * not the parsed file: it may hold NaN, which is no JSON. */
static int is_foreign(const struct filemap *m)
{
    return has_text(m, "\"log_history\"") && !has_text(m, "\"cursor\"") &&
           !has_text(m, "\"hyperparameters\"");
}

void digests_own(const char *text, size_t n, const char *own, char out[33])
{
    static const char zeros[] = "00000000000000000000000000000000";
    const char *at = memmem(text, n, own, 32);
    struct hash128 *h = hash128_open();
    size_t before = at ? (size_t)(at - text) : n;

    hash128_update(h, text, before);
    if (at) {
        hash128_update(h, zeros, 32);
        hash128_update(h, at + 32, n - before - 32);
    }
    hash128_hex(h, out);
    hash128_close(&h);
}

static int damaged(const char *path, const char *got, const char *list,
                   const char *want, struct err *e)
{
    return err_set(e, ERR_DATA,
                   "%s: damaged or changed: its digest is %s, "
                   "%s has %s",
                   path, got, list, want);
}

static int is_digest(const json_t *v)
{
    return json_string_length(v) == 32 &&
           strspn(json_string_value(v), "0123456789abcdef") == 32;
}

static int check_list(const json_t *list, const struct filemap *m,
                      const char *path, struct err *e)
{
    const json_t *own = json_object_get(list, "digest");
    const json_t *files = json_object_get(list, "files"), *v;
    const char *name;
    char got[33];

    if (json_is_object(list) && !own)
        return err_set(e, ERR_DATA,
                       "%s: has no digests, so that damage could "
                       "not be noticed (an older version wrote it, or it was "
                       "edited; `checksum --accept` takes the directory as it "
                       "is)",
                       path);
    if (!is_digest(own) || !json_is_object(files))
        return err_set(e, ERR_DATA,
                       "%s: damaged: no digest of 32 hex digits "
                       "or no object files",
                       path);
    digests_own((const char *)m->data, m->size, json_string_value(own), got);
    if (strcmp(got, json_string_value(own)))
        return damaged(path, got, "the file itself", json_string_value(own), e);
    json_object_foreach((json_t *)(uintptr_t)files, name, v)
        if (!is_digest(v))
            return err_set(e, ERR_DATA,
                           "%s: files: %.200s: expected 32 hex "
                           "digits",
                           path, name);
    return 0;
}

/* 1: DIR/FILE was read into *list; 0: there is none of ours. */
static int read_list(json_t **list, const char *dir, const char *file,
                     struct err *e)
{
    char *path = file_in(dir, file);
    struct filemap m = {0};
    int r = 0, found = file_exists(path);

    if (found)
        r = file_map(&m, path, e);
    if (found && !r && !strcmp(file, DIGESTS_STATE) && is_foreign(&m))
        found = 0;
    if (found && !r)
        r = json_read_text(list, (const char *)m.data, m.size, path, e);
    if (found && !r)
        r = check_list(*list, &m, path, e);
    if (r) {
        json_decref(*list);
        *list = NULL;
    }
    file_unmap(&m);
    free(path);
    return r ? r : found;
}

int digests_read(json_t **list, const char *dir, struct err *e)
{
    int r;

    *list = NULL;
    r = read_list(list, dir, DIGESTS_STATE, e);
    if (r)
        return r;
    if (is_there(dir, "optimizer.safetensors"))
        return err_set(e, ERR_DATA,
                       "%s: a checkpoint without its %s "
                       "(optimizer.safetensors is there)",
                       dir, DIGESTS_STATE);
    return read_list(list, dir, DIGESTS_MODEL, e);
}

const char *digests_file(const json_t *list)
{
    return json_object_get(list, "cursor") ? DIGESTS_STATE : DIGESTS_MODEL;
}

/* 1: *want is the digest that `list` has for NAME; 0: there is no list. */
static int wanted(const json_t *list, const char *path, const char *name,
                  const char **want, struct err *e)
{
    const json_t *files = json_object_get(list, "files");

    *want = json_string_value(json_object_get(files, name));
    if (!list || *want)
        return !!list;
    return err_set(e, ERR_DATA,
                   "%s: not listed in %s: the file was added "
                   "later",
                   path, digests_file(list));
}

/* ---- small files ----------------------------------------------------- */

static int map_listed(struct filemap *m, const json_t *list, const char *path,
                      const char *name, struct err *e)
{
    const char *want;
    char got[33];
    int r;

    if (!json_object_get(json_object_get(list, "files"), name) &&
        !file_exists(path))
        return 0;
    r = wanted(list, path, name, &want, e);
    if (r < 0)
        return r;
    if ((r = file_map(m, path, e)) < 0 || !want)
        return r < 0 ? r : 1;
    hash_hex128(m->data ? (const void *)m->data : "", m->size, got);
    if (!strcmp(got, want))
        return 1;
    file_unmap(m);
    return damaged(path, got, digests_file(list), want, e);
}

int digests_map(struct filemap *m, const char *dir, const char *name,
                struct err *e)
{
    char *path = file_in(dir, name);
    json_t *list;
    int r;

    *m = (struct filemap){0};
    r = digests_read(&list, dir, e);
    if (r >= 0)
        r = map_listed(m, list, path, name, e);
    json_decref(list);
    free(path);
    return r;
}

int digests_json(json_t **out, const char *dir, const char *name, struct err *e)
{
    struct filemap m;
    int r = digests_map(&m, dir, name, e);

    *out = NULL;
    if (r > 0) {
        char *path = file_in(dir, name);
        int bad = json_read_text(out, (const char *)m.data, m.size, path, e);

        free(path);
        file_unmap(&m);
        r = bad ? bad : 1;
    }
    return r;
}

/* ---- large files, beside their reading -------------------------------- */

struct job {
    const char *path;
    struct filemap m;
    char want[33], got[33], list[24];
};

struct digest_check {
    struct job *v;
    size_t n;
    int started;
    pthread_t thread;
};

struct digest_check *digests_open(void)
{
    return xcalloc(1, sizeof(struct digest_check));
}

/* 1: what the directory's list has for the file `path`; 0: there is no list.
 * list: which file that is. */
static int look_up(const char *path, char digest[33], char name_of_list[24],
                   struct err *e)
{
    char *dir = xstrdup(path), *slash = strrchr(dir, '/');
    const char *name = slash ? path + (slash - dir) + 1 : path, *want;
    json_t *list = NULL;
    int r;

    if (slash)
        slash[slash == dir] = 0;
    r = digests_read(&list, slash ? dir : ".", e);
    if (r >= 0)
        r = wanted(list, path, name, &want, e);
    if (r > 0) {
        strcpy(digest, want);
        strcpy(name_of_list, digests_file(list));
    }
    json_decref(list);
    free(dir);
    return r;
}

int digests_add(struct digest_check *c, const char *path,
                const struct filemap *m, struct err *e)
{
    struct job j = {.path = path, .m = *m};
    int r = look_up(path, j.want, j.list, e);

    if (r > 0) {
        c->v = xrealloc(c->v, c->n + 1, sizeof *c->v);
        c->v[c->n++] = j;
    }
    return r < 0 ? r : 0;
}

int digests_known(const char *path, const char digest[33], struct err *e)
{
    char want[33], list[24];
    int r = look_up(path, want, list, e);

    if (r > 0)
        r = strcmp(digest, want) ? damaged(path, digest, list, want, e) : 0;
    return r;
}

static void *run(void *ctx)
{
    struct digest_check *c = ctx;

    for (size_t i = 0; i < c->n; i++)
        hash_hex128(c->v[i].m.data ? (const void *)c->v[i].m.data : "",
                    c->v[i].m.size, c->v[i].got);
    return NULL;
}

void digests_start(struct digest_check *c)
{
    c->started = c->n && !pthread_create(&c->thread, NULL, run, c);
}

int digests_close(struct digest_check **c, struct err *e)
{
    struct digest_check *x = *c;
    int r = 0;

    if (!x)
        return 0;
    if (x->started)
        pthread_join(x->thread, NULL);
    else
        run(x);
    for (size_t i = 0; !r && i < x->n; i++)
        if (strcmp(x->v[i].got, x->v[i].want))
            r = damaged(x->v[i].path, x->v[i].got, x->v[i].list, x->v[i].want,
                        e);
    free(x->v);
    free(x);
    *c = NULL;
    return r;
}
