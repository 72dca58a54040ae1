/* choice - which letter does a response choose? (README.md, "Choices") */
#ifndef ULP_VERIFY_CHOICE_H
#define ULP_VERIFY_CHOICE_H
#include "extract.h"

struct chosen {
    unsigned letters; /* bit k: the k-th letter of the alphabet */
    struct text t;    /* the text it was read from; s NULL: none */
    const char *rule;
};

/* allowed: the letters that there are, as bits. choices may be NULL. */
struct chosen choice_of(struct arena *a, const char *s, size_t n,
                        unsigned allowed, const char *const *choices,
                        size_t n_choices, const struct verify_opts *o);
/* The first letter that stands alone, as a bit; 0 if there is none. */
unsigned choice_first(struct text t, unsigned allowed);
/* The letters of a gold answer: "B", "(B)", "A,C", "AC". 0 if it has none. */
unsigned choice_letters(struct text t);

#endif
