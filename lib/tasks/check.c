/* check - what every prompt row must have */
#include "check.h"
#include <stdint.h>
#include <string.h>
#include "field.h"

static int has_nul(const json_t *v)
{
    const char *s = json_string_value(v), *key;
    json_t *child;
    size_t i;

    if (s)
        return strlen(s) != json_string_length(v);
    if (json_is_array(v)) {
        json_array_foreach(v, i, child)
            if (has_nul(child))
                return 1;
    } else if (json_is_object(v)) {
        json_object_foreach((json_t *)(uintptr_t)v, key, child)
            if (has_nul(child))
                return 1;
    }
    return 0;
}

static const char *choice_fault(const json_t *row, const char *answer)
{
    const json_t *choices = json_object_get(row, "choices"), *c;
    size_t n = json_array_size(choices), i;

    if (n < 1 || n > 26)
        return "not 1 to 26 choices";
    if (strlen(answer) != 1 || answer[0] < 'A' ||
        (size_t)(answer[0] - 'A') >= n)
        return "an answer that is not the letter of a choice";
    json_array_foreach(choices, i, c)
        if (!json_is_string(c))
            return "a choice that is not text";
    c = json_array_get(choices, (size_t)(answer[0] - 'A'));
    return text_is_blank(json_string_value(c), json_string_length(c))
               ? "an empty right choice"
               : NULL;
}

const char *row_fault(const json_t *row)
{
    const json_t *a = json_object_get(row, "answer");
    const char *answer = json_string_value(a);
    const char *verifier = json_string_value(json_object_get(row, "verifier"));

    if (has_nul(row))
        return "a NUL character in a text";
    if (!field_text(row, "prompt"))
        return "an empty problem";
    if (!answer)
        return "an answer that is not text";
    if (verifier && !strcmp(verifier, "code"))
        return field_text(row, "entry_point") && field_text(row, "test")
                   ? NULL
                   : "no entry_point or test";
    if (text_is_blank(answer, strlen(answer)))
        return "an empty answer";
    if (verifier && !strcmp(verifier, "choice"))
        return choice_fault(row, answer);
    return verifier && !strcmp(verifier, "math")
               ? NULL
               : "a verifier other than math, choice and code";
}
