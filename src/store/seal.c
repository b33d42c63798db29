/* seal.c -- see seal.h. SHA-256 (FIPS 180-4) is OpenSSL's. */
#include "store/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

static const char MAGIC[8] = {'D', 'U', 'N', 'L', 'I', 'N', 'C', 'K'};
enum { PIECE = 1 << 20, DIGEST_AT = 24 };

static void put_le(unsigned char *out, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++) out[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t get_le(const unsigned char *in, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++) value |= (uint64_t)in[i] << (8 * i);
    return value;
}

static void to_hex(const unsigned char digest[SHA256_BYTES], char hex[2 * SHA256_BYTES + 1])
{
    for (int i = 0; i < SHA256_BYTES; i++) snprintf(hex + 2 * i, 3, "%02x", digest[i]);
}

static void fill(unsigned char block[SEAL_BYTES], uint64_t length, const unsigned char digest[SHA256_BYTES])
{
    char hex[2 * SHA256_BYTES + 1];
    to_hex(digest, hex);
    memset(block, 0, SEAL_BYTES);
    memcpy(block, MAGIC, sizeof MAGIC);
    put_le(block + 8, SEAL_FORMAT, 4);
    put_le(block + 12, SEAL_BYTES, 4);
    put_le(block + 16, length, 8);
    memcpy(block + DIGEST_AT, digest, SHA256_BYTES);
    snprintf((char *)block + 64, SEAL_BYTES - 64,
             "\nDunlin checkpoint, an HDF5 file behind this block of %d bytes\nformat %d\nlength %" PRIu64
             "\nsha256 %s\n",
             SEAL_BYTES, SEAL_FORMAT, length, hex);
}

int seal_make(unsigned char block[SEAL_BYTES], const void *data, size_t bytes)
{
    unsigned char digest[SHA256_BYTES];
    if (!EVP_Digest(data, bytes, digest, NULL, EVP_sha256(), NULL)) return error_set("libcrypto has no SHA-256");
    fill(block, bytes, digest);
    return 0;
}

/* Up to n bytes, fewer only at the file's end; < 0 with errno. */
static ssize_t read_up_to(int fd, unsigned char *out, size_t n)
{
    size_t done = 0;
    while (done < n) {
        const ssize_t got = read(fd, out + done, n - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return -1;
        if (got == 0) break;
        done += (size_t)got;
    }
    return (ssize_t)done;
}

/* The digest of all from the present place to the end, and how many bytes that were. */
static int digest_rest(int fd, const char *path, unsigned char digest[SHA256_BYTES], uint64_t *length)
{
    unsigned char *piece = malloc(PIECE);
    EVP_MD_CTX *sha = EVP_MD_CTX_new();
    int rc =
        !piece || !sha || !EVP_DigestInit_ex(sha, EVP_sha256(), NULL) ? error_set("%s: no memory to read it", path) : 0;
    *length = 0;
    while (!rc) {
        const ssize_t n = read_up_to(fd, piece, PIECE);
        if (n < 0) rc = error_set("%s: cannot read: %s", path, strerror(errno));
        if (n <= 0) break;
        *length += (uint64_t)n;
        if (!EVP_DigestUpdate(sha, piece, (size_t)n)) rc = error_set("%s: libcrypto's SHA-256 failed", path);
    }
    if (!rc && !EVP_DigestFinal_ex(sha, digest, NULL)) rc = error_set("%s: libcrypto's SHA-256 failed", path);
    EVP_MD_CTX_free(sha);
    free(piece);
    return rc;
}

/* What the block says of a file of `size` bytes, as far as it is known without reading on. */
static int check_block(const unsigned char block[SEAL_BYTES], ssize_t n, uint64_t size, const char *path)
{
    if (n < 0) return error_set("%s: cannot read: %s", path, strerror(errno));
    if (n < (ssize_t)sizeof MAGIC || memcmp(block, MAGIC, sizeof MAGIC) != 0)
        return error_set("%s: not a checkpoint of Dunlin: it does not begin with DUNLINCK", path);
    if (n < SEAL_BYTES) return error_set("%s: damaged: cut off after %zd bytes", path, n);
    if (get_le(block + 8, 4) != SEAL_FORMAT)
        return error_set("%s: checkpoint format %" PRIu64
                         ", this program reads format %d: damaged, or of another version",
                         path, get_le(block + 8, 4), SEAL_FORMAT);
    if (size - SEAL_BYTES != get_le(block + 16, 8))
        return error_set("%s: damaged: %" PRIu64 " bytes follow its header, %" PRIu64 " were written", path,
                         size - SEAL_BYTES, get_le(block + 16, 8));
    return 0;
}

/* All of it against the digest; 0, or -1 after error_set(). */
static int check_bytes(const unsigned char *bytes, size_t size, const char *path)
{
    unsigned char expected[SEAL_BYTES];
    if (seal_make(expected, bytes + SEAL_BYTES, size - SEAL_BYTES)) return -1;
    if (memcmp(bytes + DIGEST_AT, expected + DIGEST_AT, SHA256_BYTES) != 0)
        return error_set("%s: damaged: its SHA-256 does not match", path);
    if (memcmp(bytes, expected, SEAL_BYTES) != 0) return error_set("%s: damaged: its header was changed", path);
    return 0;
}

/* Whole, malloc'd; NULL after error_set(). Nothing is believed of a size that the file itself does not have. */
static unsigned char *read_whole(int fd, const char *path, size_t *size)
{
    unsigned char block[SEAL_BYTES];
    struct stat st;
    if (fstat(fd, &st)) return error_set("%s: cannot read: %s", path, strerror(errno)), NULL;
    if (!S_ISREG(st.st_mode)) return error_set("%s: not a file", path), NULL;
    const ssize_t n = read_up_to(fd, block, sizeof block);
    if (check_block(block, n, (uint64_t)st.st_size, path)) return NULL;
    *size = (size_t)st.st_size;
    unsigned char *bytes = malloc(*size);
    if (!bytes) return error_set("%s: no memory to read it", path), NULL;
    memcpy(bytes, block, SEAL_BYTES);
    const ssize_t rest = read_up_to(fd, bytes + SEAL_BYTES, *size - SEAL_BYTES);
    if (!check_block(block, rest < 0 ? rest : SEAL_BYTES, SEAL_BYTES + (uint64_t)rest, path) &&
        !check_bytes(bytes, *size, path))
        return bytes;
    free(bytes);
    return NULL;
}

/* O_NONBLOCK: a named pipe must not hold the reader up. */
int file_open(const char *path)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
    if (fd >= 0) return fd;
    return errno == ELOOP ? error_set("%s: is a link, and none is followed from the folder of a run, where others may "
                                      "write: put the file itself there, or name it",
                                      path)
                          : error_set("%s: cannot open: %s", path, strerror(errno));
}

static int make_anew(const char *path)
{
    unlink(path);
    return open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
}

int file_create(const char *path)
{
    const int fd = make_anew(path);
    return fd < 0 ? error_set("%s: cannot create: %s", path, strerror(errno)) : fd;
}

unsigned char *seal_read(const char *path, size_t *size)
{
    const int fd = file_open(path);
    if (fd < 0) return NULL;
    unsigned char *bytes = read_whole(fd, path, size);
    close(fd);
    return bytes;
}

int seal_file_digest(const char *path, char hex[2 * SHA256_BYTES + 1])
{
    unsigned char digest[SHA256_BYTES];
    uint64_t length;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return error_set("%s: cannot open: %s", path, strerror(errno));
    const int rc = digest_rest(fd, path, digest, &length);
    close(fd);
    if (!rc) to_hex(digest, hex);
    return rc;
}

static int write_all(int fd, const unsigned char *data, size_t n)
{
    while (n) {
        const ssize_t done = write(fd, data, n);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return -1;
        data += done;
        n -= (size_t)done;
    }
    return 0;
}

void file_sync_folder(const char *dir)
{
    const int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return;
    fsync(folder); /* some file systems refuse; the file itself is on disk */
    close(folder);
}

int file_replace(const char *dir, const char *name, const struct file_part *parts, int part_count, int to_disk)
{
    char path[4096], fresh[4096 + 8];
    if ((size_t)snprintf(path, sizeof path, "%s/%s", dir, name) >= sizeof path)
        return error_set("%.200s...: the name is too long", path);
    snprintf(fresh, sizeof fresh, "%s/%.*s.new", dir, NAME_MAX - 4, name); /* fits where the name does */
    const int fd = make_anew(fresh);
    if (fd < 0) return error_set("%s: cannot write: %s", path, strerror(errno));
    int failed = 0;
    for (int i = 0; i < part_count && !failed; i++) failed = write_all(fd, parts[i].data, parts[i].bytes);
    if (!failed && to_disk) failed = fsync(fd);
    int why = errno;
    if (close(fd) && !failed) failed = -1, why = errno; /* where NFS tells of a full disk */
    if (!failed && (failed = rename(fresh, path))) why = errno;
    if (failed) {
        unlink(fresh);
        return error_set("%s: cannot write: %s", path, strerror(why));
    }
    if (to_disk) file_sync_folder(dir);
    return 0;
}
