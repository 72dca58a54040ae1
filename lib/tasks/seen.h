/* seen - a set of problems, to find repeats and problems of evaluation sets
 *
 * A problem is its prompt, its choices in any order, and the turns before it.
 *
 * Two problems are repeats when they agree after removing white space, "$",
 * "~", double quotes, the case of ASCII letters, and the punctuation of
 * sentences: "." and its kin where no letter or digit follows. What carries
 * meaning stays: 1.5 is not 15, 5! is not 5, f' is not f, "1 2" is not 12.
 *
 * A problem is in an evaluation set when the two agree after removing all
 * punctuation and white space. Choices are compared where both have some.
 */
#ifndef ULP_TASKS_SEEN_H
#define ULP_TASKS_SEEN_H
#include <jansson.h>
#include <stddef.h>

struct seen;

/* An empty set; seen_close frees it. */
struct seen *seen_open(void);
void seen_close(struct seen **s);
/* row: prompt; choices, history and answer where it has them.
 * 0: new, now in the set; 1: there already, with the same answer (that of a
 * choice is its text); 2: there already, with another. */
int seen_add(struct seen *s, const json_t *row);
/* A prompt alone, by the form without any punctuation: 1 when it is there
 * already. */
int seen_add_prompt(struct seen *s, const char *prompt);

/* Another set: problems of evaluation sets. */
void seen_exclude(struct seen *s, const json_t *row);
int seen_is_excluded(const struct seen *s, const json_t *row);

#endif
