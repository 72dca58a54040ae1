/* score - judged responses become one score a task (SCIENCE 4)
 *
 * Reads id, task, correct, and where they are well_formed, response_tokens,
 * finish_reason, policy. A score record has
 *   task, n_questions, n_samples (all), samples, correct, well_formed: arrays
 *   by question in the order of their first response; j, se (over questions
 *   and samples), var_eval (sampling variance with the questions fixed),
 *   accuracy_well_formed (right ones among well-formed answers),
 *   well_formed_fraction, pass_at_1, pass_at_n and n (the least number of
 *   samples of a question), response_length_mean, length_fraction (those that
 *   met the limit), policy (when all responses agree).
 * What cannot be computed is left out. A sample of a question (the same seed
 * and policy) that comes a second time is bad data.
 */
#ifndef ULP_REPORT_SCORE_H
#define ULP_REPORT_SCORE_H
#include "../record/rec.h"

struct score;

/* No tasks yet; score_close frees it. */
struct score *score_open(void);
void score_close(struct score **s);
/* Adds a response. ERR_DATA: a field is missing, or the sample came before. */
int score_add(struct score *s, struct rec *rec, struct err *e) MUST_CHECK;
/* Tasks so far. */
size_t score_tasks(const struct score *s);
/* Fills rec with task i's score, tasks in the order of their first response. */
void score_get(const struct score *s, size_t i, struct rec *rec);

#endif
