/* template - the form in which a prompt is put before a model
 *
 *   none        the prompt as it is
 *   chat        the model's own chat format, the prompt as the user's message
 *   dapo        DAPO's instruction around the prompt (arXiv 2503.14476, verl)
 *   qwen-boxed  the prompt, then "Please reason step by step, and put your
 *               final answer within \boxed{}." (Qwen2.5-Math's evaluation)
 *   FILE        a text with {prompt}, and {choices} where wanted
 *   chat+NAME   what NAME makes, as the user's message of chat
 *   chat:T      chat by the model's template of the name T; chat:T+NAME
 *
 * A multiple-choice record's choices are lines "A. text". They stand where
 * the file has {choices}; in a template without that they follow the prompt
 * on lines of their own, except that `none` adds nothing. A chat begins with
 * the record's system message and earlier turns; the other templates are the
 * prompt's alone.
 */
#ifndef ULP_TEXT_TEMPLATE_H
#define ULP_TEXT_TEMPLATE_H
#include "../base/buf.h"
#include "tok.h"

struct template_turn {    /* of a conversation, before the prompt */
    const char *role;     /* system, user or assistant */
    struct tok_part text; /* specials is not looked at */
};
struct template_input {
    const char *prompt;
    size_t n;
    const struct tok_part *choices; /* n_choices; specials is not looked at */
    size_t n_choices;
    const struct template_turn *turns; /* n_turns */
    size_t n_turns;
};
struct template;

/* t gives the chat format, and args (n_args) its variables (chat.h); t is
 * borrowed until the close, the rest during the call. */
int template_open(struct template **p, const char *name,
                  const char *const *args, int n_args, const struct tok *t,
                  struct err *e) MUST_CHECK;
void template_close(struct template **p);
/* Parts of the rendered text, for tok_encode_parts: special tokens count in
 * the template's own text and never in the prompt or the choices. They borrow
 * from p (until the next call) and from the input. */
int template_render(struct template *p, const struct template_input *in,
                    const struct tok_part **part, size_t *n,
                    struct err *e) MUST_CHECK;
/* `none`: the prompt stays what it is. */
int template_is_none(const struct template *p);
/* The model's own chat format says itself what a text begins with. */
int template_is_chat(const struct template *p);
/* What determines the rendered text: the name, a file's digest, that of a chat
 * template which jinja2 renders. */
const char *template_identity(const struct template *p);

#endif
