/* template - the form in which a prompt is put before a model
 *
 *   none        the prompt as it is
 *   chat        the model's own chat format, the prompt as the user's message
 *   dapo        DAPO's instruction around the prompt (arXiv 2503.14476, verl)
 *   qwen-boxed  the prompt, then "Please reason step by step, and put your
 *               final answer within \boxed{}." (Qwen2.5-Math's evaluation)
 *   FILE        a text with {prompt}, and {choices} where wanted
 *   chat+NAME   what NAME makes, as the user's message of chat
 *
 * A multiple-choice record's choices are lines "A. text". They stand where
 * the file has {choices}; in a template without that they follow the prompt
 * on lines of their own, except that `none` adds nothing.
 */
#ifndef ULP_TEXT_TEMPLATE_H
#define ULP_TEXT_TEMPLATE_H
#include "../base/buf.h"
#include "tok.h"

#define TEMPLATE_PARTS 256 /* more than any template renders to */

struct template_input {
    const char *prompt;
    size_t n;
    const struct tok_part *choices; /* n_choices; specials is not looked at */
    size_t n_choices;
};
struct template;

/* t gives the chat format; borrowed during the call. */
int template_open(struct template **p, const char *name, const struct tok *t,
                  struct err *e) MUST_CHECK;
void template_close(struct template **p);
/* Parts of the rendered text, for tok_encode_parts: special tokens count in
 * the template's own text and never in the prompt or the choices. They borrow
 * from p (until the next call) and from the input. Gives their number. */
int template_render(struct template *p, const struct template_input *in,
                    struct tok_part part[TEMPLATE_PARTS], struct err *e)
    MUST_CHECK;
/* `none`: the prompt stays what it is. */
int template_is_none(const struct template *p);
/* The model's own chat format says itself what a text begins with. */
int template_is_chat(const struct template *p);
/* What determines the rendered text: the name, a file's digest. */
const char *template_identity(const struct template *p);

#endif
