/* memory - between the simulator's two files */
#ifndef ULP_CUDASIM_MEMORY_H
#define ULP_CUDASIM_MEMORY_H
#include <stddef.h>

void memory_show(int visible);       /* device memory to the running code */
void memory_check(const char *name); /* bytes past an allocation untouched? */
void memory_fail(int error);         /* what cudaGetLastError gives */
int memory_shared_ok(size_t dynamic);
int memory_inside(const void *p, size_t n); /* of one allocation */

#endif
