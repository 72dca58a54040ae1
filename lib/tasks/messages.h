/* messages - a prompt given as a list of chat messages
 *
 * The last message is the problem, and it is the user's. A system message in
 * front and the turns between stay beside the problem, each in a field of its
 * own: they are never taken for it, and never lost.
 */
#ifndef ULP_TASKS_MESSAGES_H
#define ULP_TASKS_MESSAGES_H
#include <jansson.h>

struct messages {
    const char *prompt; /* borrowed from the list */
    const char *system; /* borrowed; NULL when there is none */
    json_t *history;    /* earlier turns {role, content}, the caller's to
                         * json_decref; NULL when there are none */
};

/* 0; -1 and *why set when the list cannot be read so. */
int messages_read(struct messages *m, const json_t *list, const char **why);

#endif
