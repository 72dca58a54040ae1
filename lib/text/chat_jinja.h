/* chat_jinja - a conversation for jinja2, and its text as parts; see chat.h */
#ifndef ULP_TEXT_CHAT_JINJA_H
#define ULP_TEXT_CHAT_JINJA_H
#include "chat.h"

struct chat_jinja;

/* As the calls of chat.h. */
int chat_jinja_open(struct chat_jinja **c, const struct chat_opts *o,
                    struct err *e) MUST_CHECK;
void chat_jinja_close(struct chat_jinja **c);
int chat_jinja_render(struct chat_jinja *c, const struct chat_message *m,
                      size_t n, int generate, const struct tok_part **part,
                      size_t *n_parts, struct err *e) MUST_CHECK;
const char *chat_jinja_identity(const struct chat_jinja *c);

#endif
