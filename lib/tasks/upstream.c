/* upstream - converters from the authors' formats to prompt rows */
#include "upstream.h"
#include <stdlib.h>
#include <string.h>
#include "boxed.h"
#include "field.h"
#include "messages.h"

/* A new row; takes the reference to answer. A byte order mark in front of the
 * problem is no part of it. */
static json_t *row(const char *prompt, json_t *answer, const char *verifier)
{
    json_t *r = json_object();

    while (!strncmp(prompt, "\xef\xbb\xbf", 3))
        prompt += 3;
    json_object_set_new(r, "prompt", json_string(prompt));
    json_object_set_new(r, "answer", answer);
    json_object_set_new(r, "verifier", json_string(verifier));
    return r;
}

/* The answer is the rest of the line behind the last mark. */
static json_t *gsm8k(struct item *it, const char **why)
{
    const char *q = field_text(it->json, "question");
    const char *a = field_text(it->json, "answer"), *mark = NULL;
    json_t *answer;

    *why = "no question, or no '####' in the answer";
    while (a && (a = strstr(a, "####")))
        mark = a += strspn(a, "#");
    if (!q || !mark)
        return NULL;
    answer = text_trimmed(mark, strcspn(mark, "\r\n"));
    if (json_string_length(answer))
        return row(q, answer, "math");
    json_decref(answer);
    *why = "nothing behind the last '####' of the answer";
    return NULL;
}

static json_t *math(struct item *it, const char **why)
{
    const char *q = field_problem(it->json);
    const char *s = field_text(it->json, "solution");
    const json_t *given = field(it->json, "answer");
    json_t *a = NULL;

    *why = "no problem, or no answer and no \\boxed{} in the solution";
    if (given)
        a = field_answer(it, given, why);
    if (!a && s)
        a = boxed_last(s, why);
    if (q && a)
        return row(q, a, "math");
    if (!q)
        *why = "no problem";
    json_decref(a);
    return NULL;
}

static json_t *competition(struct item *it, const char **why)
{
    const char *q = field_problem(it->json);
    json_t *a = field_answer(it, field(it->json, "answer"), why);

    if (q && a)
        return row(q, a, "math");
    if (!q)
        *why = "no problem";
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
static json_t *mmlu_csv(struct item *it, const char **why)
{
    const char *q = json_string_value(json_array_get(it->json, 0));
    const char *letter = json_string_value(json_array_get(it->json, 5));
    json_t *choices;

    *why = "not six columns ending in A, B, C or D";
    if (json_array_size(it->json) != 6 || !letter || strlen(letter) != 1 ||
        *letter < 'A' || *letter > 'D')
        return NULL;
    choices = json_array();
    for (size_t i = 1; i <= 4; i++)
        json_array_append(choices, json_array_get(it->json, i));
    return choice_row(q, choices, *letter - 'A');
}

/* The place of the right choice from 0: an index, or a letter from A on. */
static int choice_index(const struct item *it, const json_t *answer)
{
    const char *s = item_number_text(it, answer);

    if (s)
        return s[strspn(s, "0123456789")] || strlen(s) > 2 ? -1 : atoi(s);
    s = json_string_value(answer);
    return s && *s >= 'A' && *s <= 'Z' && !s[1] ? *s - 'A' : -1;
}

/* The choices, numbers among them as the text that they are. */
static json_t *choices_of(const struct item *it, const json_t *given)
{
    json_t *choices = json_array(), *c;
    const char *number;
    size_t i;

    json_array_foreach(given, i, c) {
        number = item_number_text(it, c);
        if (number)
            json_array_append_new(choices, json_string(number));
        else
            json_array_append(choices, c);
    }
    return choices;
}

/* The same as objects: {question, choices, answer: index or letter}. */
static json_t *mmlu(struct item *it, const char **why)
{
    const char *q = field_problem(it->json);
    const json_t *given = field(it->json, "choices");
    int i = choice_index(it, field(it->json, "answer"));

    *why = "no question, choices, or answer among them";
    if (!q || i < 0 || (size_t)i >= json_array_size(given) || i > 25)
        return NULL;
    return choice_row(q, choices_of(it, given), i);
}

static json_t *humaneval(struct item *it, const char **why)
{
    static const char *const keys[] = {"entry_point", "test",
                                       "canonical_solution"};
    const char *q = field_text(it->json, "prompt"), *s;
    json_t *r;

    *why = "no prompt, entry_point or test";
    if (!q || !field_text(it->json, "entry_point") ||
        !field_text(it->json, "test"))
        return NULL;
    r = row(q, json_string(""), "code");
    for (int i = 0; i < 3; i++)
        if ((s = field_text(it->json, keys[i])))
            json_object_set_new(r, keys[i], json_string(s));
    return r;
}

/* The problem without DAPO's instruction around it; a template puts one back
 * at tokenize. */
static json_t *dapo_problem(const char *q)
{
    static const char head[] =
        "Solve the following math problem step by step. The last line of your "
        "response should be of the form Answer: $Answer (without quotes) "
        "where $Answer is the answer to the problem.\n\n";
    static const char tail[] =
        "\n\nRemember to put your answer on its own line after \"Answer:\".";
    size_t n;

    while (!strncmp(q, "\xef\xbb\xbf", 3))
        q += 3;
    if (!strncmp(q, head, strlen(head)))
        q += strlen(head);
    n = strlen(q);
    if (n > strlen(tail) && !strcmp(q + n - strlen(tail), tail))
        n -= strlen(tail);
    return json_stringn(q, n);
}

/* DAPO-Math-17k, and other sets in the form that verl reads. */
static json_t *dapo(struct item *it, const char **why)
{
    const json_t *p = field(it->json, "prompt");
    const json_t *gold = field(field(it->json, "reward_model"), "ground_truth");
    struct messages m = {field_text(it->json, "prompt"), NULL, NULL};
    json_t *a, *r;

    *why = "no prompt";
    if (json_is_array(p) ? messages_read(&m, p, why) : !m.prompt)
        return NULL;
    a = field_answer(it, gold ? gold : field(it->json, "solution"), why);
    if (!a) {
        if (!strcmp(*why, "no answer"))
            *why = "no prompt or no ground truth";
        json_decref(m.history);
        return NULL;
    }
    r = row("", a, "math");
    json_object_set_new(r, "prompt", dapo_problem(m.prompt));
    if (m.system)
        json_object_set_new(r, "system", json_string(m.system));
    if (m.history)
        json_object_set_new(r, "history", m.history);
    return r;
}

/* Rows that are prompt rows already. */
static json_t *prepared(struct item *it, const char **why)
{
    json_t *r, *answer = json_object_get(it->json, "answer");

    *why = "no prompt";
    if (!field_text(it->json, "prompt"))
        return NULL;
    r = json_copy(it->json);
    json_object_del(r, "id");
    json_object_del(r, "task");
    if (item_number_text(it, answer))
        json_object_set_new(r, "answer", field_answer(it, answer, why));
    return r;
}

#define FIELDS(...)                                                            \
    (const char *const[])                                                      \
    {                                                                          \
        __VA_ARGS__, NULL                                                      \
    }

static const struct upstream formats[] = {
    {"gsm8k", "question, answer ending in '#### N'", 0,
     FIELDS("question", "answer"), gsm8k},
    {"math",
     "MATH or MATH-500, a file a problem or a row a problem: "
     "problem, solution[, answer]",
     0, FIELDS("problem", "question", "prompt", "solution", "answer"), math},
    {"aime", "AIME or AMC: problem or question, answer", 0,
     FIELDS("problem", "question", "prompt", "answer"), competition},
    {"mmlu", "question, choices, answer as index or letter", 0,
     FIELDS("problem", "question", "prompt", "choices", "answer"), mmlu},
    {"mmlu-csv", "csv: question, four choices, letter", 1, NULL, mmlu_csv},
    {"humaneval", "prompt, entry_point, test", 0,
     FIELDS("prompt", "entry_point", "test", "canonical_solution"), humaneval},
    {"dapo", "DAPO-Math-17k, and verl's form: prompt, reward_model", 0,
     FIELDS("prompt", "reward_model", "solution"), dapo},
    {"prepared", "rows that prepare has written", 0, NULL, prepared},
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
