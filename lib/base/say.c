/* say - the stream of messages to the user */
#include "say.h"
#include <unistd.h>

static FILE *other; /* NULL: standard error */

FILE *say_to(void)
{
    return other ? other : stderr;
}

void say_through(int fd)
{
    FILE *f = fdopen(fd, "w");

    if (!f) {
        close(fd);
        return;
    }
    setvbuf(f, NULL, _IONBF, 0);
    if (other)
        fclose(other);
    other = f;
}
