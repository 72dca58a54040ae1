/* arch - the families, and what a tensor's name says in any of them */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "arch.h"

/* ARCH_FAMILIES comes from the names of the files (pipelines/build.mk):
 * FAMILY(llama) FAMILY(qwen2) ... */
#define FAMILY(name) extern const struct arch arch_##name;
ARCH_FAMILIES
#undef FAMILY
#define FAMILY(name) &arch_##name,
static const struct arch *const families[] = {ARCH_FAMILIES};
enum { N_FAMILIES = sizeof families / sizeof *families };

const struct arch *arch_find(const char *model_type)
{
    for (int i = 0; i < N_FAMILIES; i++)
        if (!strcmp(families[i]->model_type, model_type))
            return families[i];
    return NULL;
}

void arch_names(char *buf, size_t n)
{
    size_t at = 0;

    for (int i = 0; i < N_FAMILIES && at < n; i++)
        at += (size_t)snprintf(buf + at, n - at, "%s%s", i ? ", " : "",
                               families[i]->model_type);
}

int arch_has(const struct arch *a, enum role r)
{
    for (int i = 0; i < a->n_tensors; i++)
        if (a->tensors[i].role == r)
            return 1;
    return 0;
}

int config_dim(const struct config *c, enum dim d)
{
    switch (d) {
    case DIM_HIDDEN:
        return c->hidden;
    case DIM_FFN:
        return c->ffn;
    case DIM_VOCAB:
        return c->vocab;
    case DIM_HEAD:
        return c->head_dim;
    case DIM_Q:
        return c->heads * c->head_dim;
    case DIM_KV:
        return c->kv_heads * c->head_dim;
    default:
        return 0;
    }
}

const char *param_kind_name(enum param_kind k)
{
    static const char *const names[N_KINDS] = {
        [KIND_Q] = "q",       [KIND_K] = "k",         [KIND_V] = "v",
        [KIND_O] = "o",       [KIND_GATE] = "gate",   [KIND_UP] = "up",
        [KIND_DOWN] = "down", [KIND_EMBED] = "embed", [KIND_HEAD] = "head",
        [KIND_NORM] = "norm", [KIND_BIAS] = "bias",
    };

    return (unsigned)k < N_KINDS ? names[k] : "?";
}

/* "model.layers.7.mlp.up_proj.weight" -> 7 and "mlp.up_proj.weight" */
static const char *in_layer(const char *name, int *layer)
{
    const char *at = strstr(name, "layers.");
    char *end;
    long v = at ? strtol(at + 7, &end, 10) : -1;

    *layer = -1;
    if (!at || *end != '.' || v < 0 || v >= 100000)
        return name;
    *layer = (int)v;
    return end + 1;
}

int arch_kind(const char *name, int *layer)
{
    const char *rest = in_layer(name, layer);

    for (int i = 0; i < N_FAMILIES; i++)
        for (int j = 0; j < families[i]->n_tensors; j++) {
            const struct arch_tensor *t = &families[i]->tensors[j];

            if (!strcmp(rest, t->name) &&
                role_in_layer(t->role) == (*layer >= 0))
                return (int)t->kind;
        }
    return -1;
}
