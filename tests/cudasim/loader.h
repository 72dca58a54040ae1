/* loader - the libraries that the simulator's dlopen knows */
#ifndef ULP_CUDASIM_LOADER_H
#define ULP_CUDASIM_LOADER_H

int cudasim_has_cublas(void);
void *cudasim_cublas_symbol(const char *name);
int cudasim_has_nccl(void);
void *cudasim_nccl_symbol(const char *name);

#endif
