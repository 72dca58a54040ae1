/* known - verdicts of model-written programs that a stream already has
 *
 * A verdict is a function of the texts: prompt, test, function's name and
 * response. A program that was judged with the same ones need not run again.
 * Only verdicts that were reached count: one that met a limit, or that no
 * sandbox could give, is asked for anew.
 */
#ifndef ULP_VERIFY_KNOWN_H
#define ULP_VERIFY_KNOWN_H
#include "code.h"
#include "verify.h"

struct known;

/* Verdicts of the records of n files (verifier code, judged by reward); other
 * records are passed over. Texts and verdicts of at most KNOWN_BYTES are
 * kept. To be closed after an error, too. */
enum { KNOWN_BYTES = 64 << 20 };
int known_open(struct known **out, const char *const *paths, int n,
               struct err *e) MUST_CHECK;
void known_close(struct known **k);
/* 1: *v is the item's verdict, its strings lent until known_close; 0: it is not
 * known. k may be NULL. */
int known_find(const struct known *k, const struct code_item *i,
               struct verdict *v);

#endif
