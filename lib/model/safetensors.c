/* safetensors - mapped reader: one file, or an index with its shards */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "../base/arena.h"
#include "../base/json.h"
#include "delta.h"
#include "st_impl.h"

static int by_name(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;

    return strcmp(x->name, y->name);
}

/* Maps a file, or what a delta gives in its place, and adds its tensors. */
static int add_file(struct st_file *f, const char *path, struct err *e)
{
    struct shard *s;
    int r;

    f->shards = xrealloc(f->shards, f->n_shards + 1, sizeof *f->shards);
    s = &f->shards[f->n_shards++];
    *s = (struct shard){.path = xstrdup(path)};
    r = delta_pieces_open(&s->delta, path, e);
    if (!r && s->delta) {
        strcpy(s->digest, delta_pieces_digest(s->delta));
        s->map = *delta_pieces_base(s->delta);
    } else if (!r) {
        r = file_map(&s->map, path, e);
    }
    return r ? r : st_add_mapped(f, s, e);
}

/* Every tensor of the index is in the shard that it names, and no other. */
static int check_index(struct st_file *f, const json_t *map, const char *dir,
                       const char *index, struct err *e)
{
    char want[4400];

    for (size_t i = 0; i < f->n; i++) {
        const struct st_tensor *t = &f->v[i].t;
        const char *shard = json_string_value(json_object_get(map, t->name));

        if (!shard)
            return err_set(e, ERR_DATA, "%s: tensor %.200s is not in %s",
                           t->file, t->name, index);
        snprintf(want, sizeof want, "%s/%s", dir, shard);
        if (strcmp(want, t->file))
            return err_set(e, ERR_DATA, "%s: tensor %.200s belongs in %s",
                           t->file, t->name, want);
    }
    if (f->n != json_object_size(map)) {
        const char *name;
        json_t *v;

        json_object_foreach((json_t *)(uintptr_t)map, name, v)
            if (!st_find(f, name))
                return err_set(e, ERR_DATA,
                               "%s: tensor %.200s is not in "
                               "%.200s",
                               index, name, json_string_value(v));
    }
    return 0;
}

static int open_shards(struct st_file *f, const json_t *map, const char *dir,
                       const char *index, struct err *e)
{
    const char *name;
    json_t *v;

    if (!json_is_object(map) || !json_object_size(map))
        return err_set(e, ERR_DATA, "%s: no weight_map", index);
    json_object_foreach((json_t *)(uintptr_t)map, name, v) {
        const char *shard = json_string_value(v);
        char path[4400];
        size_t i = 0;
        int r;

        if (!shard || !*shard || *shard == '.' || strchr(shard, '/') ||
            strlen(shard) > 255)
            return err_set(e, ERR_DATA,
                           "%s: tensor %.200s: its shard is not "
                           "a plain file name",
                           index, name);
        snprintf(path, sizeof path, "%s/%s", dir, shard);
        while (i < f->n_shards && strcmp(f->shards[i].path, path))
            i++;
        if (i < f->n_shards)
            continue;
        r = add_file(f, path, e);
        if (r)
            return r;
    }
    return 0;
}

static int finish(struct st_file *f, const char *path, struct err *e)
{
    if (!f->n)
        return err_set(e, ERR_DATA, "%s: no tensors", path);
    qsort(f->v, f->n, sizeof *f->v, by_name);
    for (size_t i = 1; i < f->n; i++)
        if (!strcmp(f->v[i - 1].name, f->v[i].name))
            return err_set(e, ERR_DATA, "%s: tensor %.200s is also in %s",
                           f->v[i].t.file, f->v[i].name, f->v[i - 1].t.file);
    return 0;
}

static int open_index(struct st_file *f, const char *dir, const char *index,
                      struct err *e)
{
    json_t *o = NULL;
    const json_t *map;
    int r = digests_json(&o, dir, "model.safetensors.index.json", e);

    if (r < 0)
        return r;
    map = json_object_get(o, "weight_map");
    r = open_shards(f, map, dir, index, e);
    if (!r)
        r = finish(f, index, e);
    if (!r)
        r = check_index(f, map, dir, index, e);
    json_decref(o);
    return r;
}

static int open_any(struct st_file *f, const char *path, struct err *e)
{
    char single[4200], index[4200];
    struct stat st;
    int r;

    if (strlen(path) > 4000)
        return err_set(e, ERR_IO, "%.200s...: the name is too long", path);
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        snprintf(single, sizeof single, "%s/model.safetensors", path);
        snprintf(index, sizeof index, "%s/model.safetensors.index.json", path);
        if (!file_exists(single) && file_exists(index))
            return open_index(f, path, index, e);
        path = single;
    }
    r = add_file(f, path, e);
    return r ? r : finish(f, path, e);
}

/* The check of all shards begins; a file that cannot be read is checked too,
 * because damage may be why. */
static int start_check(struct st_file *f, struct err *e)
{
    int r = 0;

    f->check = digests_open();
    for (size_t i = 0; !r && i < f->n_shards; i++) {
        const struct shard *s = &f->shards[i];

        if (*s->digest)
            r = digests_known(s->path, s->digest, e);
        else if (s->map.data)
            r = digests_add(f->check, s->path, &s->map, e);
    }
    digests_start(f->check);
    return r;
}

int st_open(struct st_file **out, const char *path, struct err *e)
{
    struct st_file *f = xcalloc(1, sizeof *f);
    struct err of_check = {0};
    int r = open_any(f, path, e), bad;

    bad = start_check(f, r ? &of_check : e);
    if (r || bad)
        r = st_close(&f, r ? r : bad, e);
    *out = f;
    return r;
}

const void *st_piece(const struct st_tensor *t, size_t first, size_t *n)
{
    size_t size = dtype_size(t->type), bytes = *n * size;
    const void *p;

    if (t->data)
        return (const char *)t->data + first * size;
    p = delta_piece(t->delta, t->at + first * size, &bytes);
    *n = bytes / size;
    return p;
}

const void *st_values(const struct st_tensor *t, void **copy)
{
    size_t size = dtype_size(t->type), n;

    *copy = NULL;
    if (t->data)
        return t->data;
    *copy = xmalloc(t->n * size + 1);
    for (size_t i = 0; i < t->n; i += n) {
        const void *from;

        n = t->n - i;
        from = st_piece(t, i, &n);
        memcpy((char *)*copy + i * size, from, n * size);
    }
    return *copy;
}

int st_check(struct st_file *f, struct err *e)
{
    int r = digests_close(&f->check, e);

    for (size_t i = 0; i < f->n_shards && !r; i++)
        if (f->shards[i].delta)
            r = delta_pieces_check(f->shards[i].delta, e);
    return r;
}

int st_close(struct st_file **f, int r, struct err *e)
{
    struct err of_check = {0};

    if (!*f)
        return r;
    if (st_check(*f, &of_check)) {
        if (e)
            *e = of_check;
        r = -of_check.code;
    }
    for (size_t i = 0; i < (*f)->n; i++) {
        free((*f)->v[i].name);
        free((*f)->v[i].copy);
    }
    for (size_t i = 0; i < (*f)->n_shards; i++) {
        if ((*f)->shards[i].delta)
            delta_pieces_close(&(*f)->shards[i].delta);
        else
            file_unmap(&(*f)->shards[i].map);
        free((*f)->shards[i].path);
    }
    free((*f)->v);
    free((*f)->shards);
    free(*f);
    *f = NULL;
    return r;
}

size_t st_count(const struct st_file *f)
{
    return f->n;
}

const struct st_tensor *st_at(const struct st_file *f, size_t i)
{
    return &f->v[i].t;
}

const struct st_tensor *st_find(const struct st_file *f, const char *name)
{
    size_t lo = 0, hi = f->n;

    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = strcmp(name, f->v[mid].name);

        if (!c)
            return &f->v[mid].t;
        if (c < 0)
            hi = mid;
        else
            lo = mid + 1;
    }
    return NULL;
}
