/* names - tensors that go together */
#include "names.h"
#include <string.h>

int tensor_kind(const char *name, int *layer)
{
    int kind = arch_kind(name, layer);

    return kind < 0 ? KIND_OTHER : kind;
}

const char *tensor_kind_name(int kind)
{
    return kind == KIND_OTHER ? "other"
                              : param_kind_name((enum param_kind)kind);
}

int tensor_partner(const struct st_file *f, const char *name,
                   const struct st_tensor *t, const struct st_tensor **p,
                   struct err *e)
{
    *p = st_find(f, t->name);
    if (!*p)
        return err_set(e, ERR_DATA, "%s: no tensor %s", name, t->name);
    if ((*p)->n_dims != t->n_dims ||
        memcmp((*p)->dims, t->dims, (size_t)t->n_dims * sizeof *t->dims))
        return err_set(e, ERR_DATA, "%s: %s has another shape", name, t->name);
    return 0;
}

int tensor_all(const struct st_file *base, const struct st_file *ckpt,
               const char *name, struct err *e)
{
    for (size_t i = 0; i < st_count(base); i++) {
        const char *t = st_at(base, i)->name;

        if (!st_find(ckpt, t) && strcmp(t, "lm_head.weight"))
            return err_set(e, ERR_DATA, "%s: no tensor %s", name, t);
    }
    return st_count(ckpt) ? 0 : err_set(e, ERR_DATA, "%s: no tensors", name);
}
