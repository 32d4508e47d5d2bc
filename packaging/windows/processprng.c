/* wine 8 lacks bcryptprimitives.dll, from which Rust's standard library takes its random bytes. Only for the check under wine. */
#include <stddef.h>
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID buffer, ULONG length);

__declspec(dllexport) BOOL WINAPI ProcessPrng(PBYTE buffer, SIZE_T length) {
    return SystemFunction036(buffer, (ULONG)length);
}
