/* st_stems - the files of a directory's weights, each once */
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "delta.h"
#include "st_impl.h"

#define INDEX "model.safetensors.index.json"

static int is_there(const char *dir, const char *name)
{
    char *path = file_in(dir, name);
    int yes = file_exists(path) || delta_stands_for(path);

    free(path);
    return yes;
}

static void add(struct st_stems *s, const char *name, size_t n)
{
    for (size_t i = 0; i < s->n; i++)
        if (strlen(s->v[i]) == n && !memcmp(s->v[i], name, n))
            return;
    s->v = xrealloc(s->v, s->n + 1, sizeof *s->v);
    s->v[s->n] = xcalloc(n + 1, 1);
    memcpy(s->v[s->n++], name, n);
}

/* A shard's name is a plain one that ends in .safetensors. */
static int add_shard(struct st_stems *s, const char *dir, const char *name,
                     const json_t *shard, struct err *e)
{
    static const char ending[] = ".safetensors";
    const char *v = json_string_value(shard);
    size_t n = v ? strlen(v) : 0, k = sizeof ending - 1;

    if (n <= k || n > 255 || *v == '.' || strchr(v, '/') ||
        strcmp(v + n - k, ending))
        return err_set(e, ERR_DATA,
                       "%s/" INDEX ": tensor %.200s: its shard is not a plain "
                       "file name that ends in .safetensors",
                       dir, name);
    add(s, v, n - k);
    return 0;
}

int st_stems(struct st_stems *s, const char *dir, struct err *e)
{
    json_t *o = NULL, *map, *shard;
    const char *name;
    int r = 0;

    memset(s, 0, sizeof *s);
    if (!is_there(dir, "model.safetensors"))
        r = digests_json(&o, dir, INDEX, e);
    if (r < 0)
        return r;
    if (!r) {
        add(s, "model", 5);
        return 0;
    }
    r = 0;
    map = json_object_get(o, "weight_map");
    if (!json_object_size(map))
        r = err_set(e, ERR_DATA, "%s/" INDEX ": no weight_map", dir);
    json_object_foreach(map, name, shard)
        if (!r)
            r = add_shard(s, dir, name, shard, e);
    json_decref(o);
    return r;
}

void st_stems_free(struct st_stems *s)
{
    for (size_t i = 0; i < s->n; i++)
        free(s->v[i]);
    free(s->v);
    memset(s, 0, sizeof *s);
}
