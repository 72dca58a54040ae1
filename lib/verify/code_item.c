/* code_item - the texts of an item; see code_item.h */
#include "code_item.h"
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "code_judge.h"

void code_item_free(struct code_item *i)
{
    free((void *)(uintptr_t)i->prompt);
    free((void *)(uintptr_t)i->response);
    free((void *)(uintptr_t)i->test);
    free((void *)(uintptr_t)i->entry_point);
    *i = (struct code_item){0};
}

int code_item_check(const struct code_item *i, struct err *e)
{
    const char *c = i->entry_point;

    if (!c || !*c || isdigit((unsigned char)*c))
        return err_set(e, ERR_DATA, "entry_point is no name of a function");
    for (; *c; c++)
        if (!isalnum((unsigned char)*c) && *c != '_' && (unsigned char)*c < 128)
            return err_set(e, ERR_DATA,
                           "entry_point '%.60s' is no name of "
                           "a function",
                           i->entry_point);
    if (i->n_prompt > CODE_MAX_TEXT || i->n_test > CODE_MAX_TEXT)
        return err_set(e, ERR_DATA, "a prompt or test of more than %d bytes",
                       CODE_MAX_TEXT);
    return 0;
}

static char *copy(const char *s, size_t n)
{
    char *c = xmalloc(n + 1);

    memcpy(c, s ? s : "", n);
    c[n] = 0;
    return c;
}

static int same_text(const char *a, size_t n, const char *b, size_t m)
{
    return n == m && (!n || !memcmp(a, b, n));
}

int code_item_same(const struct code_item *a, const struct code_item *b)
{
    return a->entry_point && !strcmp(a->entry_point, b->entry_point) &&
           same_text(a->prompt, a->n_prompt, b->prompt, b->n_prompt) &&
           same_text(a->response, a->n_response, b->response, b->n_response) &&
           same_text(a->test, a->n_test, b->test, b->n_test);
}

struct code_item code_item_copy(const struct code_item *item)
{
    struct code_item i = *item;

    i.prompt = copy(item->prompt, item->n_prompt);
    if (i.n_response > CODE_MAX_TEXT) /* judge() says so; no need of it */
        i.n_response = CODE_MAX_TEXT + 1;
    i.response = copy(item->response, i.n_response);
    i.test = copy(item->test, item->n_test);
    i.entry_point = xstrdup(item->entry_point);
    return i;
}
