/* fields - a record's scope, and shares */
#include "fields.h"
#include <math.h>
#include <string.h>

static void set_str(struct rec *rec, const char *field, const char *s)
{
    if (s)
        rec_set_str(rec, field, s, strlen(s));
}

void fields_begin(struct rec *rec, const struct scope *s)
{
    rec_clear(rec);
    set_str(rec, "scope", s->name);
    set_str(rec, "tensor", s->tensor);
    set_str(rec, "kind", s->kind);
    if (s->layer >= 0)
        rec_set_i64(rec, "layer", s->layer);
}

void fields_share(struct rec *rec, const char *name, uint64_t part,
                  uint64_t whole)
{
    if (whole)
        rec_set_f64(rec, name, (double)part / (double)whole);
}

void fields_jaccard(struct rec *rec, const struct sparsity *s)
{
    double j = sparsity_jaccard(s);

    if (isnan(j))
        return;
    rec_set_f64(rec, "jaccard", j);
    rec_set_f64(rec, "jaccard_chance", sparsity_chance(s));
}
