/* chat - a model's own chat format, which its Jinja template describes
 *
 * Templates of Qwen2.5, Qwen2.5-Math and Qwen2 with any default system text,
 * and plain ChatML, are recognised by their text and rendered here; any other,
 * and any with variables of the user's, is rendered by jinja2 (jinja.h).
 *
 * What a message says cannot end the message: special tokens count in the
 * template's own text and not in a message's. jinja2 gives one text, so each
 * special token in a message, and each beginning of one at a message's end,
 * goes there with a character behind its first one that no text holds
 * (U+FDD0, or another of its kind); where that comes out, the token is plain
 * text. A template that looks for special tokens in messages does not see
 * them.
 */
#ifndef ULP_TEXT_CHAT_H
#define ULP_TEXT_CHAT_H
#include "tok.h"

struct chat;
struct chat_message {
    const char *role;            /* system, user or assistant */
    const struct tok_part *part; /* n of them, one behind the other */
    size_t n;
};
struct chat_opts {
    const struct tok *tok;   /* its special tokens and their names */
    const char *jinja;       /* the template; NULL: the model has none, error */
    const char *where;       /* its home, for messages */
    const char *const *args; /* n_args variables for it, "name=value": value is
                              * JSON, or else a text. strftime_now=YYYY-MM-DD
                              * is the date that strftime_now formats;
                              * CHAT_DATE without that, as no text may depend
                              * on the day it was made */
    int n_args;
    int limit_ms; /* of one rendering; 0: JINJA_LIMIT_MS */
};
#define CHAT_DATE "2024-07-26" /* the date of Llama 3 where there is no clock */

/* o is borrowed during the call, its tok until chat_close. */
int chat_open(struct chat **c, const struct chat_opts *o,
              struct err *e) MUST_CHECK;
void chat_close(struct chat **c);
/* Is it a template that needs no jinja2? */
int chat_is_known(const char *jinja);
/* Parts of the rendered conversation, for tok_encode_parts; they borrow from c,
 * until its next call, and from the messages. generate: end with the beginning
 * of the assistant's answer. */
int chat_render(struct chat *c, const struct chat_message *m, size_t n,
                int generate, const struct tok_part **part, size_t *n_parts,
                struct err *e) MUST_CHECK;
/* What beside the template's name determines the text: "", or a digest of the
 * template and its variables. */
const char *chat_identity(const struct chat *c);

#endif
