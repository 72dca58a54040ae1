/* seen - a set of prompts, to find repeats and prompts of evaluation sets
 *
 * Two prompts are the same when they agree after removing white space, case
 * (of ASCII letters), "$" and sentence punctuation.
 */
#ifndef ULP_TASKS_SEEN_H
#define ULP_TASKS_SEEN_H
#include <stddef.h>

struct seen;

struct seen *seen_open(void);
void seen_close(struct seen **s);
/* 0: new, now in the set with `answer`; 1: there already, with the same
 * answer; 2: there already, with another. */
int seen_add(struct seen *s, const char *prompt, const char *answer);
/* 1 when the prompt is in the set. */
int seen_has(const struct seen *s, const char *prompt);
size_t seen_count(const struct seen *s);

#endif
