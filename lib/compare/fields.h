/* fields - what records about weights have in common: of sparsity, spectrum */
#ifndef ULP_COMPARE_FIELDS_H
#define ULP_COMPARE_FIELDS_H
#include "../record/rec.h"
#include "sparsity.h"

/* What a record is about. NULL, or a layer of -1: no such field. */
struct scope {
    const char *name; /* "tensor", "kind", "layer", "total" ... */
    const char *tensor, *kind;
    int layer;
};

/* rec has the fields of s and no others. */
void fields_begin(struct rec *rec, const struct scope *s);
/* part / whole; no field where whole is 0. */
void fields_share(struct rec *rec, const char *name, uint64_t part,
                  uint64_t whole);
/* The overlap of the two updates in s, and what chance gives; no fields where
 * neither changed anything. */
void fields_jaccard(struct rec *rec, const struct sparsity *s);

#endif
