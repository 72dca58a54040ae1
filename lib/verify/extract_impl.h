/* extract_impl - what the parts of the extractor share (extract.h) */
#ifndef ULP_VERIFY_EXTRACT_IMPL_H
#define ULP_VERIFY_EXTRACT_IMPL_H
#include "extract.h"

/* extract_formula.c */

/* The end of the formula that begins at i; *solid is set when it has a digit
 * or more than a name between its delimiters. Prose ends it. */
size_t extract_formula_end(struct text t, size_t i, int *solid);
/* A word that may stand in a formula outside dollars. */
int extract_math_word(struct text w);
int extract_may_begin(struct text t, size_t i);
/* The end of $...$, \(...\), \[...\] or $$...$$ at i, or 0; *inner is where its
 * inside begins. */
size_t extract_delimited(struct text t, size_t i, size_t *inner);

/* extract_box.c: what only shows where an answer goes; is what stands before
 * or behind i denied there ("5 is wrong", "not 5")? */
size_t extract_box_at(struct text t); /* where a box begins, or t.n */
int extract_balanced(struct text t);  /* braces */
int extract_placeholder(struct arena *a, struct text t);
int extract_denied_behind(struct text t, size_t i);
int extract_denied_before(struct text t, size_t i);

/* extract_mark.c */
/* From the text behind a mark to the answer alone: a formula at its
 * beginning; in a sentence what it "is", or its only formula; else its words.
 * Empty where the answer is denied. */
struct text extract_tidy(struct text t);
/* Without a choice's label: "(B) 3", "\\textbf{(B)}\\ 3", "B. 3" are 3. */
struct text extract_unlabelled(struct text t);

#endif
