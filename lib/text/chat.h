/* chat - a model's own chat format, recognised from its Jinja template
 *
 * There is no Jinja here. A chat_template is recognised by its text: those of
 * Qwen2.5, Qwen2.5-Math and Qwen2 with any default system text, and plain
 * ChatML; each renders as the template does for system, user and assistant
 * messages without tools. Any other template is refused.
 */
#ifndef ULP_TEXT_CHAT_H
#define ULP_TEXT_CHAT_H
#include "tok.h"

struct chat;
struct chat_message {
    const char *role; /* system, user or assistant */
    const char *text;
    size_t n;
};

/* jinja: the template's text (NULL: the model has none, an error); where: its
 * home, for messages. */
int chat_open(struct chat **c, const char *jinja, const char *where,
              struct err *e) MUST_CHECK;
void chat_close(struct chat **c);
/* Appends the parts of the rendered conversation to part[*n_parts...], at
 * most CHAT_PARTS(n) of them; they borrow from c and from the messages.
 * generate: end with the beginning of the assistant's answer. */
#define CHAT_PARTS(n_messages) (5 * (n_messages) + 4)
int chat_render(const struct chat *c, const struct chat_message *m, size_t n,
                int generate, struct tok_part *part, size_t *n_parts,
                struct err *e) MUST_CHECK;

#endif
