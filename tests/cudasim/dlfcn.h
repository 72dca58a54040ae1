/* dlfcn - the simulator's loader: it knows the cuBLASLt of cublasLt.cc and the
 * NCCL of nccl.cc by their plain names; nothing else is to be had */
#ifndef ULP_CUDASIM_DLFCN_H
#define ULP_CUDASIM_DLFCN_H

enum { RTLD_LAZY = 1, RTLD_NOW = 2, RTLD_LOCAL = 0 };

#ifdef __cplusplus
extern "C" {
#endif
void *cudasim_dlopen(const char *file, int how);
void *cudasim_dlsym(void *so, const char *name);
int cudasim_dlclose(void *so);
char *cudasim_dlerror(void);
#ifdef __cplusplus
}
#endif

#define dlopen cudasim_dlopen
#define dlsym cudasim_dlsym
#define dlclose cudasim_dlclose
#define dlerror cudasim_dlerror

#endif
