/* upstream - converters from the authors' formats to prompt rows */
#include "upstream.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *str(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s && *s ? s : NULL;
}

/* The first of several names that the field goes by. */
static const char *problem_of(const json_t *raw)
{
    const char *p = str(raw, "problem");

    if (!p)
        p = str(raw, "question");
    return p ? p : str(raw, "prompt");
}

static json_t *row(const char *prompt, json_t *answer, const char *verifier)
{
    json_t *r = json_object();

    json_object_set_new(r, "prompt", json_string(prompt));
    json_object_set_new(r, "answer", answer);
    json_object_set_new(r, "verifier", json_string(verifier));
    return r;
}

/* Outer white space cut. */
static json_t *trimmed(const char *s, size_t n)
{
    while (n && strchr(" \t\r\n", *s))
        s++, n--;
    while (n && strchr(" \t\r\n", s[n - 1]))
        n--;
    return json_stringn(s, n);
}

/* Answers come as text, as whole numbers, and (amc23) as 27.0. */
static json_t *answer_text(const json_t *v)
{
    char buf[64];
    double d;

    if (json_is_string(v) && json_string_length(v))
        return json_string(json_string_value(v));
    if (!json_is_number(v))
        return NULL;
    d = json_number_value(v);
    if (d == floor(d) && fabs(d) < 1e15)
        snprintf(buf, sizeof buf, "%.0f", d);
    else
        snprintf(buf, sizeof buf, "%.15g", d);
    return json_string(buf);
}

static json_t *gsm8k(const json_t *raw, const char **why)
{
    const char *q = str(raw, "question"), *a = str(raw, "answer"), *mark;

    *why = "no question, or no '####' in the answer";
    if (!q || !a || !(mark = strstr(a, "#### ")))
        return NULL;
    return row(q, trimmed(mark + 5, strlen(mark + 5)), "math");
}

/* Content of the last \boxed{} (or "\boxed 7") with balanced braces. */
static json_t *last_boxed(const char *s)
{
    const char *at = NULL, *p = s, *end;
    int depth = 0;

    while ((p = strstr(p, "\\boxed")))
        at = p++;
    if (!at && (at = strstr(s, "\\fbox")))
        at--; /* same length as "\boxed" less one */
    if (!at)
        return NULL;
    at += strlen("\\boxed");
    if (*at != '{') {
        while (*at == ' ')
            at++;
        end = at + strcspn(at, " $.,");
        return end > at ? trimmed(at, (size_t)(end - at)) : NULL;
    }
    for (end = at; *end; end++) {
        if (*end == '\\' && end[1])
            end++;
        else if (*end == '{')
            depth++;
        else if (*end == '}' && --depth == 0)
            return trimmed(at + 1, (size_t)(end - at - 1));
    }
    return NULL;
}

static json_t *math(const json_t *raw, const char **why)
{
    const char *q = problem_of(raw), *s = str(raw, "solution");
    json_t *a = answer_text(json_object_get(raw, "answer"));

    *why = "no problem, or no answer and no \\boxed{} in the solution";
    if (!a && s)
        a = last_boxed(s);
    if (q && a)
        return row(q, a, "math");
    json_decref(a);
    return NULL;
}

static json_t *competition(const json_t *raw, const char **why)
{
    const char *q = problem_of(raw);
    json_t *a = answer_text(json_object_get(raw, "answer"));

    *why = "no problem or no answer";
    if (q && a)
        return row(q, a, "math");
    json_decref(a);
    return NULL;
}

static json_t *choice_row(const char *q, json_t *choices, int right)
{
    char letter[2] = {(char)('A' + right), 0};
    json_t *r = row(q, json_string(letter), "choice");

    json_object_set_new(r, "choices", choices);
    return r;
}

/* CSV of hendrycks/test: question, four choices, the right letter. */
static json_t *mmlu_csv(const json_t *raw, const char **why)
{
    const char *letter = json_string_value(json_array_get(raw, 5));
    json_t *choices;

    *why = "not six columns ending in A, B, C or D";
    if (json_array_size(raw) != 6 || !letter || strlen(letter) != 1 ||
        *letter < 'A' || *letter > 'D')
        return NULL;
    choices = json_array();
    for (size_t i = 1; i <= 4; i++)
        json_array_append(choices, json_array_get(raw, i));
    return choice_row(json_string_value(json_array_get(raw, 0)), choices,
                      *letter - 'A');
}

/* The same as objects: {question, choices, answer: index or letter}. */
static json_t *mmlu(const json_t *raw, const char **why)
{
    const char *q = problem_of(raw), *l = str(raw, "answer");
    json_t *c = json_object_get(raw, "choices");
    const json_t *a = json_object_get(raw, "answer");
    json_int_t i = json_is_integer(a) ? json_integer_value(a)
                   : l && !l[1]       ? *l - 'A'
                                      : -1;

    *why = "no question, choices, or answer among them";
    if (!q || i < 0 || (size_t)i >= json_array_size(c) || i > 25)
        return NULL;
    return choice_row(q, json_incref(c), (int)i);
}

static json_t *humaneval(const json_t *raw, const char **why)
{
    static const char *const keys[] = {"entry_point", "test",
                                       "canonical_solution"};
    const char *q = str(raw, "prompt");
    json_t *r;

    *why = "no prompt, entry_point or test";
    if (!q || !str(raw, "entry_point") || !str(raw, "test"))
        return NULL;
    r = row(q, json_string(""), "code");
    for (int i = 0; i < 3; i++)
        if (str(raw, keys[i]))
            json_object_set_new(r, keys[i], json_string(str(raw, keys[i])));
    return r;
}

/* DAPO-Math-17k: the instruction round the problem is cut; a template puts one
 * back at tokenize. */
static json_t *dapo(const json_t *raw, const char **why)
{
    static const char head[] =
        "Solve the following math problem step by step. The last line of your "
        "response should be of the form Answer: $Answer (without quotes) "
        "where $Answer is the answer to the problem.\n\n";
    static const char tail[] =
        "\n\nRemember to put your answer on its own line after \"Answer:\".";
    const json_t *p = json_object_get(raw, "prompt");
    const char *q = json_is_array(p) ? str(json_array_get(p, 0), "content")
                                     : json_string_value(p);
    json_t *a = answer_text(
        json_object_get(json_object_get(raw, "reward_model"), "ground_truth"));
    json_t *r;
    size_t n;

    *why = "no prompt or no ground truth";
    if (!a)
        a = answer_text(json_object_get(raw, "solution"));
    if (!q || !a) {
        json_decref(a);
        return NULL;
    }
    if (!strncmp(q, head, strlen(head)))
        q += strlen(head);
    n = strlen(q);
    if (n > strlen(tail) && !strcmp(q + n - strlen(tail), tail))
        n -= strlen(tail);
    r = row("", a, "math");
    json_object_set_new(r, "prompt", json_stringn(q, n));
    return r;
}

/* Rows that are prompt rows already. */
static json_t *prepared(const json_t *raw, const char **why)
{
    json_t *r;

    *why = "no prompt";
    if (!str(raw, "prompt"))
        return NULL;
    r = json_copy((json_t *)(size_t)raw);
    json_object_del(r, "id");
    json_object_del(r, "task");
    return r;
}

static const struct upstream formats[] = {
    {"gsm8k", "jsonl: question, answer ending in '#### N'", 0, gsm8k},
    {"math", "MATH or MATH-500, a json file a problem or jsonl: problem, "
             "solution[, answer]", 0, math},
    {"aime", "AIME or AMC jsonl: problem or question, answer", 0, competition},
    {"mmlu", "jsonl: question, choices, answer as index or letter", 0, mmlu},
    {"mmlu-csv", "csv: question, four choices, letter", 1, mmlu_csv},
    {"humaneval", "jsonl[.gz]: prompt, entry_point, test", 0, humaneval},
    {"dapo", "DAPO-Math-17k rows as jsonl: prompt, reward_model", 0, dapo},
    {"prepared", "rows that prepare has written", 0, prepared},
};

const struct upstream *upstream_list(int *n)
{
    *n = (int)(sizeof formats / sizeof formats[0]);
    return formats;
}

const struct upstream *upstream_find(const char *name)
{
    int n;
    const struct upstream *u = upstream_list(&n);

    for (int i = 0; i < n; i++)
        if (!strcmp(u[i].name, name))
            return &u[i];
    return NULL;
}
