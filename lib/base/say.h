/* say - the stream of messages to the user
 *
 * Standard error. In a rank that a launcher started it is the standard error of the
 * process that started the launcher, while the rank's own standard error stays the
 * launcher's: MPI libraries write there too, such as "Connection reset by peer"
 * when another rank has died, and must not be read beside the program's one
 * line.
 */
#ifndef ULP_BASE_SAY_H
#define ULP_BASE_SAY_H
#include <stdio.h>

FILE *say_to(void); /* unbuffered, never NULL, not to be closed */
/* Messages go to fd from now on. Takes fd over; where it cannot be a stream it is closed, and
 * nothing changes. Not beside threads that say something. */
void say_through(int fd);

#endif
