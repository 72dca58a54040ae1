/* cudasim - what a test may set in the simulator, and ask of it */
#ifndef ULP_CUDASIM_H
#define ULP_CUDASIM_H
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#include "../../kernels/kernels.h"

enum cudasim_order {
    CUDASIM_FORWARD, /* blocks and threads ascending */
    CUDASIM_REVERSE,
    CUDASIM_RANDOM   /* by the seed, anew after each barrier */
};
void cudasim_set_order(enum cudasim_order o, uint64_t seed);
/* The devices there are (default 1) and the driver (default 13000; 0 = none),
 * as a machine without them shows. */
void cudasim_set_devices(int n, int driver);
/* Bytes of device memory (default 1 GiB, the most). The environment says it
 * and that there is no device too: CUDASIM_MEMORY, CUDASIM_DEVICES=0. */
void cudasim_set_memory(size_t bytes);
/* Bytes in use now. */
size_t cudasim_in_use(void);
/* Copies from and to the host since the program began. */
size_t cudasim_copies(void);

#ifdef __cplusplus
}
#endif
#endif
