/* extract - the answer in a response, by stated rules in a stated order
 *
 * README.md has the rules. Time is linear in the response.
 */
#ifndef ULP_VERIFY_EXTRACT_H
#define ULP_VERIFY_EXTRACT_H
#include "norm.h"
#include "verify.h"

struct found {
    struct text t;    /* s is NULL when nothing was found */
    char label;       /* of a choice, that stood before it; or 0 */
    const char *rule; /* "boxed", "boxes", "boxed_word", "answer_line",
                         "answer_is", "answer_tag", "last_number", "whole",
                         "none" */
};

/* From a response (raw UTF-8); the answer is Unicode-folded, in the arena. */
struct found extract_answer(struct arena *a, const char *s, size_t n,
                            const struct verify_opts *o);
/* From a gold answer, which may be a sentence or carry a box. */
struct text extract_gold(struct arena *a, const char *s, size_t n);

/* Parts that the choice verifier shares. */
struct text extract_spelling(struct arena *a, const char *s, size_t n);
struct text extract_after_think(struct text t);
/* What the last <answer> tag holds, or all. */
struct text extract_tag(struct arena *a, struct text t);
/* The last complete box, or neighbouring ones joined by commas. An open box
 * counts only with open_ok. */
struct found extract_boxed(struct arena *a, struct text t, int open_ok);
/* What stands after the last "Answer:", "####" or "answer is"; rest is the
 * text up to the end of the line or formula. */
struct found extract_marked(struct arena *a, struct text t);
/* The first (or last) formula or number of a text; s is NULL if none. */
struct text extract_formula(struct text t, int last);

#endif
