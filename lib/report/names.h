/* names - texts numbered in the order of their first appearance
 */
#ifndef ULP_REPORT_NAMES_H
#define ULP_REPORT_NAMES_H
#include <stddef.h>

struct names {
    char **v; /* v[0..n), NUL-terminated */
    size_t n, cap;
    size_t *slot, n_slots; /* hash table of numbers + 1 */
};

/* The number of s, added when it is new. */
size_t names_add(struct names *t, const char *s);
/* The number of s, or -1. */
long names_find(const struct names *t, const char *s);
void names_free(struct names *t);

#endif
