/* once - a set of 64-bit keys, to find what comes a second time */
#ifndef ULP_TRAIN_ONCE_H
#define ULP_TRAIN_ONCE_H
#include <stddef.h>
#include <stdint.h>

struct once {      /* zeroed: empty */
    uint64_t *key; /* of `cap` places, 0 where free */
    size_t n, cap;
};

/* 0: new, and now in the set; 1: there already. */
int once_add(struct once *s, uint64_t key);
void once_free(struct once *s);

#endif
