/* code_fence - fenced blocks in a response, whatever dress they wear
 *
 * ``` or ~~~, three or more; indented, quoted ("> "), behind a list's mark; on
 * one line; left open at the end. CommonMark's rules, but for this: a fence
 * with a word behind it closes an open block and opens the next.
 */
#ifndef ULP_VERIFY_CODE_FENCE_H
#define ULP_VERIFY_CODE_FENCE_H
#include "../base/arena.h"
#include "norm.h"

struct fenced {
    struct text code; /* in the arena, without quote marks and indentation */
    int closed;
    struct fenced *next;
};

/* All blocks in their order, and where in t the first fence at the margin
 * stands (t.n when there is none). */
struct fenced *code_fences(struct arena *a, struct text t, size_t *first);

/* Where the line behind t.s[at] begins, or t.n. */
size_t code_next_line(struct text t, size_t at);

#endif
