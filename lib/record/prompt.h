/* prompt - what a prompt row must have
 *
 * id, prompt and answer are strings, id and prompt not empty; verifier is
 * math, choice or code. choice: choices is a list of 1 to 26 strings and
 * answer the letter of one of them. code: entry_point and test are strings,
 * and answer may be empty. Fields not named here are free. An integer is no
 * string here, though programs take one as id or answer (rec_get_text).
 */
#ifndef ULP_RECORD_PROMPT_H
#define ULP_RECORD_PROMPT_H
#include "rec.h"

/* ERR_DATA that names record and field where r breaks one of these rules. */
int prompt_check(struct rec *r, struct err *e) MUST_CHECK;

/* The ids seen so far; an id that comes twice is an error of its record. */
struct prompt_ids;
struct prompt_ids *prompt_ids_open(void);
int prompt_ids_add(struct prompt_ids *s, struct rec *r,
                   struct err *e) MUST_CHECK;
void prompt_ids_close(struct prompt_ids **s);

#endif
