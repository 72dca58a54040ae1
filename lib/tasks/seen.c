/* seen - an open-addressing set of 64-bit hashes of normal forms */
#include "seen.h"
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "../base/arena.h"
#include "../base/buf.h"
#include "../base/hash.h"

struct entry {
    uint64_t problem, answer; /* problem 0: empty */
};

struct seen {
    struct entry *slot;
    size_t cap, n; /* cap is a power of two */
};

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

static int is_word(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80;
}

static int is_dropped(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '$' ||
           c == '~' || c == '"';
}

/* A "." or its kin that ends a sentence or a part of one; in "(1, 2)" it
 * stands between digits, as in "(1,2)". */
static int is_sentence_mark(const char *s, char last)
{
    const char *next = s + 1;

    if ((*s != '.' && *s != ',' && *s != ';' && *s != ':' && *s != '?') ||
        is_word(*next))
        return 0;
    while (is_dropped(*next))
        next++;
    return !isdigit((unsigned char)last) || !isdigit((unsigned char)*next);
}

/* The form that repeats share. */
static void put_exact(struct buf *b, const char *s)
{
    char *to = buf_room(b, 2 * strlen(s)), last = 0;
    int space = 0;

    for (; *s; s++) {
        if (is_dropped(*s)) {
            space = 1;
        } else if (!is_sentence_mark(s, last)) {
            if (space && isdigit((unsigned char)last) &&
                isdigit((unsigned char)*s))
                *to++ = ' ';
            space = 0;
            *to++ = last = lower(*s);
        }
    }
    b->n = (size_t)(to - b->p);
}

/* The form that a problem shares with one of an evaluation set. */
static void put_loose(struct buf *b, const char *s)
{
    char *to = buf_room(b, strlen(s));

    for (; *s; s++)
        if (!strchr(" \t\r\n.,;:!?'\"$~", *s))
            *to++ = lower(*s);
    b->n = (size_t)(to - b->p);
}

typedef void put_form(struct buf *b, const char *s);

static uint64_t hash_of(struct buf *b)
{
    uint64_t h = hash_bytes(b->p, b->n);

    buf_free(b);
    return h ? h : 1;
}

static uint64_t hash_text(const char *s, put_form *put)
{
    struct buf b = {0};

    put(&b, s);
    return hash_of(&b);
}

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* The choices in any order: their hashes, sorted. */
static void put_choices(struct buf *b, const json_t *choices, put_form *put)
{
    size_t n = json_array_size(choices), i;
    uint64_t *h = xcalloc(n + 1, sizeof *h);
    json_t *c;

    json_array_foreach(choices, i, c)
        h[i] = json_is_string(c) ? hash_text(json_string_value(c), put) : 0;
    qsort(h, n, sizeof *h, ascending);
    buf_put(b, h, n * sizeof *h);
    free(h);
}

/* Parts are kept apart by a NUL, which no part holds. */
static uint64_t problem_hash(const json_t *row, put_form *put)
{
    const char *prompt = json_string_value(json_object_get(row, "prompt"));
    struct buf b = {0};
    size_t i;
    json_t *m;

    put(&b, prompt ? prompt : "");
    buf_put(&b, "", 1);
    put_choices(&b, json_object_get(row, "choices"), put);
    json_array_foreach(json_object_get(row, "history"), i, m) {
        const char *s = json_string_value(json_object_get(m, "content"));

        buf_put(&b, "", 1);
        put(&b, s ? s : "");
    }
    return hash_of(&b);
}

/* A letter stands for its choice, which may be elsewhere in a repeat. */
static uint64_t answer_hash(const json_t *row)
{
    const char *s = json_string_value(json_object_get(row, "answer"));
    const json_t *choices = json_object_get(row, "choices");
    const char *choice = NULL;

    if (s && json_array_size(choices) && *s >= 'A' && !s[1])
        choice = json_string_value(json_array_get(choices, (size_t)(*s - 'A')));
    return choice ? hash_text(choice, put_exact)
                  : hash_bytes(s ? s : "", s ? strlen(s) : 0);
}

struct seen *seen_open(void)
{
    struct seen *s = xcalloc(1, sizeof *s);

    s->cap = 1024;
    s->slot = xcalloc(s->cap, sizeof *s->slot);
    return s;
}

void seen_close(struct seen **s)
{
    if (*s)
        free((*s)->slot);
    free(*s);
    *s = NULL;
}

static struct entry *find(const struct seen *s, uint64_t h)
{
    size_t i = (size_t)h & (s->cap - 1);

    while (s->slot[i].problem && s->slot[i].problem != h)
        i = (i + 1) & (s->cap - 1);
    return &s->slot[i];
}

static void grow(struct seen *s)
{
    struct entry *old = s->slot;
    size_t n = s->cap;

    s->cap *= 2;
    s->slot = xcalloc(s->cap, sizeof *s->slot);
    for (size_t i = 0; i < n; i++)
        if (old[i].problem)
            *find(s, old[i].problem) = old[i];
    free(old);
}

static int add(struct seen *s, uint64_t problem, uint64_t answer)
{
    struct entry *at;

    if (2 * s->n >= s->cap)
        grow(s);
    at = find(s, problem);
    if (at->problem)
        return at->answer == answer ? 1 : 2;
    *at = (struct entry){problem, answer};
    s->n++;
    return 0;
}

int seen_add(struct seen *s, const json_t *row)
{
    return add(s, problem_hash(row, put_exact), answer_hash(row));
}

int seen_add_prompt(struct seen *s, const char *prompt)
{
    return add(s, hash_text(prompt, put_loose), 0) != 0;
}

/* ---- evaluation sets ----------------------------------------------------- */

/* Beside a problem with choices its prompt stands alone, for problems that
 * have none; a problem without choices stands for all with its prompt. */
enum { WITH_CHOICES = 1, WITHOUT_CHOICES };

static uint64_t prompt_hash(const json_t *row)
{
    const char *prompt = json_string_value(json_object_get(row, "prompt"));

    return hash_text(prompt ? prompt : "", put_loose);
}

static int has_choices(const json_t *row)
{
    return json_array_size(json_object_get(row, "choices")) > 0;
}

void seen_exclude(struct seen *s, const json_t *row)
{
    uint64_t prompt = prompt_hash(row);

    if (has_choices(row))
        (void)add(s, problem_hash(row, put_loose), 0);
    if (add(s, prompt, has_choices(row) ? WITH_CHOICES : WITHOUT_CHOICES) &&
        !has_choices(row))
        find(s, prompt)->answer = WITHOUT_CHOICES;
}

int seen_is_excluded(const struct seen *s, const json_t *row)
{
    const struct entry *prompt = find(s, prompt_hash(row));

    if (!prompt->problem)
        return 0;
    return !has_choices(row) || prompt->answer == WITHOUT_CHOICES ||
           find(s, problem_hash(row, put_loose))->problem != 0;
}
