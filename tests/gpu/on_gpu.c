/* on_gpu - the simulator's controls, where there is a device; see on_gpu.h */
#include "../cudasim/cublas.h"
#include "../cudasim/cudasim.h"

struct cudasim_cublas cudasim_cublas;

void cudasim_set_order(enum cudasim_order o, uint64_t seed)
{
    (void)o;
    (void)seed;
}

void cudasim_set_devices(int n, int driver)
{
    (void)n;
    (void)driver;
}

void cudasim_set_memory(size_t bytes)
{
    (void)bytes;
}

size_t cudasim_copies(void);
size_t cudasim_copies(void)
{
    return 0;
}

size_t cudasim_in_use(void)
{
    return 0;
}
