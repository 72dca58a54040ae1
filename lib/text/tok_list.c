/* tok_list - "2,<|im_end|>": tokens as ids and texts */
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "tok.h"

/* The id that s is or names, or -1; opens *t to look a text up. */
static int one(struct tok **t, const char *dir, const char *s, long *id,
               struct err *e)
{
    char *end;
    int r = 0;

    *id = strtol(s, &end, 10);
    if (!*end && *id >= 0 && *id <= INT32_MAX)
        return 0;
    if (!*t)
        r = tok_open(t, dir, e);
    *id = r ? -1 : tok_id(*t, s);
    return r;
}

int tok_list(const char *dir, const char *text, const char *what, int32_t *ids,
             int cap, struct err *e)
{
    char *copy = xstrdup(text), *save = NULL;
    struct tok *t = NULL;
    int n = 0, r = 0;

    for (char *s = strtok_r(copy, ",", &save); s && !r;
         s = strtok_r(NULL, ",", &save)) {
        long id;

        r = one(&t, dir, s, &id, e);
        if (!r && id < 0)
            r = err_set(e, ERR_USAGE, "%s: no token is '%s'", what, s);
        else if (!r && n == cap)
            r = err_set(e, ERR_USAGE, "%s: too many, at '%s'", what, s);
        else if (!r)
            ids[n++] = (int32_t)id;
    }
    tok_close(&t);
    free(copy);
    return r ? r : n;
}
