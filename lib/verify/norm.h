/* norm - one spelling for what can be written in many ways
 *
 * Unicode forms become the ASCII or LaTeX that means the same (minus signs,
 * vulgar fractions, superscripts, Greek, relations, full-width and Arabic
 * digits), HTML entities and doubled backslashes are undone.
 */
#ifndef ULP_VERIFY_NORM_H
#define ULP_VERIFY_NORM_H
#include <stddef.h>
#include "../base/arena.h"

struct text {
    const char *s; /* NUL-terminated */
    size_t n;
};

/* A copy in a with Unicode folded; bytes that are not UTF-8 are dropped. */
struct text norm_unicode(struct arena *a, const char *s, size_t n);
/* Tags and entities of HTML as TeX, blanks and new lines. */
struct text norm_html(struct arena *a, struct text t);
/* "\\frac" to "\frac" where the text was escaped twice. */
struct text norm_backslashes(struct arena *a, struct text t);
/* The text without dollars, spacing commands, sizes, \text{} wrappers, case
 * of \left and \right, outer full stops: two answers with one such form are
 * the same answer. */
struct text norm_form(struct arena *a, struct text t);
/* Lower-case words of the text, one blank between, no punctuation. */
struct text norm_words(struct arena *a, struct text t);

/* A view of n bytes at s; one without white space at both ends. Neither copies. */
struct text text_of(const char *s, size_t n);
struct text text_trim(struct text t);
/* Without the asterisks of bold type around it, too. */
struct text text_bare(struct text t);
int text_is(struct text t, const char *s);
int text_starts(struct text t, size_t at, const char *s);
/* The length of the first of phrases ("a|b c|d") that stands at a place
 * without regard to case, and is not cut within a word; or 0. */
size_t text_at(struct text t, size_t at, const char *phrases);
/* Is t one of words ("a|b|c")? */
int text_in(struct text t, const char *words);
/* As text_starts without regard to ASCII case. */
int text_starts_nocase(struct text t, size_t at, const char *s);

#endif
