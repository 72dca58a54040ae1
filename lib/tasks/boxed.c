/* boxed - the last \boxed or \fbox of a solution */
#include "boxed.h"
#include <ctype.h>
#include <string.h>
#include "field.h"

/* What stands behind a box macro that begins at s; NULL when none does: a
 * longer name (\boxedtext) is another macro. */
static const char *behind_macro(const char *s)
{
    static const char *const names[] = {"\\boxed", "\\fbox"};

    for (int i = 0; i < 2; i++) {
        size_t n = strlen(names[i]);

        if (!strncmp(s, names[i], n) && !isalpha((unsigned char)s[n]))
            return s + n;
    }
    return NULL;
}

static const char *last_box(const char *s)
{
    const char *at = NULL, *behind;

    for (; (s = strchr(s, '\\')); s++) {
        behind = behind_macro(s);
        if (behind)
            at = behind;
    }
    return at;
}

static const char *skip_space(const char *s)
{
    return s + strspn(s, " \t\r\n");
}

/* The brace that closes the one at s; NULL when none does. */
static const char *closing(const char *s)
{
    int depth = 0;

    for (; *s; s++) {
        if (*s == '\\' && s[1])
            s++;
        else if (*s == '{')
            depth++;
        else if (*s == '}' && --depth == 0)
            return s;
    }
    return NULL;
}

/* The end of a box without braces. Space ends it, but not between a macro or
 * a sign and what it applies to. */
static const char *loose_end(const char *s)
{
    const char *next;

    while (*s && *s != '$' && *s != '}') {
        if (*s == '\\' && (s[1] == ')' || s[1] == ']' || s[1] == '\\'))
            break;
        if (*s == '\\' && isalpha((unsigned char)s[1])) {
            for (s++; isalpha((unsigned char)*s); s++)
                ;
            next = skip_space(s);
            s = *next == '{' || isalnum((unsigned char)*next) ? next : s;
        } else if (*s == '\\' && s[1]) {
            s += 2;
        } else if (*s == '{') {
            next = closing(s);
            if (!next)
                return NULL;
            s = skip_space(next + 1);
            s = *s == '{' ? s : next + 1;
        } else if (strchr("+-", *s)) {
            s = skip_space(s + 1);
        } else if (strchr(" \t\r\n", *s)) {
            break;
        } else {
            s++;
        }
    }
    return s;
}

json_t *boxed_last(const char *solution, const char **why)
{
    const char *at = last_box(solution), *end;

    *why = "no \\boxed{} in the solution";
    if (!at)
        return NULL;
    *why = "the last box of the solution does not end";
    at = skip_space(at);
    if (*at == '{') {
        end = closing(at++);
    } else {
        end = loose_end(at);
        while (end && end > at && strchr(".,;:!?", end[-1]))
            end--;
    }
    if (!end)
        return NULL;
    *why = "the last box of the solution is empty";
    return text_is_blank(at, (size_t)(end - at))
               ? NULL
               : text_trimmed(at, (size_t)(end - at));
}
