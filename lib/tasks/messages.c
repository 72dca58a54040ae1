/* messages - a prompt given as a list of chat messages */
#include "messages.h"
#include <string.h>
#include "field.h"

enum role { SYSTEM, USER, ASSISTANT, OTHER };

static enum role role_of(const json_t *message)
{
    const json_t *role = field(message, "role");
    const char *s = json_string_value(role);

    if (!role || (s && !strcmp(s, "user")))
        return USER; /* a message without a role is the problem */
    if (s && (!strcmp(s, "system") || !strcmp(s, "developer")))
        return SYSTEM;
    return s && !strcmp(s, "assistant") ? ASSISTANT : OTHER;
}

/* Text of a message: a string, or a list of one part {type: text, text}. */
static const char *content_of(const json_t *message)
{
    const json_t *c = field(message, "content");
    const json_t *part = json_array_get(c, 0);
    const char *type = json_string_value(field(part, "type"));

    if (json_array_size(c) == 1 && type && !strcmp(type, "text"))
        return field_text(part, "text");
    return field_text(message, "content");
}

static json_t *turn(enum role role, const char *content)
{
    return json_pack("{s:s,s:s}", "role", role == USER ? "user" : "assistant",
                     "content", content);
}

/* Message i of n; 0, or -1 and *why set. */
static int take(struct messages *m, const json_t *message, size_t i, size_t n,
                const char **why)
{
    const char *content = content_of(message);
    enum role role = role_of(message);

    *why = "a message that is not text";
    if (!content)
        return -1;
    *why = "a message of a role other than system, user and assistant";
    if (role == OTHER)
        return -1;
    *why = "a system message that is not the first message";
    if (role == SYSTEM && i > 0)
        return -1;
    *why = "the last message is not the user's";
    if (i + 1 == n && role != USER)
        return -1;
    if (i + 1 == n) {
        m->prompt = content;
    } else if (role == SYSTEM) {
        m->system = content;
    } else {
        if (!m->history)
            m->history = json_array();
        json_array_append_new(m->history, turn(role, content));
    }
    return 0;
}

int messages_read(struct messages *m, const json_t *list, const char **why)
{
    size_t n = json_array_size(list);

    memset(m, 0, sizeof *m);
    *why = "a prompt without messages";
    if (!n)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (take(m, json_array_get(list, i), i, n, why)) {
            json_decref(m->history);
            m->history = NULL;
            return -1;
        }
    return 0;
}
