/* record - what a task set was prepared from */
#include "record.h"
#include <string.h>
#include "sha256.h"

/* sha256sum escapes a line end or a backslash in a name, and marks the line. */
int record_sum(struct buf *b, const char *path, struct err *e)
{
    char hex[65];
    int r = sha256_file(path, hex, e);

    if (r)
        return r;
    buf_printf(b, "%s%s  ", strpbrk(path, "\\\n\r") ? "\\" : "", hex);
    for (; *path; path++)
        if (*path == '\\')
            buf_puts(b, "\\\\");
        else if (*path == '\n')
            buf_puts(b, "\\n");
        else if (*path == '\r')
            buf_puts(b, "\\r");
        else
            buf_put(b, path, 1);
    buf_puts(b, "\n");
    return 0;
}

static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvw"
                            "xyz0123456789_-+=:,./@%";

static void put_word(struct buf *b, const char *word)
{
    if (*word && word[strspn(word, plain)] == 0) {
        buf_puts(b, word);
        return;
    }
    buf_puts(b, "'");
    for (; *word; word++)
        if (*word == '\'')
            buf_puts(b, "'\\''");
        else if (*word == '\n') /* the command is one line of the record */
            buf_puts(b, "'$'\\n''");
        else
            buf_put(b, word, 1);
    buf_puts(b, "'");
}

void record_command(struct buf *b, char *const *words, int n)
{
    buf_puts(b, "# prepare");
    for (int i = 0; i < n; i++) {
        buf_puts(b, " ");
        put_word(b, words[i]);
    }
    buf_puts(b, "\n");
}

void record_account(struct buf *b, const struct import *im)
{
    struct buf lines = {0};
    const char *at, *end;

    import_account(im, &lines);
    for (at = buf_str(&lines); *at; at = end + 1) {
        end = strchr(at, '\n');
        buf_puts(b, "# ");
        buf_put(b, at, (size_t)(end - at + 1));
    }
    buf_free(&lines);
}
