/* start - what the ways to start ranks share */
#include "start.h"
#include <fcntl.h>
#include <unistd.h>

static int to_null(int fd, int flags)
{
    int null = open("/dev/null", flags);

    if (null < 0)
        return -1;
    if (null != fd) {
        dup2(null, fd);
        close(null);
    }
    return 0;
}

void start_leave_streams(void)
{
    (void)!to_null(STDIN_FILENO, O_RDONLY);
    (void)!to_null(STDOUT_FILENO, O_WRONLY);
}
