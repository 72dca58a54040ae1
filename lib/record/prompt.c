/* prompt - what a prompt row must have */
#include <stdlib.h>
#include <string.h>
#include "../base/hash.h"
#include "prompt.h"

static int is(const struct rec_str *s, const char *word)
{
    return s->n == strlen(word) && !memcmp(s->s, word, s->n);
}

static int not_empty(struct rec *r, const char *field, struct rec_str *out,
                     struct err *e)
{
    int x = rec_need_str(r, field, out, e);

    if (!x && !out->n)
        return rec_bad(r, e, "%s is empty", field);
    return x;
}

static int check_choice(struct rec *r, const struct rec_str *answer,
                        struct err *e)
{
    const struct rec_str *v = NULL;
    size_t n = 0;
    int x = rec_get_strs(r, "choices", &v, &n, e);

    if (x < 0)
        return x;
    if (!x)
        return rec_bad(r, e, "choices is missing (verifier is choice)");
    if (n < 1 || n > 26)
        return rec_bad(r, e, "choices: found %zu, expected 1 to 26", n);
    if (answer->n != 1 || answer->s[0] < 'A' ||
        (size_t)(answer->s[0] - 'A') >= n)
        return rec_bad(r, e,
                       "answer: found '%.40s', expected a letter from "
                       "A to %c",
                       answer->s, (int)('A' + n - 1));
    return 0;
}

int prompt_check(struct rec *r, struct err *e)
{
    struct rec_str id, prompt, answer, verifier, s = {"", 0};
    int x;

    if ((x = not_empty(r, "id", &id, e)) < 0 ||
        (x = not_empty(r, "prompt", &prompt, e)) < 0 ||
        (x = rec_need_str(r, "answer", &answer, e)) < 0 ||
        (x = rec_need_str(r, "verifier", &verifier, e)) < 0 ||
        (x = rec_get_str(r, "task", &s, e)) < 0)
        return x;
    if (is(&verifier, "choice"))
        return check_choice(r, &answer, e);
    if (is(&verifier, "code")) {
        if ((x = not_empty(r, "entry_point", &s, e)) < 0)
            return x;
        return not_empty(r, "test", &s, e);
    }
    if (!is(&verifier, "math"))
        return rec_bad(r, e,
                       "verifier: found '%.40s', expected math, choice "
                       "or code",
                       verifier.s);
    if (!answer.n)
        return rec_bad(r, e, "answer is empty");
    return 0;
}

/* Open addressing over the ids' 64-bit hashes; the ids themselves are kept,
 * because two of them may share one. */
struct prompt_ids {
    char **id;
    size_t *n_id;
    size_t n, size; /* size: a power of two */
};

struct prompt_ids *prompt_ids_open(void)
{
    struct prompt_ids *s = xcalloc(1, sizeof *s);

    s->size = 1024;
    s->id = xcalloc(s->size, sizeof *s->id);
    s->n_id = xcalloc(s->size, sizeof *s->n_id);
    return s;
}

void prompt_ids_close(struct prompt_ids **s)
{
    if (!*s)
        return;
    for (size_t i = 0; i < (*s)->size; i++)
        free((*s)->id[i]);
    free((*s)->id);
    free((*s)->n_id);
    free(*s);
    *s = NULL;
}

static size_t place(const struct prompt_ids *s, const char *id, size_t n)
{
    size_t i = (size_t)hash_bytes(id, n) & (s->size - 1);

    while (s->id[i] && (s->n_id[i] != n || memcmp(s->id[i], id, n)))
        i = (i + 1) & (s->size - 1);
    return i;
}

static void grow(struct prompt_ids *s)
{
    struct prompt_ids old = *s;

    s->size *= 2;
    s->id = xcalloc(s->size, sizeof *s->id);
    s->n_id = xcalloc(s->size, sizeof *s->n_id);
    for (size_t i = 0; i < old.size; i++)
        if (old.id[i]) {
            size_t to = place(s, old.id[i], old.n_id[i]);

            s->id[to] = old.id[i];
            s->n_id[to] = old.n_id[i];
        }
    free(old.id);
    free(old.n_id);
}

int prompt_ids_add(struct prompt_ids *s, struct rec *r, struct err *e)
{
    struct rec_str id;
    size_t i;
    int x = rec_need_str(r, "id", &id, e);

    if (x < 0)
        return x;
    if (2 * s->n >= s->size)
        grow(s);
    i = place(s, id.s, id.n);
    if (s->id[i])
        return rec_bad(r, e, "id: '%.80s' was seen before", id.s);
    s->id[i] = memcpy(xmalloc(id.n + 1), id.s, id.n + 1);
    s->n_id[i] = id.n;
    s->n++;
    return 0;
}
