/* klscore - KL records become one mean a task (SCIENCE 5)
 *
 * Reads id, task, response_tokens and kl.sequence.{exact,k1,k2,k3} (nats, sums
 * over the response). A kl score has
 *   task, n_questions, n_samples, n_tokens,
 *   kl_token.E and kl_token_se.E: sum over all tokens by their number,
 *   kl_sequence.E and kl_sequence_se.E: mean over responses;
 * standard errors are clustered by question and left out for one question; an
 * estimator that a record of the task lacks is left out.
 */
#ifndef ULP_REPORT_KLSCORE_H
#define ULP_REPORT_KLSCORE_H
#include "../record/rec.h"

struct klscore;

/* No tasks yet; klscore_close frees it. */
struct klscore *klscore_open(void);
void klscore_close(struct klscore **k);
/* ERR_DATA: a field is missing or a number is not finite. */
int klscore_add(struct klscore *k, struct rec *rec, struct err *e) MUST_CHECK;
/* Tasks so far, in the order of their first record; klscore_get sets the
 * fields of the i-th on rec. */
size_t klscore_tasks(const struct klscore *k);
void klscore_get(const struct klscore *k, size_t i, struct rec *rec);

#endif
