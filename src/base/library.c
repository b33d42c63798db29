/* library.c -- see library.h. The loader maps a file by what its header says and does not look how long it is: one that
 * was cut, by a full disk or a download that broke off, ends the process by SIGBUS. Read by hand, since libelf would be
 * a dependency for two dozen lines. Source: the System V ABI, chapter 4, by <elf.h>. */
#include "base/library.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes that the segments of a 64-bit library want; 0: the file does not say. */
static uint64_t wanted(int fd)
{
    Elf64_Ehdr head;
    if (pread(fd, &head, sizeof head, 0) != sizeof head || memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 ||
        head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_phentsize != sizeof(Elf64_Phdr))
        return 0;
    uint64_t most = head.e_phoff + (uint64_t)head.e_phnum * sizeof(Elf64_Phdr);
    for (int i = 0; i < head.e_phnum; i++) {
        Elf64_Phdr segment;
        const off_t at = (off_t)(head.e_phoff + (uint64_t)i * sizeof segment);
        if (pread(fd, &segment, sizeof segment, at) != sizeof segment) break;
        if (segment.p_type == PT_LOAD && segment.p_offset + segment.p_filesz > most)
            most = segment.p_offset + segment.p_filesz;
    }
    return most;
}

const char *library_cut(const char *path)
{
    static char why[160];
    struct stat st = {0};
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NULL;
    const uint64_t most = fstat(fd, &st) || !S_ISREG(st.st_mode) ? 0 : wanted(fd);
    close(fd);
    if (most <= (uint64_t)st.st_size) return NULL;
    snprintf(why, sizeof why, "it is cut: its header speaks of %" PRIu64 " bytes, the file has %lld", most,
             (long long)st.st_size);
    return why;
}

void *library_open(const char *path, const char **why)
{
    *why = strchr(path, '/') ? library_cut(path) : NULL;
    void *const library = *why ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library && !*why) *why = dlerror();
    return library;
}
